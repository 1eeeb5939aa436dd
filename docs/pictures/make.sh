#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Draws the pictures of the documents anew.
#
# usage: docs/pictures/make.sh FRAMESIM [FOLDER]      this folder, if none is given
set -eu
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
folder=$(cd "${2:-$here}" && pwd)
cd "$here/../.."

# draw FILE ARGUMENT...: an SVG with the licence in its second line.
draw() {
  file=$folder/$1
  shift
  "$program" draw "$@" --as svg -o - |
    sed '1a <!-- SPDX-License-Identifier: MPL-2.0 -->' >"$file"
}

draw strip.svg strip docs/examples/cow.fms --step 5
draw slot.svg slot docs/examples/busy.fms --frame f --step 2
draw tables.svg tables docs/examples/cow.fms --process q --step 7
draw buddy.svg buddy docs/examples/buddies.fms --step 5
draw states.svg states docs/examples/busy.fms --frame f --step 3.drop.dec
draw spacetime.svg spacetime docs/examples/busy.fms
draw regions.svg regions docs/lessons/01-two-arrays/firecracker-24g.e820
