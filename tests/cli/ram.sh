#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# RAM files: they are sparse, survive, and tell of the machine that was in them.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

cat >good.fms <<'END'
framesim 1
machine { ram 256M  allocator none }
boot
claim 0x2345000 as link meta 5 -> f
end expecting leak f
END
run run --ram machine.ram --digest good.fms
verdict 'a script leaves its machine behind' prints 0 '^held'
digest=$(sed -n 's/^digest //p' out)
size=$(stat -c %s machine.ram)
blocks=$(stat -c %b machine.ram)
verdict 'the file is as long as the memory' test "$size" -eq $((256 << 20))
verdict 'and sparse: a tenth of it at most' test $((blocks * 512 * 10)) -lt "$size"

run show machine.ram
verdict 'show tells of the machine' prints 0 'max_paddr +0x000010000000'
run show --digest machine.ram
verdict 'its digest is that of the run' grep -q "^digest $digest\$" out
run show machine.ram 0x2345000
verdict 'show tells of a frame' prints 0 'ref_count +0x0000000000000001  shared, 1 reference'
verdict 'and of its metadata' grep -q 'storage *0500000000000000' out
run show machine.ram 0x2345001
verdict 'an address within a frame has no slot' answers 2 'no multiple of 4096'
run show machine.ram 256M
verdict 'nor has one beyond the end' answers 2 'max_paddr'
run show --json - machine.ram
verdict 'the record of show is one line' test "$(wc -l <out)" -eq 1
run check machine.ram
verdict 'a good machine passes the check' prints 0 '^65536 frames checked, 0 findings'
run check --json - machine.ram
verdict 'and its record says so' prints 0 '"findings":0'

cat >bad.fms <<'END'
framesim 1
machine { ram 64M }
boot
poke @9000 ref_count = 0
for i in 0..30 { poke @9001 + i * 4K in_list = 1 }
END
run run --ram bad.ram bad.fms
verdict 'a script may corrupt its machine' exits 0
run check bad.ram
verdict 'the check finds it' prints 1 '^0x2328000: slot.busy_at_rest: '
verdict 'and counts what it does not show' grep -q '^\.\.\. and 11 more$' out
verdict 'by clause' \
  grep -Eq '^  slot.unused_in_list +30  the frame is unused but in_list is set$' out
verdict 'only those with findings' \
  test "$(sed -n '/^By clause:$/,/frames checked/p' out | wc -l)" -eq 4
run check --json - bad.ram
verdict 'its record has the count' prints 1 '"findings":31'
one='{"id":"slot.busy_at_rest","faults":1}'
others='{"id":"slot.unused_in_list","faults":30}'
verdict 'and the clauses' grep -q "\"findings\":31,\"clauses\":\\[$one,$others\\]}\$" out

# The slots begin where show says; 0x3c40000 is in the middle of free memory.
run boot --memory 64M --ram hole.ram
run show hole.ram
start=$(sed -n 's/^  slots *\(0x[0-9a-f]*\)-.*/\1/p' out)
at=$((start + 0x3c40000 / 64))
fallocate --punch-hole --offset $at --length 8192 hole.ram
run check hole.ram
verdict 'a hole where slots should be is one finding' \
  prints 1 '^0x3c40000: slot.hole: .*found 0x80, expected 0x0'
verdict 'and no other' prints 1 '^16384 frames checked, 1 finding$'

sha256sum bad.ram >before
run boot --memory 64M --ram bad.ram
verdict 'a RAM file of ours may be used again' exits 0
run check bad.ram
verdict 'by a fresh machine' exits 0
verdict 'which overwrote it' sh -c '! sha256sum -c before'

# The lock is held by a process that says when it has it, and goes when it is told to.
mkfifo held release
flock -n bad.ram sh -c 'echo held >held; read -r _ <release' &
holder=$!
read -r _ <held
sha256sum bad.ram >before
run boot --memory 64M --ram bad.ram
verdict 'a locked file is refused' answers 4 'bad.ram is locked'
verdict 'and left as it is' sha256sum -c before
run run --ram bad.ram good.fms
verdict 'by run too' answers 4 'bad.ram is locked'
run check bad.ram
verdict 'it may be read, with a warning' answers 0 'has a writer'
echo go >release
wait "$holder"
run boot --memory 64M --ram bad.ram
verdict 'once released it is not refused' exits 0

echo 'something of mine' >mine
for verb in show check; do
  run "$verb" mine
  verdict "$verb of another file" answers 4 'no RAM file'
  run "$verb" missing
  verdict "$verb of a missing file" answers 4 'missing: No such file'
  run "$verb" .
  verdict "$verb of a folder" exits 4
done
run boot --memory 64M --ram mine
verdict 'another file is not overwritten' answers 4 'left alone'
run run --ram mine good.fms
verdict 'by run neither' answers 4 'left alone'
verdict 'not a byte of it' grep -qx 'something of mine' mine
head -c 1000000 bad.ram >cut.ram
run check cut.ram
verdict 'a RAM file that was cut off is refused' exits 4
head -c 30000000 bad.ram >cut.ram
run check cut.ram
verdict 'wherever it was cut' exits 4
# A process that was killed leaves a file that can be looked at.
cat >long.fms <<'END'
framesim 1
machine { ram 64M  cpus 2  metadata deferred }
boot
pool p
repeat 100000000 { choose { 3: alloc -> p   3: drop any p } }
END
"$program" run --quiet --ram killed.ram long.fms >/dev/null 2>&1 &
victim=$!
seen=no
for _ in $(seq 600); do
  run show killed.ram
  if exits 0 && grep -q 'stage  *done' out; then
    seen=yes
    break
  fi
  sleep 0.05
done
kill -KILL "$victim"
wait "$victim" 2>/dev/null || true
verdict 'a machine can be shown while it runs' test "$seen" = yes
run show killed.ram
verdict 'and when its process was killed' prints 0 'stage +done'
verdict 'without a word of a writer' test ! -s err
run show --walk 0xffffe00000000040 --cpu 1 killed.ram
verdict 'its page tables translate' prints 0 'physical 0x[0-9a-f]*040$'
run show killed.ram 0x8000
verdict 'its slots can be read' prints 0 'shared, 1 reference'
run show --walk 0x1000 killed.ram
verdict 'what is not mapped has a fault' prints 0 'page fault at 0x1000.*nothing is mapped there'
run show --walk 0x1000 --cpu 2 killed.ram
verdict 'a CPU that is not there' answers 2 'cpu must be 0 to 1'
run show --walk 0x1000 --root 0x1001 killed.ram
verdict 'a root that is none' answers 2 'multiple of 4096'
run show --cpu 1 killed.ram
verdict '--cpu without --walk' answers 2 '--walk'
run materialise killed.ram
verdict 'its deferred slots can be written' prints 0 '^[0-9]+ slots written$'
run materialise killed.ram
verdict 'once' prints 0 '^0 slots written$'
run materialise
verdict 'materialise wants a file' answers 2 'RAMFILE'
run materialise missing.ram
verdict 'that exists' answers 4 'missing.ram'

finish
