#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Lessons are whole, and what their texts quote is what the program and the source say.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/structure/quotes.sh
. "$(dirname "$0")/quotes.sh"

PATH=$build_root/tools:$PATH
export PATH

# A lesson has its three files, a place in the plan, and a test.
for lesson in docs/lessons/[0-9][0-9]-*/; do
  name=$(basename "$lesson")
  for file in README.md notes.md lesson.fms; do
    [ -f "$lesson$file" ] || printf '%s%s is missing\n' "$lesson" "$file"
  done
  grep -q "($name/README.md)" docs/lessons/README.md ||
    printf '%s is not in docs/lessons/README.md\n' "$name"
  grep -q "^  '$name',$" tests/meson.build || printf '%s is not in tests/meson.build\n' "$name"
  for word in Goal Time Before; do
    grep -q "^\*\*$word\.\*\* " "${lesson}notes.md" ||
      printf '%snotes.md does not say **%s.**\n' "$lesson" "$word"
  done
done >"$found"
verdict 'each lesson is whole, in the plan, and tested'

project_files 'docs/lessons/[0-9]*.md' >"$work/documents"
check_quotes "$work/documents"
verdict 'what the lessons quote is what the program writes'

finish
