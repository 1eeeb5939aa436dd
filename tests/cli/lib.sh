# SPDX-License-Identifier: MPL-2.0
# shellcheck shell=sh disable=SC2034 # variables for those that include it
#
# Shared by the tests of the command line.  Each of them is called as
#
#   tests/cli/NAME.sh FRAMESIM
#
# and writes TAP.  `run` runs the program in an empty folder and keeps what it said; the
# checks below look at that, and tell it all when they fail.
set -eu
export LC_ALL=C
unset NO_COLOR

program=$(realpath "$1")
source_root=$(cd "$(dirname "$0")/../.." && pwd)
maps=$source_root/tests/data/maps
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
number=0
failures=0
status=0
said=

# run ARGUMENT...: standard input comes from the caller.
run() {
  said="framesim $*"
  status=0
  "$program" "$@" >"$work/out" 2>"$work/err" || status=$?
}

# verdict NAME CONDITION...: one test, the condition being a command.
verdict() {
  number=$((number + 1))
  name=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "ok $number - $name"
    return
  fi
  failures=$((failures + 1))
  echo "not ok $number - $name"
  {
    echo "$name"
    echo "  after: $said"
    echo "  fails: $*"
    echo "  status $status, standard output and error:"
    head -n 40 "$work/out" "$work/err"
  } >&2
}

# exits STATUS: of the last run.
exits() {
  [ "$status" -eq "$1" ]
}

# answers STATUS PATTERN: with the pattern (extended) on standard error.
answers() {
  exits "$1" && grep -Eq -- "$2" "$work/err"
}

# prints STATUS PATTERN: with the pattern on standard output, and nothing on the other.
prints() {
  exits "$1" && grep -Eq -- "$2" "$work/out" && [ ! -s "$work/err" ]
}

# The last command of each test.
finish() {
  echo "1..$number"
  exit $((failures > 0))
}
