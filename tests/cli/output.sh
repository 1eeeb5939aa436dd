#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Output: what cannot be written is not passed over; colours only where they are wanted.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

printf 'framesim 1\nboot\nnote "hello"\n' >good.fms
to_full() {
  said="framesim $* >/dev/full"
  status=0
  : >out
  "$program" "$@" >/dev/full 2>err || status=$?
}
without_stdout() {
  said="framesim $* >&-"
  status=0
  : >out
  "$program" "$@" >&- 2>err || status=$?
}
for arguments in 'boot --memory 64M' 'boot --memory 64M --json -' 'run good.fms' \
  'run --json - good.fms' help 'help points' 'boot --help' --version; do
  # shellcheck disable=SC2086 # words are meant
  to_full $arguments
  verdict "a full device: $arguments" answers 4 'cannot write'
  # shellcheck disable=SC2086
  without_stdout $arguments
  verdict "no standard output: $arguments" answers 4 'cannot write'
done
# More than a buffer holds: it is written while the RAM file is open.
printf 'framesim 1\nboot\nrepeat 2000 { note "hello" }\n' >talkative.fms
without_stdout run --ram machine.ram talkative.fms
run check machine.ram
verdict 'text never ends up in the RAM file' exits 0
verdict 'not even at its beginning' test -z "$(head -c 64 machine.ram | tr -d '\000')"
to_full run --quiet good.fms
verdict 'who prints nothing needs no room' exits 0
run run good.fms 2>&-
verdict 'without standard error all goes on' exits 0

escape=$(printf '\033')
run boot --memory 64M
verdict 'no colours in a file' sh -c "! grep -q '$escape' out"
run --color=always boot --memory 64M
verdict 'unless they are wanted' grep -q "$escape" out
run --color=never boot --memory 64M
verdict 'or not' sh -c "! grep -q '$escape' out"
# A terminal: script(1) is not everywhere, so the tests of colours there need it.
if command -v script >/dev/null 2>&1; then
  script -qec "$program boot --memory 64M" /dev/null >terminal 2>&1 </dev/null || true
  verdict 'colours on a terminal' grep -q "$escape" terminal
  NO_COLOR=1 script -qec "$program boot --memory 64M" /dev/null >terminal 2>&1 </dev/null || true
  verdict 'none with NO_COLOR' sh -c "! grep -q '$escape' terminal"
  NO_COLOR=1 script -qec "$program --color=always boot --memory 64M" /dev/null >terminal 2>&1 \
    </dev/null || true
  verdict 'but --color=always has the last word' grep -q "$escape" terminal
else
  number=$((number + 1))
  echo "ok $number - colours on a terminal # SKIP script(1) is missing"
fi
finish
