#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run --trace-out: a file that says the same each time, or an error.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

printf 'framesim 1\nmachine { ram 64M  allocator none }\nboot\nclaim @9000 -> f\ndrop f\n' >good.fms
printf 'framesim 1\nboot\nget @9000\n' >finding.fms
printf 'framesim 1\nboot\nclam @9000\n' >mistake.fms

run run --trace-out good.json good.fms
verdict 'the run is as it is without' prints 0 '^held: 3 steps.*instrumented build'
verdict 'the file begins as viewers want it' grep -q '^{"traceEvents":\[$' good.json
verdict 'one event is one line' grep -qx '{"ph":"B".*"text":"claim @9000 -> f"}},' good.json
verdict 'and it comes to its end' test "$(tail -c 3 good.json)" = '}}'
run run --trace-out again.json good.fms
verdict 'the same script gives the same bytes' cmp good.json again.json
run run --quiet --json - --trace-out again.json good.fms
verdict 'whatever is printed' cmp good.json again.json
run run --trace-out finding.json finding.fms
verdict 'a finding is one' exits 1
verdict 'and its step is there, with the answer' grep -q '"ph":"E".*"result":"Unused"' finding.json

run run --trace-out none.json mistake.fms
verdict 'a mistake in the script is one' exits 2
verdict 'and nothing is written' test ! -e none.json
run run --syntax-only --trace-out none.json good.fms
verdict 'nor is it where nothing is run' test ! -e none.json
run run --trace-out missing/folder.json good.fms
verdict 'a file that cannot be made' answers 4 'cannot write missing/folder.json: No such file'
verdict 'then nothing is run' test ! -s out
run run --trace-out /dev/full good.fms
verdict 'a file that cannot be written' answers 4 'cannot write /dev/full: No space left'
verdict 'the run itself came to its end' grep -q '^held: 3 steps' out
run run --build=native --trace-out none.json good.fms
verdict 'the native build has no points' answers 2 'trace-out.*need the instrumented build'
finish
