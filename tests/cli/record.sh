#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run --record: what a script allocates, as a trace that framesim replay takes.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

# value FILE NAME: a number or word of a JSON record.
value() {
  sed "s/.*[{,]\"$2\":\"\\{0,1\\}\\([0-9a-z]*\\).*/\\1/" "$1"
}

cat >work.fms <<'END'
framesim 1
machine { ram 64M  cpus 2 }
boot
pool p
for i in 0..40 { alloc -> a[i] }
for i in 0..40 by 2 { drop a[i] }
alloc frames 8 -> s
alloc frames 6 -> t
on cpu 1 { drop s }
fail alloc 1
alloc -> x or answer
process q
map q at 0x1000 size 64K
write q at 0x1000 1
fork q -> r
write r at 0x1000 2
exit q
thread A cpu 0 { drop a[1] }
thread B cpu 1 { repeat 3 { alloc -> p } }
schedule A:drop.dec B:* A:*
exit r
check
end expecting leak a, p, t
END

# ---- What is recorded ----

run run --record work.text --record-as text work.fms
verdict 'the run is as it is without' prints 0 '^held: .*instrumented build'
# The steps say which frames they took: the frames of single allocations, in hex.
sed -n 's/^ .* alloc -> .* frame 0x\([0-9a-f]*\)000: unused -> .*/\1/p' out >said
sed -n 's/.*: mm_page_alloc: .*pfn=0x\([0-9a-f]*\) order=0 .*/\1/p' work.text | head -n 40 >found
head -n 40 said >wanted
verdict 'the frames are those that the steps name' cmp found wanted
verdict 'and there are some' test "$(wc -l <wanted)" -eq 40
grep -c ': mm_page_alloc: .* pfn=0x0 ' work.text >count
verdict 'an allocation that failed is one, too' grep -qx 1 count
sed -n 's/^[^:]*  *\([0-9]*\.[0-9]*\): .*/\1/p' work.text >moments
verdict 'time goes up' sh -c 'sort -c -u moments && test -s moments'
verdict 'work of another CPU is its own' grep -q '\[001\].*mm_page_free' work.text

# ---- Replays ----

# What the processes took, they gave back.
run replay --json - --memory 64M work.text
digest=$(value out digest)
verdict 'the digest is a SHA-256' test ${#digest} -eq 64
for form in binary text llfree; do
  run run --quiet --record "work.$form" --record-as $form work.fms
  verdict "recorded as $form" exits 0
  run replay --json - --memory 64M "work.$form"
  verdict "$form is replayed" exits 0
  cp out "$form.json"
  verdict "$form ends alike" test "$(value "$form.json" digest)" = "$digest"
  verdict "$form: live are 19 of a, 6 of t and 3 of p" \
    test "$(value "$form.json" live_frames)" -eq $((19 + 6 + 3))
  verdict "$form: in as many blocks, but t, which is two" \
    test "$(value "$form.json" live_blocks)" -eq $((19 + 2 + 3))
  verdict "$form: nothing is unknown, freed twice or taken twice" grep -q \
    '"frees_unknown":{"events":0,"frames":0},"frees_already_free":0,.*"allocs_over_live":0,' \
    "$form.json"
  verdict "$form: s was freed in parts, by another CPU" \
    grep -q '"partial_frees":8,"allocs_over_live":0,"remote_frees":8,' "$form.json"
  verdict "$form: one failed then, none now" \
    test "$(value "$form.json" failed_when_recorded) $(value "$form.json" failed)" = '1 0'
done
verdict 'the machine of the replay has as many CPUs' \
  grep -q '"cpus":\[{"cpu":0,.*{"cpu":1,' binary.json
run run --quiet --record again.binary work.fms
verdict 'the same script gives the same bytes' cmp work.binary again.binary

cat >counted.fms <<'END'
framesim 1
machine { ram 64M }
boot
for i in 0..100 { alloc -> a[i] }
for i in 0..70 { drop a[i] }
end expecting leak a
END
run run --quiet --record counted.binary counted.fms
run replay --json - --memory 64M counted.binary
verdict 'each allocation and each free is an event' \
  grep -q '"events":{"alloc":100,"free":70,.*"peak_frames":100,"live_frames":30,' out

# ---- A run that is killed ----

# The run cannot come to its end: nobody reads what it says.  The blocks that are whole by
# then are the first ones of the recording of a run that nobody disturbed.
cat >long.fms <<'END'
framesim 1
machine { ram 64M }
boot
repeat 30000 { alloc -> f ; drop f }
repeat 40000 { note "this is more than any pipe holds" }
END
run run --quiet --record whole.binary long.fms
verdict 'a long run is recorded' exits 0
mkfifo pipe
said='framesim run --record killed.binary, killed'
# The end for reading is open from here on, and never read.
exec 3<>pipe
"$program" run --record killed.binary long.fms >pipe 2>err &
pid=$!
size=0
# A block has 65536 bytes at most, with its head and that of the file 65600.
while [ "$size" -lt 65600 ] && kill -0 "$pid"; do
  sleep 0.05
  size=$(stat -c %s killed.binary || echo 0)
done 2>err
kill -KILL "$pid"
status=0
wait "$pid" 2>err || status=$?
exec 3<&-
verdict 'it was killed before its end' exits $((128 + 9))
size=$(stat -c %s killed.binary)
verdict 'less is there than of the whole' test "$size" -lt "$(stat -c %s whole.binary)"
verdict 'and it is the start of it' cmp -n "$size" killed.binary whole.binary
run replay --json killed.json --memory 64M killed.binary
verdict 'what is there is replayed' prints 0 'the recording has no end'
verdict 'and is not nothing' test "$(value killed.json alloc)" -gt 10000

# ---- Mistakes ----

printf 'framesim 1\nboot\nalloc -> f\nboot\nalloc -> f\ndrop f\n' >two.fms
run run --record two.binary two.fms
verdict 'of two machines the first one is recorded' \
  answers 0 'two.binary: only what the first machine of the script did is in it'
run replay --json - --memory 64M two.binary
verdict 'and nothing of the second' grep -q '"alloc":1,"free":0,' out
printf 'framesim 1\nmachine { ram 64M  allocator bitmap }\nboot\nalloc -> f\ndrop f\n' >zero.fms
run run --record zero.llfree --record-as llfree zero.fms
verdict 'llfree has no place for frame 0' answers 0 'zero.llfree: 2 events are not in it'
run run --record zero.text --record-as text zero.fms
run replay --json - --memory 64M zero.text
verdict 'text has one' grep -q '"alloc":1,"free":1,.*"frees_unknown":{"events":0,' out
printf 'framesim 1\nnote "nothing"\n' >none.fms
run run --record none.binary none.fms
verdict 'a run without a machine' exits 0
run replay --json - --memory 64M none.binary
verdict 'is a recording without events' grep -q '"alloc":0,"free":0,' out
run run --record-as text work.fms
verdict 'a form without a file' answers 2 '--record-as needs --record'
run run --record x --record-as tekst work.fms
verdict 'a form that there is not' answers 2 "no form of recordings is named 'tekst'"
run run --build native --record x work.fms
verdict 'the native build cannot be followed' answers 2 'record.*need the instrumented build'
run run --step --record x work.fms
verdict 'nor can a run that goes back' answers 2 'step and --record do not go together'
run run --syntax-only --record none work.fms
verdict 'where nothing is run nothing is written' test ! -e none
run run --record missing/file work.fms
verdict 'a file that cannot be made' answers 4 "cannot write 'missing/file'"
verdict 'then nothing is run' test ! -s out
for form in binary text llfree; do
  run run --record /dev/full --record-as $form work.fms
  verdict "a full device, as $form" answers 4 "cannot write '/dev/full'"
  verdict "the run itself came to its end, as $form" grep -q '^held: ' out
done
finish
