#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run --html and replay --html: one page that says the same each time, or an error.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

printf 'framesim 1\nmachine { ram 64M  allocator none }\nboot\nclaim @9000 -> f\ndrop f\n' >good.fms
printf 'framesim 1\nboot\nget @9000\n' >finding.fms
printf 'framesim 1\nboot\nclam @9000\n' >mistake.fms

run run --html good.html good.fms
verdict 'the run is as it is without' prints 0 '^held: 3 steps.*instrumented build'
verdict 'the page begins as one' test "$(head -n 1 good.html)" = '<!DOCTYPE html>'
verdict 'and comes to its end' test "$(tail -n 1 good.html)" = '</html>'
verdict 'it names no address' test "$(grep -Ec '(src|href)=|https?:' good.html)" -eq 0
run run --html again.html good.fms
verdict 'the same script gives the same bytes' cmp good.html again.html
run run --quiet --json - --html again.html good.fms
verdict 'whatever is printed' cmp good.html again.html
run run --html finding.html finding.fms
verdict 'a finding is one' exits 1
verdict 'and the page has it' grep -q '"verdict":"violated"' finding.html
run run --trace-out t.json --html both.html good.fms
verdict 'a timeline beside it' test -s t.json -a -s both.html

run run --html none.html mistake.fms
verdict 'a mistake in the script is one' exits 2
verdict 'and nothing is written' test ! -e none.html
run run --html missing/folder.html good.fms
verdict 'a file that cannot be made' answers 4 'cannot write missing/folder.html: No such file'
verdict 'then nothing is run' test ! -s out
run run --html /dev/full good.fms
verdict 'a file that cannot be written' answers 4 'cannot write /dev/full: No space left'
verdict 'the run itself came to its end' grep -q '^held: 3 steps' out
run run --build=native --html none.html good.fms
verdict 'the native build has no points' answers 2 'html.*need the instrumented build'
run run --step --html none.html good.fms
verdict 'a session writes none' answers 2 '--step and --html do not go together'
run run --record missing/r --trace-out t.json --html none.html good.fms
verdict 'another file that cannot be made' exits 4

trace=$FM_TEST_DATA/traces/boot.trace.zst
run replay --memory 512M --html replay.html "$trace"
verdict 'a replay is as it is without' exits 0
verdict 'and its page has a moment for each event' \
  test "$(grep -c '"kind":"sample"' replay.html)" -eq 3001
run replay --memory 512M --html again.html "$trace"
verdict 'the same replay gives the same bytes' cmp replay.html again.html
run replay --memory 512M --until 10 --csv c.csv --every 5 --html ten.html "$trace"
verdict 'samples of both kinds' test "$(grep -c '"kind":"sample"' ten.html)" -eq 11
verdict 'each at its own pace' test "$(wc -l <c.csv)" -eq 4
run replay --memory 512M --html missing/folder.html "$trace"
verdict 'a page that cannot be made' answers 4 'cannot write missing/folder.html: No such file'
run replay --memory 512M --html /dev/full "$trace"
verdict 'a page that cannot be written' answers 4 'cannot write /dev/full: No space left'
finish
