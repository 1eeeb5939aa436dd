# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=sh disable=SC2154 # variables of lib.sh
# For tests that look at documents which quote the program or the source (docs/quote.sh).

# check_quotes LIST: of the documents named in the file, those that are out of date go to
# "$found", with the differences.
check_quotes() {
  quoting=0
  : >"$work/differences"
  while IFS= read -r file; do
    # shellcheck disable=SC2016 # the mark of a block
    grep -qE '^```(console|c [^ ]+ [^ ]+)$' "$file" || continue
    quoting=$((quoting + 1))
    if ! sh docs/quote.sh "$build_root" "$file" >"$work/renewed" 2>"$work/output"; then
      printf '%s: ' "$file"
      cat "$work/output"
    fi
    if ! diff "$file" "$work/renewed" >>"$work/differences"; then
      printf '%s: renew it: docs/quote.sh -i BUILD %s\n' "$file" "$file"
    fi
  done <"$1" >"$found"
  cat "$work/differences" >>"$found"
  [ "$quoting" -gt 0 ] || echo 'no document quotes the program' >>"$found"
}
