# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=sh disable=SC2034 # variables for those that include it
#
# Shared by the tests of the tree's structure.  Each of them is called as
#
#   tests/structure/NAME.sh SOURCE_FOLDER BUILD_FOLDER
#
# writes TAP, and looks at the files that git tracks or would track; without git, at all
# files outside of build folders.  POSIX sh and awk only: a fresh Debian has both.
#
# A rule writes what it finds, one line each, to "$found" and then calls verdict.
set -eu
export LC_ALL=C

source_root=$(cd "$1" && pwd)
build_root=$(cd "$2" && pwd)
here=$source_root/tests/structure
cd "$source_root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
found=$work/found
number=0
failures=0

# Prints the project's files that match one of the shell patterns, by name order.
project_files() {
  if [ ! -f "$work/files" ]; then
    if ! git ls-files -co --exclude-standard >"$work/all" 2>/dev/null; then
      find . -name .git -prune -o -name 'build*' -type d -prune -o -type f -print |
        sed 's,^\./,,' >"$work/all"
    fi
    while IFS= read -r file; do
      if [ -f "$file" ]; then
        printf '%s\n' "$file"
      fi
    done <"$work/all" | sort >"$work/files"
  fi
  while IFS= read -r file; do
    for pattern in "$@"; do
      # shellcheck disable=SC2254 # a pattern is meant
      case $file in
        $pattern) printf '%s\n' "$file" && break ;;
      esac
    done
  done <"$work/files"
}

# A copy of the C files with comments and the text of literals blanked, line by line.
strip_tree() {
  for file in "$@"; do
    mkdir -p "$work/code/$(dirname "$file")"
    awk -f "$here/strip.awk" "$file" >"$work/code/$file"
  done
}

# verdict NAME: the rule NAME is kept if "$found" is empty.
verdict() {
  number=$((number + 1))
  if [ -s "$found" ]; then
    failures=$((failures + 1))
    printf 'not ok %d - %s\n' "$number" "$1"
    cat "$found" >&2 # Meson shows standard error, but no comments in TAP
  else
    printf 'ok %d - %s\n' "$number" "$1"
  fi
  : >"$found"
}

# The last command of each test.
finish() {
  printf '1..%d\n' "$number"
  exit $((failures > 0))
}
