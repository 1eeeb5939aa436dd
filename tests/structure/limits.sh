#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# A metadata type that does not fit a slot does not compile.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

compiler=${CC:-cc}

# compiles SIZE ALIGN
compiles() {
  # shellcheck disable=SC2086 # CC may be several words
  $compiler -std=gnu17 -DSIZE="$1" -DALIGN="$2" -Iinclude -I"$build_root" -fsyntax-only \
    "$here/limits.c" 2>"$work/messages"
}

accepted() {
  compiles "$1" "$2" || cat "$work/messages" >"$found"
  verdict "metadata of $1 bytes, alignment $2, compiles"
}

# Refused for its limits, not for some other mistake in the file.
refused() {
  if compiles "$1" "$2"; then
    printf 'it compiles\n' >"$found"
  elif ! grep -q "size of .*array.* is negative\|array size is negative" "$work/messages"; then
    cat "$work/messages" >"$found"
  fi
  verdict "metadata of $1 bytes, alignment $2, is refused"
}

accepted 1 1
accepted 40 1
accepted 40 8
refused 41 1
refused 48 8
refused 128 128

finish
