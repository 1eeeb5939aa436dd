#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Writes framesim-script(5): the text by hand with the reference that the program makes from
# its table of commands.
#
# usage: docs/man/make-script-5.sh BUILD_FOLDER/tools/framesim >docs/man/framesim-script.5
set -eu
program=$1
here=$(dirname "$0")
reference=$(mktemp)
trap 'rm -f "$reference"' EXIT

# In mdoc a sentence begins on a line of its own.
"$program" help --manual | awk '{ gsub(/\.  /, ".\n"); print }' >"$reference"
awk -v reference="$reference" '
  /@REFERENCE@/ { while ((getline line <reference) > 0) print line; next }
  { print }
  NR == 1 { print ".\\\" Made by make-script-5.sh from framesim-script.5.in; do not edit." }
' "$here/framesim-script.5.in"
