#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# A reader holds one file, and sees one function, at a time.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

FILE_LINES=500
FUNCTION_LINES=60
COLUMNS_MAX=100

project_files '*.c' '*.h' >"$work/c"
project_files '*.c' '*.h' '*.sh' '*.awk' 'tools/try' 'tools/test' 'tools/fuzz' 'tools/deps' \
  '.ci/run' >"$work/sources"
# shellcheck disable=SC2046 # our file names have no spaces
strip_tree $(cat "$work/c")

while IFS= read -r file; do
  lines=$(wc -l <"$file")
  if [ "$lines" -gt "$FILE_LINES" ]; then
    printf '%s: %d lines, at most %d\n' "$file" "$lines" "$FILE_LINES"
  fi
done <"$work/sources" >"$found"
verdict "no file is longer than $FILE_LINES lines"

while IFS= read -r file; do
  awk -v file="$file" -v max="$COLUMNS_MAX" \
    'length > max { printf "%s:%d: %d columns, at most %d\n", file, FNR, length, max }' "$file"
done <"$work/sources" >"$found"
verdict "no line is wider than $COLUMNS_MAX columns"

# shellcheck disable=SC2046
(cd "$work/code" && awk -v mode=lengths -f "$here/functions.awk" $(cat "$work/c")) \
  >"$work/lengths"
awk -v max="$FUNCTION_LINES" \
  '$4 > max { printf "%s:%d: %s() has %d lines, at most %d\n", $2, $3, $1, $4, max }' \
  "$work/lengths" >"$found"
verdict "no function is longer than $FUNCTION_LINES lines"

# The counter knows bodies by their braces, so there must be no other form of them.
(cd "$work/code" && xargs grep -nE '^[A-Za-z_][^=]*\) *\{' /dev/null <"$work/c") >"$found" || true
grep -E '^(src|sim|tools)/.*\.c$' "$work/c" | while IFS= read -r file; do
  # A file of tables and names only has no body.
  if grep -q '^}$' "$file" && ! grep -q " $file " "$work/lengths"; then
    printf '%s: no function found\n' "$file"
  fi
done >>"$found"
verdict 'the braces of a body stand alone'

finish
