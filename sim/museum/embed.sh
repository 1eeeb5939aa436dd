#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Writes the scripts of the museum as C text: embed.sh OUTPUT SCRIPT...
set -eu
output=$1
shift
{
  printf '/* Made by sim/museum/embed.sh. */\n#include "sim/museum/museum.h"\n\n'
  printf 'const struct sim_museum_script sim_museum_scripts[] = {\n'
  for script in "$@"; do
    name=${script##*/}
    printf '  {"%s", "docs/museum/%s",\n' "$name" "$name"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/   "/; s/$/\\n"/' "$script"
    printf '  },\n'
  done
  printf '  {NULL, NULL, NULL}};\n'
} >"$output"
