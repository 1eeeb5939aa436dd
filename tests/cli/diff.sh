#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim diff: two RAM files, in the terms of machines.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

run boot --memory 64M --ram one.ram
run boot --memory 64M --ram two.ram
run diff one.ram two.ram
verdict 'two boots of one map are the same' prints 0 '^the machines are the same$'
run diff one.ram one.ram
verdict 'a machine is as it is' prints 0 '^the machines are the same$'
run diff --json - one.ram two.ram
verdict 'the record says so' prints 0 '"same":true.*"different":0'
run boot --memory 64M --metadata deferred --ram deferred.ram
run diff --json - one.ram deferred.ram
verdict 'deferred slots say what written ones say' \
  prints 1 '"name":"metadata","first":"eager","second":"deferred"'

cat >work.fms <<'END2'
framesim 1
machine { ram 64M }
boot
alloc -> f
clone f -> g
alloc frames 8 -> s
process p
map p at 0x1000 size 4K rw
write p at 0x1000 7
end expecting leak f, g, s, p
END2
run run --ram work.ram work.fms
verdict 'a script works in a machine' exits 0
run check work.ram
verdict 'and leaves it sound' prints 0 '16384 frames checked, 0 findings'
run diff one.ram work.ram
verdict 'it differs' exits 1
verdict 'frames are counted by state and type' grep -Eq '^  shared   anon +0 +10 +\+10$' out
verdict 'what did not change is told as such' grep -Eq '^  shared   kernel +4096 +4096 +-$' out
verdict 'runs of frames are told' \
  grep -Eq '^  0x[0-9a-f]+-0x[0-9a-f]+ +1  unused -> shared 2, anon$' out
verdict 'free bytes too' grep -Eq '^  bytes +[0-9]+ -> [0-9]+$' out
verdict 'and chunks by order' grep -Eq '^  chunks of order [0-9]+ +[0-9]+ -> [0-9]+$' out
run diff work.ram one.ram
verdict 'the other way round it is the other way round' \
  prints 1 '^  0x[0-9a-f]+-0x[0-9a-f]+ +1  shared 2, anon -> unused$'

run boot --memory 128M --cpus 2 --ram large.ram
run diff one.ram large.ram
verdict 'machines of other sizes can be compared' prints 1 '^  max_paddr +0x4000000 -> 0x8000000$'
verdict 'their CPUs' grep -q '^  CPUs  *1 -> 2$' out
verdict 'their regions' grep -Eq '^  \+ 0x[0-9a-f]+-0x000008000000  usable$' out
verdict 'their page tables' grep -q '^  kernel  *0xffff800000000000-0xffff800003ffffff to 0x0,' out
verdict 'not all of it' grep -q 'more runs (--all shows them)$' out
run diff --all one.ram large.ram
verdict 'unless it is wanted' exits 1
verdict 'their frames that only one has' grep -q 'no slot -> ' out
verdict 'then nothing is left out' sh -c '! grep -q "more runs" out'
runs=$(sed -n 's/^Frames that differ: .* in \([0-9]*\) runs$/\1/p' out)
verdict 'and each run has its line' \
  test "$(grep -Ec '^  0x[0-9a-f]+-0x[0-9a-f]+ +[0-9]+  .* -> ' out)" -eq "$runs"
run diff --json record one.ram large.ram
verdict 'text and a record at once' prints 1 '^Boot$'
verdict 'the record is one line' test "$(wc -l <record)" -eq 1
verdict 'with the same number of runs' grep -q "\"runs\":$runs," record

echo 'something of mine' >mine
run diff one.ram mine
verdict 'another file is refused' answers 4 'mine is no RAM file'
run diff missing.ram one.ram
verdict 'a missing one too' answers 4 'missing.ram'
run diff one.ram
verdict 'one file is not enough' answers 2 'two RAMFILEs'
run diff one.ram two.ram work.ram
verdict 'three are too many' answers 2 'too many'

finish
