#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# compare: its table, records, determinism, and that its figures are those of replay and run.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null
trace=$source_root/tests/data/traces/boot.trace.zst

# timeless: a record without its seconds, which are numbers.
timeless() {
  sed 's/"seconds":[0-9][0-9.e-]*,/"seconds":T,/g' "$1"
}

# member NAME: of each row of the record in "out", one per line.
member() {
  tr '{' '\n' <out | grep '^"allocator"' | sed "s/.*\"$1\":\"\\{0,1\\}\\([^,\"}]*\\).*/\\1/"
}

# ---- The table and the records ----

churn="-m 64M -c 4 --workload churn -D ops=2000 -D remote=40"
# shellcheck disable=SC2086 # words are meant
run compare buddy bitmap $churn --seeds 3..7 --csv rows.csv --json record.json
verdict 'the head of the table names what was done' prints 0 \
  '^workload churn ops=2000 remote=40; ram 64M, 4 CPUs; seeds 3 to 7$'
# Five values each: the first, third and last are what the table has.
for allocator in buddy bitmap; do
  for column in 3 4 5 6 7; do
    grep "^$allocator," rows.csv | cut -d, -f$column | sort -g | sed -n '1p;3p;5p'
  done | awk '{ printf "%s%s", $1 + 0, NR % 3 ? " " : "\n" }'
done >wanted
sed '1,2d; s/^ *\(buddy\|bitmap\) *//; /seconds/d' out |
  awk '{ print $(NF - 2) + 0, $(NF - 1) + 0, $NF + 0 }' >found
sed 's/\.\([0-9][0-9][0-9]\)[0-9]*/.\1/g' wanted >wanted.3
sed 's/\.\([0-9][0-9][0-9]\)[0-9]*/.\1/g' found >found.3
verdict 'the table is that of the rows' test "$(wc -l <wanted.3)" -eq 10
awk 'NR == FNR { a[FNR] = $0; next }
     { n = split(a[FNR], x, " "); for (i = 1; i <= n; i++) if ((x[i] - $i) ^ 2 > 2e-6) bad = 1 }
     END { exit bad || FNR != 10 }' wanted.3 found.3 && near=yes || near=no
verdict 'least, median and greatest are those of the rows' test "$near" = yes
verdict 'the values have a head' grep -qx \
  'allocator,seed,score,failed,steps,shared_writes,shared_slots,seconds,digest' rows.csv
verdict 'and a row for each run' test "$(wc -l <rows.csv)" -eq 11
verdict 'a record in a file leaves the table' prints 0 '^allocator +min +median +max$'
row='\{"allocator":"buddy","seed":3,"score":[0-9.]+,"failed":0,"steps":2000,'
row="$row\"shared_writes\":[0-9]+,\"shared_slots\":[0-9]+,\"seconds\":[0-9.e-]+,"
row="$row\"digest\":\"[0-9a-f]{64}\",\"findings\":0\\}"
head='\{"framesim":1,"kind":"compare","workload":"churn",'
head="$head\"parameters\":\\[\"ops=2000\",\"remote=40\"\\],\"map\":\"ram 64M\",\"cpus\":4,"
verdict 'the shape of the record' grep -Eqx "$head\"rows\":\\[$row,.*\\]\\}" record.json

# ---- The same again ----

# shellcheck disable=SC2086
run compare buddy bitmap $churn --seeds 3..7 --json -
verdict 'the record instead of the table' prints 0 '^\{"framesim":1,"kind":"compare"'
timeless out >again
timeless record.json >first
verdict 'a second run writes the same, but for the time' cmp first again
member digest >digests
verdict 'each run ends in another digest' test "$(sort -u digests | wc -l)" -eq 10
# shellcheck disable=SC2086
run compare bitmap $churn --seeds 5..5 --json -
verdict 'a run alone ends as it does among others' test "$(member digest)" = \
  "$(sed -n 8p digests)"
# shellcheck disable=SC2086
run compare bitmap $churn --json -
verdict 'without --seeds it is seed 0' test "$(member seed)" = 0

# ---- Shared writes ----

run compare buddy bitmap -m 64M --workload churn --json -
verdict 'one CPU shares nothing with itself' test "$(member shared_writes | tr '\n' ' ')" = '0 0 '
verdict 'and no slot is shared' test "$(member shared_slots | tr '\n' ' ')" = '0 0 '
run compare bitmap -m 64M -c 2 --workload stacks -D orders=0:1 -D depth=1 -D remote=100 --json -
verdict 'a slot that two CPUs write in turns is shared' test "$(member shared_slots)" -ge 1
verdict 'and there are more writes than slots' test "$(member shared_writes)" -gt \
  "$(member shared_slots)"

# ---- The figures of others ----

run compare buddy bitmap -m 256M -c 4 --trace "$trace" --json -
verdict 'a trace' prints 0 '"workload":"trace","trace":"[^"]*boot.trace.zst","parameters":\[\]'
member digest >digests
member score >scores
member steps >all.steps
for allocator in buddy bitmap; do
  run replay -m 256M -c 4 -a $allocator --json - "$trace"
  sed 's/.*"digest":"\([0-9a-f]*\)".*/\1/' out >>replay.digests
  sed 's/.*"huge":{"free":\([0-9]*\),"possible":\([0-9]*\)}.*/\1 \2/' out |
    awk '{ printf "%.4f\n", $1 / $2 }' >>replay.scores
  sed 's/.*"alloc":\([0-9]*\),"free":\([0-9]*\),"free_b.*/\1 \2/' out |
    awk '{ print $1 + $2 }' >>replay.steps
done
awk '{ printf "%.4f\n", $1 }' scores >scores.cut
verdict 'its digests are those of replay' cmp digests replay.digests
verdict 'its scores, too' cmp scores.cut replay.scores
verdict 'its steps are the allocations and frees' cmp all.steps replay.steps

run compare bitmap -m 32M -c 2 --workload random -D orders=0:4,9:1 -D ops=1000 --seeds 4..4 --json -
failed=$(member failed)
score=$(member score | awk '{ printf "%.4f\n", $1 }')
cat >same.fms <<'END'
framesim 1
machine { ram 32M  cpus 2  allocator bitmap }
boot
workload random { orders 0:4 9:1  ops 1000 }
END
run run same.fms --seed 4
verdict 'a script with the same parameters fails as often' prints 0 " allocated, $failed failed,"
scripts=$(sed -n 's/.* \([0-9]*\) of \([0-9]*\) pieces.*/\1 \2/p' out |
  awk '{ printf "%.4f\n", $1 / $2 }')
verdict 'and is as fragmented' test "$scripts" = "$score"
verdict 'some do fail' test "$failed" -gt 0
run compare none -m 32M --workload churn -D ops=100 --json -
verdict 'without an allocator all fail' test "$(member failed)" -eq 100

# ---- What cannot be ----

usage() {
  pattern=$1
  shift
  run compare "$@"
  verdict "refused: compare $*" answers 2 "$pattern"
}
load='-m 32M --workload churn'
# shellcheck disable=SC2086
{
  usage 'which allocators\?' $load
  usage "no allocator 'budy'; did you mean 'buddy'\\?" $load budy
  usage "no allocator 'x': there are" $load x
  usage 'allocator buddy is named twice' $load buddy bitmap buddy
  usage 'what is to be run\?' -m 32M buddy
  usage 'either --trace or --workload' $load --trace t buddy
  usage "unknown workload 'chrun'; did you mean 'churn'\\?" -m 32M --workload chrun buddy
  usage "no parameter 'op'; did you mean 'ops'\\?" $load -D op=3 buddy
  usage "'remote' is 0 to 100, not 200" $load -D remote=200 buddy
  usage 'all weights .* are 0' $load -D orders=0:0 buddy
  usage 'key=value' $load -D ops buddy
  usage '3 CPUs cannot take part' $load -c 2 -D cpus=3 buddy
  usage '--seeds wants A..B' $load --seeds 5 buddy
  usage '--seeds 5..4: there are 1 to 10000 of them' $load --seeds 5..4 buddy
  usage '1 to 10000' $load --seeds 0..10000 buddy
  usage 'below 2\^53' $load --seeds 9007199254740990..9007199254740993 buddy
  usage 'must be a file' -m 32M --trace - buddy
  usage 'no parameters and no seed' -m 32M --trace t -D ops=1 buddy
  usage 'no parameters and no seed' -m 32M --trace t --seeds 0..2 buddy
  usage 'needs --trace' $load --format text buddy
  usage 'MAP is missing' --workload churn buddy
  usage "did you mean '--seeds'" $load --seed 0..2 buddy
}
run compare buddy -m 32M --trace nowhere
verdict 'a trace that is not there' answers 4 'nowhere'
echo 'no trace' >bad.trace
run compare buddy -m 32M --trace bad.trace
verdict 'a file that is no trace' answers 4 'bad.trace'
run compare buddy --map nowhere --workload churn
verdict 'a map that is not there' answers 4 'nowhere'
# shellcheck disable=SC2086
run compare buddy $load --csv /nowhere/at/all
verdict 'values that cannot be written' answers 4 'cannot write /nowhere/at/all'
# shellcheck disable=SC2086
run compare buddy $load --json /nowhere/at/all
verdict 'a record that cannot be written' answers 4 'cannot write /nowhere/at/all'
run compare buddy -m 4M --workload churn
verdict 'a machine that cannot boot' exits 1

# ---- Ctrl-C ----

# The signal is sent when the first machine stands; its workload would take years.
said='framesim compare, interrupted'
"$program" compare buddy -m 32M --workload churn -D ops=1T --seeds 0..5 --ram machine.ram \
  >out 2>err &
pid=$!
while [ ! -s machine.ram ] && kill -0 "$pid"; do
  sleep 0.1
done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
verdict 'an interrupt ends it' answers 130 '^interrupted: after 0 runs$'
verdict 'and is no finding' test "$(wc -l <err)" -eq 1
finish
