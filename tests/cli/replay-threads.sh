#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# replay --threads real: what is counted of a trace does not depend on who plays the CPUs.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null
huge=$source_root/tests/data/traces/huge-pages.trace.zst

# of_trace FILE: the record without the time, the threads, and what the allocator answered.
of_trace() {
  sed -e 's/"failed":[0-9]*,//' -e 's/"seconds":[^,]*,"events_per_second":[0-9]*,//' \
    -e 's/"digest":"[0-9a-f]*",//' -e 's/"threads":[0-9]*,//' -e 's/"held_frames":[0-9]*,//' \
    -e 's/"huge":{[^}]*},//' "$1"
}

# A trace in which four CPUs hand blocks around: most frees are for blocks of another one.
awk 'BEGIN {
  for (i = 0; i < 20000; i++) {
    n = i * 7919 % 97
    cpu = i % 4
    printf "%16s-1     [%03d] ..... %d.%06d: mm_page_%s: page=1 pfn=%d order=%d\n", "worker", cpu,
      i / 1000, i % 1000, n in live ? "free" : "alloc", 64 * (n + 1), n % 4
    if (n in live) delete live[n]; else live[n] = 1
  }
}' >around.txt
run replay --json one.json --memory 64M --cpus 4 around.txt
verdict 'one thread plays it' prints 0 '^held: 20000 events, 0 findings$'
verdict 'and is not mentioned' sh -c '! grep -q "threads, one for each CPU" out'
verdict 'it has many frees by another CPU' \
  test "$(sed 's/.*"remote_frees":\([0-9]*\).*/\1/' one.json)" -gt 5000
for allocator in buddy bitmap none; do
  for cpus in 1 2 4 9; do
    run replay --json real.json --memory 64M --cpus $cpus -a $allocator --threads real around.txt
    verdict "$cpus threads with $allocator: all held" prints 0 '^held: 20000 events, 0 findings$'
    verdict "$cpus threads with $allocator: as many threads as CPUs" \
      prints 0 "^  threads, one for each CPU +$cpus  (each on a CPU|not pinned)"
    of_trace real.json >real
    of_trace one.json >one
    verdict "$cpus threads with $allocator: the same is counted" cmp one real
  done
done
verdict 'the record has the number of threads' grep -q '"threads":9,' real.json

run replay --json one.json --memory 256M "$huge"
run replay --json real.json --memory 256M --threads real --record real.binary "$huge"
verdict 'a real trace is played' prints 0 '^held: '
of_trace one.json >one
of_trace real.json >real
verdict 'and the same is counted' cmp one real
verdict 'nothing failed' grep -q '"failed":0,' real.json
run replay --json again.json --memory 256M --threads one real.binary
of_trace again.json >again
verdict 'what was recorded is the same trace' cmp one again
run replay --json real.json --memory 256M --threads real --cpus 1 "$huge"
run replay --json one.json --memory 256M --cpus 1 "$huge"
verdict 'on one CPU the machine ends alike, too' test \
  "$(sed 's/.*"digest":"\([^"]*\)".*/\1/' one.json)" = \
  "$(sed 's/.*"digest":"\([^"]*\)".*/\1/' real.json)"

# The columns that are of the trace: the event, its time, live frames and live blocks.
run replay --csv one.csv --every 500 --memory 256M "$huge"
run replay --csv real.csv --every 500 --memory 256M --threads real "$huge"
cut -d, -f1-4 one.csv >one
cut -d, -f1-4 real.csv >real
verdict 'the series has the same counts of the trace' cmp one real
verdict 'in each row the frames held are those that are live' \
  awk -F, "NR > 1 && \$3 != \$5 { bad = 1 } END { exit bad || NR < 5 }" real.csv
run replay --json one.json --until 1000 --memory 256M "$huge"
run replay --json real.json --until 1000 --memory 256M --threads real "$huge"
of_trace one.json >one
of_trace real.json >real
verdict 'until stops behind the same event' cmp one real

run replay --memory 64M --threads fibres around.txt
verdict 'another word is refused' answers 2 '--threads must be one or real'
sed '5000s/pfn=/pnf=/' around.txt >bad.txt
run replay --memory 64M --threads real bad.txt
verdict 'a trace with a mistake ends it' answers 4 '^bad.txt:5000:[0-9]+: error: '

# ---- A pipe that somebody interrupts ----

mkfifo pipe
said='framesim replay --threads real - (a pipe), interrupted'
"$program" replay --memory 64M --threads real --record stopped.binary - <pipe >out 2>err &
pid=$!
{
  cat around.txt
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
finish
