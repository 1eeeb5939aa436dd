#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Each header compiles alone, whatever was included before it or not.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

compiler=${CC:-cc}
compiler_cxx=${CXX:-c++}
host_flags=$(pkg-config --cflags glib-2.0 json-glib-1.0 libbsd-overlay)

# try_header COMPILER LANGUAGE HEADER FLAGS...
try_header() {
  command=$1
  language=$2
  header=$3
  shift 3
  # shellcheck disable=SC2086 # a compiler may be several words
  if ! printf '#include "%s"\n' "$header" |
    $command "$@" -x "$language" -Wall -Wextra -Wno-unused-parameter -Werror -D_GNU_SOURCE -I. \
      -Iinclude -I"$build_root" -fsyntax-only - 2>"$work/messages"; then
    printf '%s does not compile alone with %s\n' "$header" "$*"
    cat "$work/messages"
  fi
}

for header in $(project_files 'include/fm/*.h'); do
  try_header "$compiler" c "$header" -std=c17 -pedantic-errors
done >"$found"
verdict 'the headers of the kernel side are strict C17'

for header in $(project_files 'include/fm/*.h'); do
  try_header "$compiler_cxx" c++ "$header" -std=c++17 -pedantic-errors
done >"$found"
verdict 'the headers of the kernel side are strict C++17'

for header in $(project_files 'include/fm/*.h'); do
  try_header "$compiler" c "$header" -std=gnu17 -DFM_INSTRUMENTED
done >"$found"
verdict 'the headers of the kernel side compile instrumented'

for header in $(project_files 'include/sim/*.h'); do
  # shellcheck disable=SC2086 # several flags
  try_header "$compiler_cxx" c++ "$header" -std=c++17 $host_flags
done >"$found"
verdict 'the public headers of the machine are C++17'

for header in $(project_files 'include/sim/*.h' 'sim/*.h' 'tools/*.h'); do
  # shellcheck disable=SC2086
  try_header "$compiler" c "$header" -std=gnu17 $host_flags
done >"$found"
verdict 'the headers of machine and tools are C17'

for header in $(project_files '*.h'); do
  # A name made of the path, or of its end.
  guard=$(printf '%s' "$header" | sed 's,^include/,,' | tr 'a-z/.-' 'A-Z___')
  first=$(sed -n 's/^#ifndef //p' "$header" | head -n 1)
  second=$(sed -n 's/^#define //p' "$header" | head -n 1)
  case $first in
    "$guard" | "FM_$guard") ;;
    *) printf '%s: include guard %s, not FM_%s\n' "$header" "$first" "$guard" ;;
  esac
  if [ "$first" != "$second" ]; then
    printf '%s: guard %s, but %s is defined first\n' "$header" "$first" "$second"
  fi
done >"$found"
verdict 'every header has an include guard made of its path'

finish
