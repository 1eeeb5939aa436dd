#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Usage errors: exit 2, on standard error, with what was probably meant.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

# refuses NAME PATTERN ARGUMENT...
refuses() {
  name=$1
  pattern=$2
  shift 2
  run "$@"
  verdict "$name" answers 2 "$pattern"
  verdict "$name: nothing on standard output" test ! -s out
}

printf 'framesim 1\nboot\n' >good.fms
refuses 'an unknown verb' "unknown verb 'rnu'; did you mean 'run'" rnu
refuses 'a verb like no other' "unknown verb 'xyzzy'" xyzzy
refuses 'an unknown option before the verb' "'--colour'; did you mean '--color'" \
  --colour=always boot
refuses 'a colour that is none' "--color must be auto, always or never" --color=yes help
refuses 'an unknown option of boot' "--memroy; did you mean '--memory'" boot --memroy 3
refuses 'an unknown option of run' "--sede=3; did you mean '--seed'" run --sede=3 good.fms
refuses 'an unknown option of map' "--jsno=-; did you mean '--json'" map --jsno=- x
refuses 'an option without its value' 'Missing argument' boot --memory
refuses 'an unknown word of help' "did you mean 'claim'" help clam
refuses 'two words of help' 'one word at a time' help claim get
refuses 'boot of nothing' 'a MAP is missing' boot
refuses 'boot of two things' 'either MAP or --memory' boot --memory 64M x
refuses 'boot of two maps' 'one MAP' boot x y
refuses 'a size that is no number' '--memory 64X' boot --memory 64X
refuses 'no CPU' '--cpus must be 1 to 64' boot --memory 64M --cpus 0
refuses 'too many CPUs' '--cpus must be 1 to 64' boot --memory 64M --cpus 65
refuses 'CPUs in letters' 'two' boot --memory 64M --cpus two
refuses 'an unknown allocator' "not 'bitmpa'" boot --memory 64M --allocator bitmpa
refuses 'a kernel without size' '--kernel wants BASE:SIZE' boot --memory 64M --kernel 2M
refuses 'a kernel in letters' '--kernel a:b' boot --memory 64M --kernel a:b
refuses 'an unknown top' '--top must be' boot --memory 64M --top all
refuses 'map of nothing' 'a MAP is missing' map
refuses 'map of two maps' 'one MAP' map x y
refuses 'run of nothing' 'a SCRIPT is missing' run
refuses 'run of two scripts' 'one SCRIPT' run good.fms good.fms
refuses 'a step that is none' '--until wants a step' run --until 0 good.fms
refuses 'a negative step' '--until wants a step' run --until=-1 good.fms
refuses 'a step beyond 64 bits' '--until wants a step' run --until 99999999999999999999 good.fms
refuses 'a point that is none' "no point 'drop.dce'" run --until 1.drop.dce good.fms
refuses 'an unknown build' '--build must be' run --build fast good.fms
refuses 'a seed in letters' '--seed x' run --seed x good.fms
refuses 'other steps than all' '--steps must be all' run --steps some good.fms
refuses 'show of nothing' 'a RAMFILE is missing' show
refuses 'show of too much' 'too many' show a b c
refuses 'show of an address as JSON' 'whole machine' show a 0x1000 --json -
refuses 'check of nothing' 'a RAMFILE is missing' check
refuses 'bench of nothing' 'a suite is missing' bench
refuses 'bench of what is none' 'one suite' bench slots
refuses 'no rounds' '--rounds must be' bench slot --rounds 0

run run --until 7 good.fms
verdict 'a step that the script never comes to' answers 2 '--until 7 was not reached'
run run --until 1 good.fms
verdict 'the last step is reached' prints 0 '^stopped: 1 step'
finish
