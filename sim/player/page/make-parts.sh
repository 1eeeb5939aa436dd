#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Writes the parts of the player's page as C: bytes, so that no text needs quoting.
#
# usage: make-parts.sh OUTPUT HTML CSS JS...    (the JS files become one, in this order)
set -eu

output=$1
html=$2
css=$3
shift 3

# array NAME: standard input as a C string.
array() {
  printf 'const char %s[] = {\n' "$1"
  od -An -v -tu1 | sed 's/  *\([0-9][0-9]*\)/\1,/g'
  printf '0};\n'
}

{
  printf '#include "sim/player/page_parts.h"\n'
  array sim_player_page_html <"$html"
  array sim_player_page_css <"$css"
  {
    printf '(function () {\n"use strict";\n'
    cat "$@"
    printf '})();\n'
  } | array sim_player_page_js
} >"$output.new"
mv "$output.new" "$output"
