#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Every memory order says in a comment what it pairs with, and stands in the document.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

document=docs/memory-model.md
sites=include/fm/site.h

project_files 'src/*.[ch]' 'include/fm/*.h' >"$work/c"
# shellcheck disable=SC2046 # our file names have no spaces
strip_tree $(cat "$work/c")
# shellcheck disable=SC2046
(cd "$work/code" && awk -v mode=lengths -f "$here/functions.awk" $(cat "$work/c")) \
  >"$work/functions"

# shellcheck disable=SC2046
awk -f "$here/orders.awk" "$work/functions" $(grep -v '^include/fm/atomic\.h$' "$work/c") \
  >"$found"
verdict 'every order has a comment that names its partner'

# The processor's own accesses to page tables are the machine's.
strip_tree sim/mmu.c

# "ID NAME" of each site.
sed -n 's/^ *X(\([A-Z_]*\), "\([a-z._]*\)",.*/\1 \2/p' "$sites" >"$work/sites"
if [ ! -s "$work/sites" ]; then
  printf '%s: no site found\n' "$sites"
fi >"$found"
while read -r id name; do
  if ! (cd "$work/code" && grep -rlw "FM_SITE_$id" src include/fm sim) | grep -qvx "$sites"; then
    printf '%s: site %s is used nowhere\n' "$sites" "$name"
  fi
done <"$work/sites" >>"$found"
verdict 'every site is used'

if [ ! -f "$document" ]; then
  printf '%s is missing\n' "$document" >"$found"
else
  while read -r id name; do
    if ! grep -qF "\`$name\`" "$document"; then
      printf '%s: site %s is missing\n' "$document" "$name"
    fi
  done <"$work/sites" >"$found"
fi
verdict "every site stands in $document"

finish
