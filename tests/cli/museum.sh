#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# museum: every past form fails in its way, every present one holds, and what it says of them.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

run museum
verdict 'the list has all variants' prints 0 '^look-then-decrement +order +published +the count'
cut -d' ' -f1 out | tail -n +2 >names
verdict 'which are more than thirty' test "$(wc -l <names)" -gt 30
verdict 'and no two have one name' test -z "$(sort names | uniq -d)"

# A build whose windows are small says so (3); elsewhere nothing may be left out.
run museum --all --run --json all.json
if grep -q ' limit ' out; then
  verdict 'past forms fail, present ones hold, and the rest does not fit' exits 3
else
  verdict 'past forms fail and present ones hold' prints 0 'every past form fails as it did'
fi
verdict 'with a line for each' test "$(grep -cE ' (held|limit)  ' out)" -eq "$(wc -l <names)"
verdict 'and nothing on standard error' test ! -s err
verdict 'the record names the kind' grep -q '^{"framesim":1,"kind":"museum","variants":\[' all.json
verdict 'a past form says what was found' \
  grep -q '"past":{"verdict":"violated","expected":true,"finding":"metadata was destroyed a sec' \
  all.json
verdict 'a present form holds' grep -q '"present":{"verdict":"held","expected":true}' all.json

run museum dealloc-first
verdict 'a page has the address of the report' prints 0 \
  '^  published: https://github.com/asterinas/asterinas/issues/836$'
verdict 'no line of its text is longer than 80 columns' \
  test -z "$(grep -v 'framesim run' out | awk 'length > 80')"
verdict 'and the command that runs it' grep -q "run docs/museum/dealloc-first.fms --variant" out

run museum unique-relaxed --run
verdict 'a fault of weak memory is not claimed to be seen' prints 0 'no single order shows this'
verdict 'and is said to be unpublished' grep -q '^  unpublished: ' out

# Each script of the source tree is the one in the program.
missing=
while IFS= read -r name; do
  run museum "$name" --script
  cp out script.fms
  same=
  for file in "$source_root"/docs/museum/*.fms; do
    ! cmp -s script.fms "$file" || same=$file
  done
  run run --syntax-only script.fms
  exits 0 && [ -n "$same" ] || missing="$missing $name"
done <names
verdict 'all scripts are there, and parse' test -z "$missing"

cp "$source_root/docs/museum/look-then-decrement.fms" leave.fms
run run leave.fms
verdict 'the present form is what a script boots' prints 0 '^held: '
run run leave.fms --variant look-then-decrement
verdict 'the variant holds in another order' prints 0 'variant look-then-decrement\)$'
run run leave.fms --variant look-then-decrement --schedule 'A:count.load B:count.load'
verdict 'and fails in the bad one' exits 1
verdict 'with a command that shows it again' answers 1 \
  "replay: framesim run leave.fms --variant look-then-decrement --schedule 'A:count.load B:co"
run run leave.fms --variant look-then-decrement --json -
verdict 'a record names the variant' grep -q '"variant":"look-then-decrement"' out
sed 's/^boot/variant look-then-decrement; boot/' leave.fms >inside.fms
run run inside.fms --schedule 'A:count.load B:count.load'
verdict 'a script can name it' exits 1

run run leave.fms --variant look-then-decremnt
verdict 'a misspelt variant has a suggestion' answers 2 "did you mean 'look-then-decrement'"
printf 'framesim 1\nvariant nothing-like-it\nboot\n' >unknown.fms
run run unknown.fms
verdict 'in a script too' answers 2 "unknown.fms:2:9: error: unknown variant 'nothing-like-it'"
run run leave.fms --schedule 'A:drop.dek'
verdict 'a point that is none' answers 2 "^--schedule:2:10: error: unknown point 'drop.dek'"
run run leave.fms --schedule 'X:*'
verdict 'a thread that the script has not' answers 2 "no thread of this group is called 'X'"

run museum nothing
verdict 'a name that is none' answers 2 "there is no variant 'nothing'"
run museum --run
verdict '--run alone' answers 2 '--run wants a NAME, or --all'
run museum dealloc-first --all
verdict 'a name and all' answers 2 'either a NAME or --all'
run museum dealloc-first --script --run
verdict '--script with another option' answers 2 '--script wants a NAME'
run museum dealloc-first zero-is-unused
verdict 'two names' answers 2 'one NAME at a time'

finish
