#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim contract, and run --check.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

run contract
verdict 'clauses are listed' prints 0 '^slot\.busy_at_rest +the count is 0'
run contract --mutations
verdict 'each is the first to report its mutation' prints 0 '^120 of 120 clauses are the first'
run contract drop.ref_held
verdict 'one of them' prints 0 'mutation +drop a frame twice$'
run contract --mutations drop.ref_held
verdict 'and its mutation' prints 0 'mutation +drop a frame twice: detected$'
run contract drop.ref_hold
verdict 'a misspelt one is suggested' answers 2 "did you mean 'drop.ref_held'"
run contract --markdown drop.ref_held
verdict 'the page is of all of them' answers 2 '--markdown is for all clauses'
run contract --json -
verdict 'the record' prints 0 \
  '^\{"framesim":1,"kind":"contract","clauses":\[\{"id":"slot.busy_at_rest","text":'
verdict 'has each clause' prints 0 '"id":"claim.ok.count".*"mutation":"[^"]*","detected":true'
verdict 'and none that is not detected' sh -c '! grep -q "\"detected\":false" out'
run contract --markdown
verdict 'docs/contract.md is what the program says' cmp out "$FM_TEST_SOURCE/docs/contract.md"

# Every line of the cross-reference names clauses that exist, or says why there are none.
sed -n '/line by line/,$p' out | grep -E '^\| (requires|ensures|invariant|tag) ' |
  sed 's/.*| \([^|]*\) |$/\1/' | grep -E '^[a-z_]+\.[a-z_.]+(, [a-z_]+\.[a-z_.]+)*$' |
  tr ',' '\n' | tr -d ' ' | sort -u >named
# shellcheck disable=SC2016 # backticks of Markdown
sed -n 's/^| `\([a-z_.]*\)` .*/\1/p' out | sort >known
verdict 'the cross-reference names clauses' test "$(wc -l <named)" -gt 40
comm -23 named known >unknown
verdict 'that exist' test ! -s unknown

cat >twice.fms <<'END'
framesim 1
machine { ram 64M  allocator none }
boot
claim 0x2345000 -> f
drop f
unsafe drop f
END
run run --check off twice.fms
verdict 'nothing is checked if nobody wants it' exits 0
run run --json - twice.fms
verdict 'cheap checks are the default, and the record has the clause' \
  grep -q '"clause":"drop.ref_held"' out
run run --check full twice.fms
verdict 'full ones' exits 1
verdict 'take the instrumented build' grep -q 'instrumented build' out
run run --check some twice.fms
verdict 'there are no others' answers 2 '--check must be off, cheap or full'
sed 's/none }/none  check off }/' twice.fms >off.fms
run run off.fms
verdict 'a script may say so itself' exits 0
run run --check cheap off.fms
verdict 'the command line says otherwise' exits 1
finish
