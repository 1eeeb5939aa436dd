#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run: its streams, records, and what --quiet and --steps leave out.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

printf 'framesim 1\nboot\nnote "hello"\nshow machine\n' >good.fms
printf 'framesim 1\nboot\nget @9000\n' >finding.fms
printf 'framesim 1\nboot\nclam @9000\n' >mistake.fms
printf 'framesim 1\nboot\ndrop f\nclaim @1 -> f\n' >late.fms
printf 'framesim 1\nmachine { map "huge.map" }\nboot\n' >huge.fms
printf 'usable 0x0 640K\nusable 0x100000 60T\n' >huge.map
printf 'framesim 1\nmachine { ram 4M }\nboot\n' >noboot.fms

run run good.fms
verdict 'all held' prints 0 '^held: 2 steps'
run run finding.fms
verdict 'a finding' answers 1 '^finding.fms:3:1: FAILED: '
run run mistake.fms
verdict 'an error in the script' answers 2 '^mistake.fms:3:1: error: '
verdict 'runs nothing' test ! -s out
run run late.fms
verdict 'an error on the way' answers 2 '^late.fms:3:6: error: '
run run huge.fms
verdict 'a machine that the host cannot hold' answers 3 \
  '^huge.fms:3:1: error: .*(slots|linear window)'
run run noboot.fms
verdict 'a machine that cannot boot' answers 1 '^noboot.fms:3:1: FAILED: boot'
run run missing.fms
verdict 'a script that is not there' answers 4 'missing.fms.*No such file'
run run .
verdict 'a folder' exits 4

run run - <good.fms
verdict 'a script from standard input' prints 0 '^held: 2 steps'
run run - <finding.fms
verdict 'its messages say so' answers 1 '^<stdin>:3:1: FAILED: '
verdict 'and how to repeat it' answers 1 'replay: framesim run - --seed 0 --until 2'

run run --syntax-only good.fms
verdict '--syntax-only runs nothing' prints 0 '^good.fms: no error$'
run run --syntax-only mistake.fms
verdict '--syntax-only finds mistakes' exits 2
run run --quiet good.fms
verdict '--quiet is quiet' test ! -s out -a ! -s err
run run --quiet finding.fms
verdict 'but not about findings' answers 1 'FAILED'

run run --json - finding.fms
verdict 'a record on standard output is one line' test "$(wc -l <out)" -eq 1
verdict 'with the verdict' grep -q '"kind":"run","script":"finding.fms","verdict":"violated"' out
verdict 'and findings go to standard error' answers 1 'FAILED'
run run --json file.json --seed 0xffffffffffffffff good.fms
verdict 'a record in a file' grep -q '"seed":"0xffffffffffffffff"' file.json
run run --json missing/file.json good.fms
verdict 'a record that cannot be written' answers 4 'cannot write missing/file.json'

printf 'framesim 1\nboot\nfor i in 0..300 { poke @9000 storage = i }\nexpect free == 0\n' >long.fms
run run long.fms
verdict 'two hundred steps are printed' test "$(grep -c '^ *[0-9][0-9]*  [a-z]' out)" -eq 200
verdict 'that the rest is left out is said' grep -q -- '--steps=all prints every step' out
verdict 'and findings are told anyway' answers 1 'long.fms:4:8: FAILED'
run run --steps=all long.fms
verdict '--steps=all prints them all' test "$(grep -c '^ *[0-9][0-9]*  [a-z]' out)" -eq 301

# The replay line of a finding does what it says.
{
  printf 'framesim 1\nparam N = 1\nboot\n'
  printf 'for i in 0..N { alloc -> a[i] }\nexpect free == 0\n'
} >param.fms
run run -D N=3 param.fms
replay=$(sed -n 's/.*replay: framesim run //p' err | head -n 1)
verdict 'the replay has the parameters' test "$replay" = 'param.fms -D N=3 --seed 0 --until 4'
# shellcheck disable=SC2086 # words are meant
run run $replay
verdict 'and stops at the step' prints 0 '^stopped: 4 steps'
finish
