#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# A test that is not in tests/meson.build would never run, and nobody would see it.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

list=tests/meson.build
: >"$found"
for file in $(project_files 'tests/*/test_*.c' 'tests/*/*.sh'); do
  case $file in
    */lib.sh | */quotes.sh) continue ;;
    */structure/*) name=$(basename "$file" .sh) ;;
    *) name=${file#tests/} ;;
  esac
  if ! grep -qF "'$name'" "$list"; then
    printf '%s is not in %s\n' "$file" "$list"
  fi
done >>"$found"
verdict 'every test is registered'

for file in $(project_files 'tests/*/test_*.c'); do
  tests=$(grep -c '^START_TEST(' "$file" || true)
  added=$(grep -cE 'tcase_add_[a-z_]*test[a-z_]*\(' "$file" || true)
  if [ "$tests" -eq 0 ]; then
    printf '%s: no test\n' "$file"
  fi
  sed -n 's/^START_TEST(\([a-z0-9_]*\)).*/\1/p' "$file" | while IFS= read -r name; do
    if [ "$(grep -cw "$name" "$file")" -lt 2 ]; then
      printf '%s: test %s is never added (%d tests, %d added)\n' "$file" "$name" "$tests" "$added"
    fi
  done
done >"$found"
verdict 'every test is added to its suite'

finish
