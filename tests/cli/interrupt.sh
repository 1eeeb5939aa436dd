#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Ctrl-C ends a run between two commands, and says so.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# The script prints for ever; the signal is sent when its first line has been read.
printf 'framesim 1\nboot\nrepeat 1000000000000 { note "line" }\n' >long.fms
interrupt() {
  said="framesim run $*, interrupted"
  rm -f pipe
  mkfifo pipe
  "$program" run "$@" long.fms >pipe 2>err &
  pid=$!
  {
    head -n 1 >out
    kill -INT "$pid"
    tail -n 2 >>out
  } <pipe
  status=0
  wait "$pid" || status=$?
}
interrupt
verdict 'the status says interrupted' exits 130
verdict 'so does the last line' grep -q '^interrupted: ' out
interrupt --ram machine.ram
run check machine.ram
verdict 'the machine is left whole' exits 0
finish
