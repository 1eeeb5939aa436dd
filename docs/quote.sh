#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Renews what a document quotes.
#
#   ```console          Each line "$ COMMAND" of the block is run, and what follows it is its
#                       output, errors included.  The commands run in an empty folder that has
#                       the project's docs/ and tests/, with the program first in the search
#                       path.
#   ```c FILE NAME      The block is the function, struct or enum NAME as it stands in FILE, a
#                       path from the root of the tree; with () only the function.  If it is
#                       not there, this fails.
#
# usage: docs/quote.sh BUILD_FOLDER DOCUMENT >RENEWED
#        docs/quote.sh -i BUILD_FOLDER DOCUMENT...      rewrites the documents
set -eu
export LC_ALL=C

source_root=$(cd "$(dirname "$0")/.." && pwd)
in_place=false
if [ "$1" = -i ]; then
  in_place=true
  shift
fi
PATH=$(cd "$1/tools" && pwd):$PATH
export PATH
shift

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# quote FILE: the renewed text of an absolute path.
quote() {
  rm -rf "$work/run"
  mkdir "$work/run"
  ln -s "$source_root/docs" "$source_root/tests" "$work/run/"
  (cd "$work/run" && awk -v root="$source_root" '
    function run(command, line, pipe) {
      pipe = "{ " command "\n} 2>&1 </dev/null"
      while ((pipe | getline line) > 0)
        print line
      close(pipe)
    }
    # From the line that begins with a declaration and has the name, to the "}" that closes
    # it.  What comes to a ";" first only declares.
    function source(file, name, line, text, begun, body, path, bare) {
      path = root "/" file
      bare = name
      sub(/[(][)]$/, "", bare)
      while ((getline line <path) > 0) {
        if (!begun && line ~ /^[a-zA-Z]/) {
          begun = line ~ "(^|[ *])" bare (bare == name ? "([(]| [{])" : "[(]")
          if (!begun && line !~ /[;{}]$/)
            held = line "\n"
          else if (begun)
            text = held
          if (begun)
            held = ""
        } else if (!begun) {
          held = ""
        }
        if (!begun)
          continue
        text = text line "\n"
        body = body || line ~ /[{]$/
        if (body && line ~ /^}/) {
          close(path)
          printf "%s", text
          return
        }
        if (!body && line ~ /;$/) {
          begun = 0
          text = ""
        }
      }
      close(path)
      printf "docs/quote.sh: %s: no %s is defined there\n", file, name >"/dev/stderr"
      status = 1
    }
    /^```console$/ { inside = 1; print; next }
    /^```c [^ ]+ [^ ]+$/ { inside = 1; print; source($2, $3); next }
    /^```/ && inside { inside = 0 }
    !inside { print; next }
    /^\$ / { print; run(substr($0, 3)) }
    END { exit status }
  ' "$1")
}

for document in "$@"; do
  path=$(cd "$(dirname "$document")" && pwd)/$(basename "$document")
  if $in_place; then
    quote "$path" >"$work/renewed"
    cat "$work/renewed" >"$path"
  else
    quote "$path"
  fi
done
