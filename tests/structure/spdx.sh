#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Each file says under which licence it stands, in one of its first lines.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

# Files that have no comments, or whose bytes are the point of a test.
exempt() {
  case $1 in
    LICENSE | *.json | *.png | tests/data/* | tests/*.expected | tests/*/corpus/*) true ;;
    *) false ;;
  esac
}

project_files '*' >"$work/list"
while IFS= read -r file; do
  if ! exempt "$file" && ! head -n 4 "$file" | grep -q 'SPDX-License-Identifier: MPL-2\.0'; then
    printf '%s: no line with SPDX-License-Identifier: MPL-2.0 at its start\n' "$file"
  fi
done <"$work/list" >"$found"
verdict 'every file names its licence'

finish
