#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Links a static library into one object and hides all of its symbols but those named.
# usage: localise.sh LIBRARY.a OUTPUT.o SYMBOL...
set -eu
library=$1
output=$2
shift 2
keep=
for symbol in "$@"; do
  keep="$keep --keep-global-symbol=$symbol"
done
ld -r --whole-archive -o "$output.tmp" "$library"
# shellcheck disable=SC2086 # one option per symbol
objcopy $keep "$output.tmp" "$output"
rm -f "$output.tmp"
