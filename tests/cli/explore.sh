#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# explore: known numbers of executions, weak orders, schedules, and mistakes.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null
scripts=$source_root/docs/explore
museum=$source_root/docs/museum

# How many executions an independent model checker counts for these programs.
while read -r script complete blocked; do
  run explore "$scripts/$script.fms"
  verdict "$script has $complete executions, and $blocked are blocked" \
    prints 0 "^held: $complete complete executions?, $blocked blocked, under c11$"
done <<END
claim-get 3 0
claim-drop-get 6 1
read-drop 2 0
last-reference 4 0
drop-claim 3 0
two-lives 8 0
three 23 4
to-unique 3 0
END
run explore --retries 2 "$scripts/three.fms"
verdict 'with retries none of them is blocked' prints 0 '^held: 62 complete executions, 0 blocked'
run explore --jobs 2 --json - "$scripts/three.fms"
verdict 'two processes count the same' \
  grep -q '"complete":23,"blocked":4,"redundant":0,"distinct":23,' out

# A weak order, and what stands in the report.
run explore --weaken unique.cas=relaxed "$scripts/to-unique.fms"
verdict 'a weak unique.cas is a race' prints 1 '^violated: .*to-unique.fms:11: race: '
verdict 'with both accesses and their places' \
  grep -q '^  A      reads  at 2   meta.read      (.*to-unique.fms:10: meta f -> seen)$' out
verdict 'and the order that was weakened' grep -q 'unique.cas  *1 -> unique  <- 3  (relaxed)' out
verdict 'and what the model leaves out' grep -q '^not in the model: .*load buffering' out
sed -n "s/^again: *framesim explore //p" out >again
run explore --model sc --weaken unique.cas=relaxed "$scripts/to-unique.fms"
verdict 'no single order of accesses shows it' prints 0 '^held: 3 complete'
run explore --remove-fence drop.fence "$scripts/last-reference.fms"
verdict 'without the fence of the last owner there is a race' prints 1 'race: data race: '
sed 's/^boot$/variant claim.publish = relaxed\nboot/' "$scripts/claim-get.fms" >weak.fms
run explore weak.fms
verdict 'a script can weaken an order, too' prints 1 '^violated: weak.fms:10: race'
run explore --json - weak.fms
verdict 'the record has the finding' \
  grep -q '"finding":{"kind":"race","text":"[^"]*","place":"weak.fms:10","schedule":"A' out
verdict 'and its accesses' \
  grep -q '{"thread":"B","site":"meta.vtable","order":"plain","does":"read","place":"weak' out

# The schedule of a finding gives it again.
sed "s/.*--schedule '\(.*\)'$/\1/" again >schedule
run explore --weaken unique.cas=relaxed --schedule "$(cat schedule)" "$scripts/to-unique.fms"
verdict 'a schedule that was printed gives the finding again' prints 1 '^violated: .*:11: race: '
verdict 'and prints itself' grep -qF "schedule: $(cat schedule)" out
run explore --schedule 'A:get.load<start B:*' "$scripts/last-reference.fms"
verdict 'a point that the thread has not is refused' answers 2 'schedule step 1.*A:get.load'
run explore --schedule 'B:* A:drop.dek' "$scripts/last-reference.fms"
verdict 'a misspelt point has a suggestion' answers 2 "schedule step 2.*did you mean 'drop.dec'"
run explore --schedule 'C:*' "$scripts/last-reference.fms"
verdict 'so has a thread that there is not' answers 2 "no thread is called 'C'; there are: A, B"
run explore --schedule 'B:get.load<claim.cas B:get.cas' "$scripts/claim-drop-get.fms"
verdict 'nothing can be read that was not written' answers 2 "step 1, .*nothing was written"
run explore --schedule 'A:claim.publish B:get.load<claim.cas B:*' "$scripts/claim-get.fms"
verdict 'an older write can be read' prints 0 'get.load       saw busy  <- 1$'
verdict 'and the schedule keeps that' grep -q '^schedule: .*B:get.load<claim.cas' out

# What happens sometimes, always and never.
run explore "$scripts/claim-get.fms"
verdict 'each outcome of a race is shown' test "$(grep -c 'for instance:$' out)" -eq 3
sed 's/^sometimes.*Busy$/sometimes err == InUse/' "$scripts/claim-get.fms" >no.fms
run explore no.fms
verdict 'what never comes about is a finding' prints 1 'sometimes: in no execution: sometimes err'
sed 's/^always seen.*/never seen == 7/' "$scripts/claim-get.fms" >never.fms
run explore never.fms
verdict 'what never was to happen is one, too' prints 1 'came true: never seen == 7'
verdict 'with an execution' grep -q '^schedule: A:\* B:\*$' out
sed 's/ or err; meta/; meta/' "$scripts/claim-get.fms" | grep -v err >error.fms
run explore error.fms
verdict 'an error without "or" is a finding' prints 1 'get answered '
cat >leak.fms <<END
framesim 1
machine { ram 64M  cpus 2  allocator none }
boot
claim 0x2345000 as anon -> f
thread A { drop f }
thread B { get 0x2345000 -> g or err; into_raw g -> p; from_raw p -> h }
always bound h == 1 or err == Unused or err == Busy
never refcount f == 0 or err == Ok
END
run explore leak.fms
verdict 'handles keep their references when they are forgotten' exits 1
verdict 'and states can be asked by the name of what is gone' grep -q 'came true: never ref' out

# Limits.
run explore --executions 2 "$scripts/three.fms"
verdict 'a limit is said to be one' prints 3 '^limit: .* stopped by the limit of executions'
run explore --random 1 --executions 50 "$scripts/three.fms"
verdict 'what was drawn at random is not called complete' exits 3
run explore --random 1 "$scripts/three.fms"
verdict 'and needs a limit' answers 2 '\-\-random needs --executions N'

# The museum.
for variant in look-then-decrement zero-is-unused dealloc-first unique-relaxed; do
  run explore --variant $variant "$museum/$variant.fms"
  verdict "$variant is found without a schedule" prints 1 '^violated: '
  run explore "$museum/$variant.fms"
  verdict "and the present form of $variant holds" prints 0 '^held: '
done

# Mistakes.
script() {
  printf 'framesim 1\nmachine { ram 64M  cpus 2  allocator none }\nboot\n%s\n' "$1" >made.fms
  run explore made.fms
}
script 'claim 0x2345000 -> f; drop f'
verdict 'a script without threads is refused' answers 2 'made.fms has no threads'
script 'claim 0x2345000 -> f; thread A { drop f }; thread B { clone f -> g; drop g }'
verdict 'two threads cannot use what one of them drops' \
  answers 2 "made.fms:4:61: error: 'f' is thread A's"
script 'thread A { claim 0x2345000 }'
verdict 'what is made needs a name' answers 2 "what 'claim' makes needs a name"
script 'thread A { choose { 1: note "a"  2: note "b" } }'
verdict 'nothing is drawn by chance' answers 2 "'choose' cannot be explored"
script 'thread A { claim 0x2345000 -> f; drop f; drop f }'
verdict 'a handle is dropped once' answers 2 "'f' owns no handle any more"
script 'thread A { claim 0x2345000 -> f or e; claim 0x2346000 -> f or e }'
verdict 'and bound once' answers 2 "'f' may still own a live handle"
script 'thread A { expect holders 0x2345000 == 0 }'
verdict 'threads ask for what they can read' answers 2 'can only ask for refcount and state'
script 'thread A cpu 7 { note "a" }'
verdict 'each has a CPU' answers 2 'the machine has no CPU of this number'
sed 's/allocator none/allocator none  metadata deferred/' "$scripts/read-drop.fms" >deferred.fms
run explore deferred.fms
verdict 'deferred slots are not explored' answers 2 'deferred metadata cannot be explored'
run explore --weaken claim.cas "$scripts/three.fms"
verdict 'a weaker order has a name' answers 2 "an order stands behind '='"
run explore --weaken claim.meta=relaxed "$scripts/three.fms"
verdict 'a plain access has none' answers 2 'a plain access has no order'
run explore --model rc11 "$scripts/three.fms"
verdict 'a model has one of three names' answers 2 'c11, sc or tso'

# The page that plays an execution; its document is JSON with a moment a line.
document() {
  sed -n '/id="document"/,/<.script>/p' "$1" | sed '1s/.*>{/{/; s/<.script>.*//' >document.json
  python3 -m json.tool document.json parsed.json
}
# has TEXT...: a line of the document has each of these.
has() {
  cp document.json left
  for text in "$@"; do
    grep -F -- "$text" left >next || return 1
    mv next left
  done
}
run explore --weaken unique.cas=relaxed --html race.html "$scripts/to-unique.fms"
verdict 'a finding with a page is the same finding' prints 1 '^violated: .*to-unique.fms:11: race: '
rows=$(grep -Ec '^ +[0-9]+  +[a-z]+\.[a-z]+' out)
verdict 'the page has a document' document race.html
verdict 'of an exploration' has '"of":"explore"'
verdict 'with a moment for each row of the table' \
  test "$rows" -eq 5 -a "$(grep -o '"kind":"point"' document.json | wc -l)" -eq 5
verdict 'that says which step wrote what was read' \
  has '"step":4,"cpu":1' '"point":"unique.cas"' '"seen":"1"' '"written":"unique"' '"from":"step 3"'
verdict 'which order is not the usual one' has '"point":"unique.cas","order":"relaxed, weakened"'
verdict 'and what the slot is then' has '"step":4,' '["slot","0x2345000",["unique",0,"link"'
verdict 'before the threads both holders are there' \
  has '"kind":"start"' '["slot","0x2345000",["shared",2,' '["holder","f",' '["holder","g",'
verdict 'the race is told in the last moment' has '"kind":"finding"' '"found":2'
verdict 'with the access that was first' \
  has 'to-unique.fms:10","thread A reads at step 2, meta.read'
verdict 'and the one that was not ordered' \
  has 'to-unique.fms:11","thread B writes at step 5, meta.write'
run explore --weaken unique.cas=relaxed --jobs 2 --quiet --html again.html "$scripts/to-unique.fms"
verdict 'the same execution gives the same bytes' cmp race.html again.html
run explore --quiet --html witness.html "$scripts/last-reference.fms"
verdict 'what holds has a page, too' exits 0
verdict 'of the first witness' document witness.html
verdict 'which says what came true' \
  has '"kind":"end"' 'threads have ended; sometimes err == Ok came true'
verdict 'who made a handle holds it in the end' \
  has '"kind":"end"' '["holder","next",["next","shared"'
verdict 'and the outcome is no finding' has '"verdict":"held"'
run explore --quiet --html one.html --schedule 'B:* A:*' "$scripts/last-reference.fms"
verdict 'any execution can be played' document one.html
verdict 'by its schedule' has '"step":2,"cpu":1' '"point":"claim.cas"' '"from":"step 1"'
run explore --quiet --html judged.html --variant look-then-decrement \
  "$museum/look-then-decrement.fms"
verdict 'a finding of the end' document judged.html
verdict 'is told with its rule' has '"kind":"finding"' 'slot.busy_at_rest'
echo kept >nothing.html
run explore --html nothing.html "$scripts/read-drop.fms"
verdict 'where nothing stands out there is nothing to play' \
  answers 0 'nothing to play: no execution'
verdict 'and no page' test ! -e nothing.html
run explore --html missing/folder.html "$scripts/three.fms"
verdict 'a page that cannot be made' answers 4 'cannot write missing/folder.html: No such file'
verdict 'then nothing is explored' test ! -s out
run explore --strength --html none.html "$scripts/three.fms"
verdict 'strength has no execution to play' answers 2 '\-\-strength and --html do not go together'

# Strength: slots only, the whole of it is in a document that is kept.
run explore --strength "$scripts/claim-drop-get.fms" "$scripts/last-reference.fms" \
  "$scripts/drop-claim.fms" "$scripts/to-unique.fms" "$scripts/publish.fms"
verdict 'all needed orders of slots are found' prints 0 '; 8 are needed$'
verdict 'under sc none is' test "$(grep -c ' race  *held$' out)" -eq 8
finish
