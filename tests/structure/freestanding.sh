#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# src/ could be put into a kernel: it compiles freestanding, in both builds, and needs
# nothing of its surroundings but what freestanding.allow names.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

compiler=${CC:-cc}

# compile KIND FLAGS: leaves all of src/ as one object in "$work/KIND.o".
compile() {
  kind=$1
  shift
  objects=
  : >"$found"
  for file in $(project_files 'src/*.c'); do
    object=$work/$kind-$(printf '%s' "$file" | tr '/' '-').o
    # shellcheck disable=SC2086 # CC may be several words
    $compiler -std=gnu17 -O2 -fno-pie -ffreestanding -nostdlib -Wall -Wextra \
      -Wno-unused-parameter -Werror -Iinclude -I. -I"$build_root" "$@" -c "$file" -o "$object" \
      2>>"$found" || printf '%s: does not compile\n' "$file" >>"$found"
    objects="$objects $object"
  done
  verdict "src/ compiles freestanding, $kind"
  # shellcheck disable=SC2086
  ld -r -o "$work/$kind.o" $objects
}

# needs KIND: compares the undefined symbols with the allow-list.
needs() {
  awk -v kind="$1" '$1 == "both" || $1 == kind { print $2 }' "$here/freestanding.allow" |
    sort >"$work/allowed"
  nm -u "$work/$1.o" | awk '{ print $2 }' | sort >"$work/needed"
  comm -13 "$work/allowed" "$work/needed" |
    sed 's/$/: undefined, and not in tests\/structure\/freestanding.allow/' >"$found"
  verdict "nothing is undefined but what is allowed, $1"
}

compile native
needs native
compile instrumented -DFM_INSTRUMENTED
needs instrumented

for symbol in fm_hook_access fm_hook_alloc fm_hook_linear fm_hook_memory fm_hook_spin; do
  grep -qx "$symbol" "$work/needed" || printf '%s: not used\n' "$symbol"
done >"$found"
verdict 'the instrumented build calls every hook'

finish
