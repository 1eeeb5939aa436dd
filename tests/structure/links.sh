#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# A link from one document to a file of the project leads there.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

project_files '*.md' >"$work/documents"
while IFS= read -r file; do
  awk -f "$here/links.awk" "$file" | while read -r line target; do
    case $target in
      [a-z]*://* | mailto:* | '#'*) continue ;;
      /*) path=.$target ;;
      *) path=$(dirname "$file")/$target ;;
    esac
    if [ ! -e "${path%%#*}" ]; then
      printf '%s:%s: %s does not exist\n' "$file" "$line" "$target"
    fi
  done
done <"$work/documents" >"$found"
verdict 'every relative link of the documents leads to a file'

# One guess finds a concept only if the table misses none of the files.
project_files 'src/*.c' 'include/fm/*.h' | while IFS= read -r file; do
  grep -qE "[(/]$(basename "$file")\)" src/README.md ||
    printf '%s has no place in src/README.md\n' "$file"
done >"$found"
verdict 'src/README.md names every file of the kernel side'

finish
