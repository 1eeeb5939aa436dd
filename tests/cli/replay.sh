#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# replay: counts against an awk script over the text, forms, options, and exit statuses.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null
traces=$source_root/tests/data/traces

# value NAME: a number of the record in the file "record"; for members of events and
# frees_unknown with the name of the object, as in frees_unknown.events.
value() {
  case $1 in
    *.*)
      sed "s/.*\"${1%.*}\":{\\([^}]*\\)}.*/,\\1,/" record |
        sed "s/.*,\"${1#*.}\":\\([0-9]*\\).*/\\1/"
      ;;
    *) sed "s/.*[{,]\"$1\":\"\\{0,1\\}\\([0-9a-z]*\\).*/\\1/" record ;;
  esac
}

# replay ARGUMENT...: the record goes to the file of that name, too.
replay() {
  run replay --json - "$@"
  cp out record
}

# ---- Counts ----

# In the order of trace-counts.awk's names.
counts() {
  while read -r word member; do
    echo "$word $(value "$member")"
  done <<END
alloc events.alloc
already_free frees_already_free
free events.free
free_batched events.free_batched
live_blocks live_blocks
live_frames live_frames
over_live allocs_over_live
partial partial_frees
peak_frames peak_frames
remote_frames remote_frames
remote_frees remote_frees
skipped events.skipped
unknown_events frees_unknown.events
unknown_frames frees_unknown.frames
END
}

for sample in boot huge-pages; do
  trace=$traces/$sample.trace.zst
  zstd -dqc "$trace" >"$sample.txt"
  awk -f "$source_root/tests/cli/trace-counts.awk" "$sample.txt" >awk.out
  # What there is none of, awk does not print.
  counted() {
    while read -r word _; do
      grep "^$word " awk.out || echo "$word 0"
    done
  }
  replay "$trace" --memory 256M
  verdict "$sample: compressed" exits 0
  counts >found
  counted <found >wanted
  verdict "$sample: the counts are those of the awk script" cmp found wanted
  verdict "$sample: nothing failed and nothing was found" \
    grep -q '"failed":0,"findings":0,' record
  digest=$(value digest)
  verdict "$sample: the digest is a SHA-256" test ${#digest} -eq 64

  for form in binary text llfree; do
    replay "$trace" --memory 256M --record "$sample.$form" --record-as $form
    verdict "$sample: recorded as $form" exits 0
    replay "$sample.$form" --memory 256M
    verdict "$sample: the recording is found to be $form" exits 0
    verdict "$sample: $form ends alike" test "$(value digest)" = "$digest"
    verdict "$sample: $form has the same allocations" \
      test "$(value events.alloc)" -eq "$(sed -n 's/^alloc //p' awk.out)"
    zstd -q --rm "$sample.$form" -o packed
    replay packed --memory 256M
    verdict "$sample: $form compressed ends alike" test "$(value digest)" = "$digest"
    rm packed
  done
  run replay --json - --memory 256M - <"$sample.txt"
  cp out record
  verdict "$sample: from standard input alike" test "$(value digest)" = "$digest"
  said="a pipe into framesim replay"
  # shellcheck disable=SC2002 # a pipe is meant
  cat "$sample.txt" | "$program" replay --json - --memory 256M - >record
  verdict "$sample: through a pipe alike" test "$(value digest)" = "$digest"
done

# A recording is everything that a replay says, but the time that it took.
without_time() {
  sed 's/"seconds":[^,]*,"events_per_second":[0-9]*,//' record
}
replay huge-pages.txt --memory 256M --record all.binary
without_time >from_text
replay all.binary --memory 256M
without_time >from_binary
verdict 'a recording gives the same record' cmp from_text from_binary

# ---- The report ----

huge=$traces/huge-pages.trace.zst
run replay "$huge" --memory 256M
verdict 'the report says what was read' prints 0 'format text, zstd, 4 CPUs'
verdict 'and that all held' prints 0 '^held: [0-9]+ events, 0 findings$'
verdict 'and how fast' prints 0 '^[0-9.]+ seconds, [0-9]+ events per second$'
keys='"framesim":1,"kind":"replay","events":\{"alloc":[0-9]+,"free":[0-9]+,"free_batched":[0-9]+'
keys="$keys,\"skipped\":[0-9]+\\},\"peak_frames\":[0-9]+,\"live_frames\":[0-9]+,\"live_blocks\""
keys="$keys:[0-9]+,\"frees_unknown\":\\{\"events\":[0-9]+,\"frames\":[0-9]+\\},"
keys="$keys\"frees_already_free\":[0-9]+,\"partial_frees\":[0-9]+,\"allocs_over_live\":[0-9]+,"
keys="$keys\"remote_frees\":[0-9]+,\"failed\":[0-9]+,\"findings\":[0-9]+,\"seconds\":[0-9.e-]+,"
keys="$keys\"events_per_second\":[0-9]+,\"digest\":\"[0-9a-f]{64}\",\"remote_frames\":[0-9]+,"
replay "$huge" --memory 256M
verdict 'the record has its names in their order' prints 0 "^\\{$keys"
verdict 'and is one line' test "$(wc -l <out)" -eq 1
run replay "$huge" --memory 256M --json file.json
verdict 'a file gets the record beside the text' prints 0 '^held: '
verdict 'and it is the record' grep -Eq "^\\{$keys" file.json

run replay "$huge" --memory 256M --csv series.csv --frag-map map.txt --every 1000
verdict 'series are written' exits 0
verdict 'the series has a head' \
  grep -q '^event,time_us,live_frames,live_blocks,held_frames' series.csv
events=$(grep -vc '^#' huge-pages.txt)
rows=$((events / 1000 + 1 + (events % 1000 != 0)))
verdict 'and a row for each sample' test "$(wc -l <series.csv)" -eq $((rows + 1))
verdict 'the last one at the end' test "$(tail -n 1 series.csv | cut -d, -f1)" -eq "$events"
verdict 'with the last counts' \
  test "$(tail -n 1 series.csv | cut -d, -f3)" -eq "$(value live_frames)"
verdict 'the map has as many rows' test "$(wc -l <map.txt)" -eq "$rows"
verdict 'of a digit for each 2 MiB' test "$(grep -cE '^[0-9]{128}$' map.txt)" -eq "$rows"

# ---- Options ----

replay "$huge" --memory 256M --until 1000
verdict 'until stops behind an event' \
  test $(($(value events.alloc) + $(value events.free) + $(value events.free_batched) + \
    $(value events.skipped))) -eq 1000
replay "$huge" --memory 256M --cpu 2
cpu=$(grep -c '\[002\] [^:]*: mm_page_alloc: ' huge-pages.txt)
verdict 'only one CPU' test "$(value events.alloc)" -eq "$cpu"
verdict 'the others are left out' grep -qE '"left_out":[1-9]' record
first=$(sed -n 's/^.\{17\}[^:]* \([0-9]*\)\.[0-9]*: .*/\1/p' huge-pages.txt | head -n 1)
middle=$((first + 2)).5
replay "$huge" --memory 256M --from "$first" --to $middle
early=$(value events.free)
replay "$huge" --memory 256M --from $middle
late=$(value events.free)
verdict 'two ranges of time make the whole' \
  test $((early + late)) -eq "$(grep -c ': mm_page_free: ' huge-pages.txt)"
verdict 'and none is empty' test "$early" -gt 0 -a "$late" -gt 0
replay "$huge" --memory 256M --record cut.binary --cpu 2
replay cut.binary --memory 256M
verdict 'only what is replayed is recorded' test "$(value events.alloc)" -eq "$cpu"

{
  printf '          <idle>-0     [000] ..... 5.0: mm_page_alloc: page=1 pfn=1 order=0\n'
  printf '          <idle>-0     [000] ..... 5.2: mm_page_free: page=1 pfn=1 order=0\n'
  printf '          <idle>-0     [000] ..... 9999.0: mm_page_free: page=1 pfn=1 order=0\n'
} >slow.txt
replay slow.txt --memory 64M --speed recorded --to 6
# No more is known than that it was not faster.
verdict 'the recorded speed is kept, without what is left out' \
  awk -v seconds="$(sed 's/.*"seconds":\([0-9.]*\).*/\1/' record)" 'BEGIN { exit seconds < 0.2 }'
replay "$huge" --memory 256M
peak=$(value peak_frames)
for allocator in buddy bitmap none; do
  replay "$huge" --memory 256M --allocator $allocator --cpus 2
  verdict "allocator $allocator holds" exits 0
  verdict "and counts the same" test "$(value peak_frames)" -eq "$peak"
done
verdict 'without an allocator every allocation fails' \
  test "$(value failed)" -eq "$(value events.alloc)"
replay "$huge" --map "$maps/04-qemu-kvm-bochs-seabios-256m-2013.e820"
verdict 'a map is a machine, too' exits 0
replay "$huge" --map "$maps/04-qemu-kvm-bochs-seabios-256m-2013.e820" --map-format text
verdict 'its form has an option of its own' answers 4 ':1:[0-9]+: error: '

# ---- Mistakes ----

run replay --memory 64M
verdict 'a trace is needed' answers 2 'a TRACE is missing'
run replay one two --memory 64M
verdict 'only one' answers 2 'one TRACE at a time'
run replay "$huge"
verdict 'a machine is needed' answers 2 'a MAP is missing'
run replay "$huge" --memory 64M --map x
verdict 'only one of them' answers 2 'either MAP or --memory'
for option in --until=0 --until=x --cpu=4096 --every=0 --from=1.2.3 --to=-1 --from= --speed=fast; do
  run replay "$huge" --memory 64M $option
  verdict "$option is refused" answers 2 "framesim replay: ${option%%=*}"
done
run replay "$huge" --memory 64M --record-as text
verdict 'a form without a file' answers 2 '--record-as needs --record'
run replay "$huge" --memory 64M --every 5
verdict 'samples without a file' answers 2 '--every needs --csv or --frag-map'
run replay "$huge" --memory 64M --format llfre
verdict 'a form that there is not' answers 2 "did you mean 'llfree'"
run replay "$huge" --memory 64M --record x --record-as tekst
verdict 'nor to record in' answers 2 "no form of recordings is named 'tekst'"
run replay missing.trace --memory 64M
verdict 'a trace that is not there' answers 4 "cannot read 'missing.trace': No such file"
run replay "$source_root/README.md" --memory 64M
verdict 'a file that is no trace' answers 4 'README.md:1:1: error: this line is no event'
sed '100s/pfn=0x/pfn=0y/' boot.txt >bad.txt
run replay bad.txt --memory 64M
verdict 'a line that is wrong has its place' answers 4 '^bad.txt:100:[0-9]+: error: malformed frame'
verdict 'and is shown with a remedy' answers 4 'for example: page='
verdict 'and no result is printed' test ! -s out
head -c 20000 "$traces/boot.trace.zst" >short.zst
run replay short.zst --memory 64M
verdict 'a compressed trace that is cut' answers 4 'byte 20000: error: the compressed data end'
replay boot.txt --memory 256M --record boot.binary
size=$(wc -c <boot.binary)
head -c $((size - 40)) boot.binary >killed.binary
run replay killed.binary --memory 64M
verdict 'a recording that was cut is replayed' prints 0 'the recording has no end'
{
  head -c 100 boot.binary
  printf '\377\377'
  tail -c +103 boot.binary
} >damaged.binary
run replay damaged.binary --memory 64M
verdict 'a recording that is damaged is not' \
  answers 4 'damaged.binary:byte 32: error: block 1: the checksum'
for option in --record --json --csv --frag-map; do
  run replay "$huge" --memory 64M $option missing/file
  verdict "$option to a place that is not there" answers 4 "cannot write '?missing/file"
  run replay "$huge" --memory 64M $option /dev/full
  verdict "$option to a full device" answers 4 "cannot write '?/dev/full"
done

# ---- A pipe that somebody interrupts ----

mkfifo pipe
said='framesim replay - (a pipe), interrupted'
"$program" replay --memory 64M --record stopped.binary - <pipe >out 2>err &
pid=$!
{
  cat boot.txt
  # When the file is there, the program reads.
  while [ ! -s stopped.binary ]; do sleep 0.05; done
  kill -INT "$pid"
  status=0
  wait "$pid" || status=$?
  echo "$status" >status
} >pipe
status=$(cat status)
verdict 'the status says interrupted' answers 130 '^interrupted: after event '
verdict 'with the result so far' grep -q '^held: ' out
run replay stopped.binary --memory 64M
verdict 'and the recording is whole' exits 0
finish
