#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim exercise: a problem, wrong answers, right answers.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

for kind in refcounts buddy translate regions cow interleave; do
  run exercise "$kind"
  verdict "$kind: a problem with question marks" prints 0 '^Q1 .* = \?$'
  cp out "$kind.txt"
  run exercise "$kind" --answers "$kind.txt"
  verdict "$kind: nothing is answered in it" prints 1 '^0 of [0-9]+ right$'
  run exercise "$kind" -c
  verdict "$kind: the solution has none" sh -c '! grep -q "= ?$" out'
  cp out "$kind.txt"
  run exercise "$kind" --answers "$kind.txt"
  verdict "$kind: and is right" prints 0 '^Q1  right'
done

run exercise translate -n 2 -c
sed -n 's/^\(Q[12]\) .*= \(.*\)/\1: \2/p' out >solved
sed 's/^Q1: .*/Q1: 0x77/' solved >wrong
run exercise translate -n 2 --answers wrong
verdict 'a wrong answer is told' prints 1 '^Q1  wrong .* = 0x77$'
verdict 'with the way to the right one' grep -q 'entries .* from level 4 down' out
verdict 'the other one is right' grep -q '^Q2  right' out
verdict 'and they are counted' grep -q '^1 of 2 right$' out
grep Q2 solved >half
run exercise translate -n 2 --answers half
verdict 'a missing answer is told, too' prints 1 '^Q1  missing'
run exercise translate -n 2 --answers solved --json -
verdict 'the record has the verdicts' prints 0 '"given":"[^"]*","right":true.*"right":2'
verdict 'and no answers' sh -c '! grep -q "\"answer\"" out'
run exercise translate -n 2 -c --json -
verdict 'unless they are wanted' prints 0 '"answer":"[^"]*","reason":"entries'

run exercise cow --seed-from ada
seed=$(sed -n 's/^Exercise cow, seed \([0-9]*\), .*/\1/p' out)
cp out named
run exercise cow --seed "$seed"
verdict 'the seed of a name is printed and gives the same problem' cmp named out
run exercise cow
verdict 'which is not that of 0' sh -c '! cmp -s named out'

run exercise
verdict 'a kind is needed' answers 2 'KIND is missing'
run exercise cows
verdict 'that there is' answers 2 "no exercise 'cows'; did you mean 'cow'"
run exercise cow -n 17
verdict 'a size is 1 to 16' answers 2 '-n must be 1 to 16, not 17'
run exercise cow --seed x
verdict 'a seed is a number' answers 2 '--seed x: '
run exercise cow --seed 1 --seed-from ada
verdict 'and one of two' answers 2 'both say the seed'
run exercise cow --answers missing
verdict 'answers are in a file' answers 4 'missing'
echo 'Q99: 1' >many
run exercise cow --answers many
verdict 'and to questions that there are' \
  answers 4 'many: line 1 answers a question that there is not'

finish
