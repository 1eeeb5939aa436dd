#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Golden scripts: what `framesim run` says of each script here, to the letter.
#
# usage: tests/script/run.sh FRAMESIM [--update] [NAME]...
#
# NN-topic.expected holds standard output and standard error, as they would be read on a
# terminal, and the exit status.  Lines of a script that begin so are for this runner:
#
#   # args: --seed 1      one run with these options; several such lines are several runs
#   # stdin               the script comes through standard input
#   # builds differ: why  the native and the instrumented build need not agree
#
# A script without threads, `fail` and the last of these lines must tell the same and end in
# the same digest in both builds, in each of its runs.  --update writes the expected files
# anew, for git diff to judge.  Writes TAP; differences go to standard error.
set -eu
export LC_ALL=C
unset NO_COLOR

program=$(realpath "$1")
shift
update=no
if [ "${1-}" = --update ]; then
  update=yes
  shift
fi
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failures=0

# run_once SCRIPT ARGUMENT...: output and status to standard output.
run_once() {
  script=$1
  shift
  status=0
  if grep -q '^# stdin$' "$script"; then
    "$program" run "$@" - <"$script" 2>&1 || status=$?
  else
    "$program" run "$@" "$script" </dev/null 2>&1 || status=$?
  fi
  echo "exit status $status"
}

# run_all SCRIPT: one run, or one for each line `# args:`.
run_all() {
  if ! grep -q '^# args: ' "$1"; then
    run_once "$1"
    return
  fi
  sed -n 's/^# args: //p' "$1" | while IFS= read -r args; do
    echo "\$ framesim run $args"
    # shellcheck disable=SC2086 # words are meant
    run_once "$1" $args </dev/null
  done
}

# verdict NAME FILE FILE: both must be the same.
verdict() {
  number=$((number + 1))
  if diff -u "$2" "$3" >"$work/diff" 2>&1; then
    echo "ok $number - $1"
  else
    failures=$((failures + 1))
    echo "not ok $number - $1"
    cat "$work/diff" >&2
  fi
}

# run_build SCRIPT BUILD: each run of the script that both builds can do, with its digest.
run_build() {
  sed -n 's/^# args: //p' "$1" | grep -Ev -e '--(build|points|until)' >"$work/args" || true
  if ! grep -q '^# args: ' "$1"; then
    echo >"$work/args"
  fi
  while IFS= read -r args; do
    # shellcheck disable=SC2086 # words are meant
    run_once "$1" --digest "--build=$2" $args
  done <"$work/args" | sed "s,$2 build,BUILD build,; s, --build $2,,"
}

compare_builds() {
  if grep -Eq '^ *(thread|fail) |[{;] *(thread|fail) |^# (stdin|builds differ)' "$1"; then
    return
  fi
  run_build "$1" native >"$work/native"
  run_build "$1" instrumented >"$work/instrumented"
  if [ -s "$work/native" ]; then
    verdict "$2: both builds agree" "$work/native" "$work/instrumented"
  fi
}

if [ $# -eq 0 ]; then
  set -- *.fms
fi
for script in "$@"; do
  name=$(basename "$script" .fms)
  run_all "$name.fms" >"$work/actual"
  if [ "$update" = yes ]; then
    cp "$work/actual" "$name.expected"
  fi
  verdict "$name" "$name.expected" "$work/actual"
  compare_builds "$name.fms" "$name"
done
echo "1..$number"
exit $((failures > 0))
