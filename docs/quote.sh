#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Renews what a document quotes.  In a block that begins with ```console each line "$ COMMAND"
# is run, and what follows it is its output, errors included.  The commands run in an empty
# folder that has the project's docs/ and tests/, with the program first in the search path.
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
  (cd "$work/run" && awk '
    function run(command, line, pipe) {
      pipe = "{ " command "\n} 2>&1 </dev/null"
      while ((pipe | getline line) > 0)
        print line
      close(pipe)
    }
    /^```console$/ { inside = 1; print; next }
    /^```/ && inside { inside = 0 }
    !inside { print; next }
    /^\$ / { print; run(substr($0, 3)) }
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
