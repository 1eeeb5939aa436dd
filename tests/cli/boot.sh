#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# boot and map: their exit statuses, formats and records.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

small=$maps/04-qemu-kvm-bochs-seabios-256m-2013.e820
run boot "$small"
verdict 'a bundled map boots' prints 0 'max_paddr +0x00000fffe000'
cp out from_file
run boot - <"$small"
verdict 'a map comes through standard input' prints 0 'Firmware map: <stdin> \(format e820'
sed 's,<stdin>,MAP,' out >from_stdin
verdict 'and boots alike' sh -c "sed 's,$small,MAP,' from_file | cmp - from_stdin"
run boot --format e820 "$small"
verdict 'its format can be named' prints 0 'format e820'
run boot --format text "$small"
verdict 'in another format it is unusable' answers 4 ':1:[0-9]+: error: '
printf '# ours\nusable 0x0 640K\nusable 0x100000-0x4000000\n' >ours.map
run map ours.map
verdict 'our own form is found' prints 0 'format text'
run boot ours.map
verdict 'and boots' prints 0 'max_paddr'
printf 'usable 0x0 640K\nusabel 0x100000 64M\n' >wrong.map
run map wrong.map
verdict 'a wrong word has its place' answers 4 "^wrong.map:2:1: error: .*'usabel'"
verdict 'and a suggestion' answers 4 "did you mean 'usable'"
run boot wrong.map
verdict 'boot says it too' answers 4 '^wrong.map:2:1: error: '
: >empty.map
run map empty.map
verdict 'an empty map is unusable' exits 4
run boot missing.map
verdict 'a missing map is unusable' answers 4 "missing.map.*No such file"
for map in 03 46; do
  run boot "$maps/$map"-*
  verdict "map $map: cannot boot" answers 1 'no place for the kernel image'
  verdict "map $map: what may help" answers 1 '^hint: '
done
printf 'usable 0x0 640K\nusable 0x100000 60T\n' >huge.map
run boot huge.map
verdict 'a map that the host cannot hold' exits 3
verdict 'has a remedy' answers 3 '^hint: '
run boot --memory 64M --ram missing/machine.ram
verdict 'a RAM file that cannot be made' answers 4 'missing/machine.ram'

keys() {
  # The keys of the outermost object: those at depth 1, outside of strings.
  awk '{
    depth = 0; quoted = 0; word = ""; last = ""
    for (i = 1; i <= length($0); i++) {
      c = substr($0, i, 1)
      if (c == "\"") { quoted = !quoted; if (quoted) word = ""; else last = word }
      else if (quoted) word = word c
      else if (c == "{" || c == "[") depth++
      else if (c == "}" || c == "]") depth--
      else if (c == ":" && depth == 1) printf "%s ", last
    }
    if (depth != 0 || quoted) print "unbalanced"
  }' "$1"
}
run boot --memory 64M --json -
verdict 'a boot has two records of one line' test "$(wc -l <out)" -eq 2
verdict 'one when the allocator has its memory' \
  sh -c 'sed -n 1p out | grep -q "\"stage\":\"allocator\".*\"early\":3,"'
verdict 'one when it is over' sh -c 'sed -n 2p out | grep -q "\"stage\":\"done\".*\"early\":0,"'
cp out both
sed -n 1p both >out
wanted='framesim kind stage map kernel regions max_paddr frames early meta_pages types '
wanted="${wanted}unused unique free_bytes "
verdict 'with these keys in this order' test "$(keys out)" = "$wanted"
verdict 'and kind' grep -q '^{"framesim":1,"kind":"boot",' out
run boot --memory 64M --json file.json
verdict 'a file gets the same records' cmp file.json both
verdict 'beside the text' prints 0 'Normalised regions'
run boot --memory 64M --json missing/file.json
verdict 'a record that cannot be written' answers 4 'cannot write missing/file.json'
run map --json - "$small"
verdict 'the record of a map is one line' test "$(wc -l <out)" -eq 1
verdict 'with keys of its own' test "$(keys out)" = 'framesim kind map firmware regions '

run boot --memory 64M --cpus 3 --allocator none --kernel 32M:16M --top usable
verdict 'every option of the machine shows' prints 0 'CPUs +3'
verdict 'the kernel is where it was wanted' prints 0 'kernel image 0x000002000000-0x000003000000'
verdict 'the allocator is the one named' prints 0 'allocator +none'

# What a loader adds.
run boot --memory 64M --framebuffer 1024x768x24@0xe0000000 --initramfs 32M:3M \
  --cmdline-at 0x10000:100
verdict 'the framebuffer is a region' \
  prints 0 '0x0000e0000000-0x0000e0240000 +2.2 MiB  framebuffer'
verdict 'the initramfs is reclaimable' \
  prints 0 '0x000002000000-0x000002300000 +3.0 MiB  reclaimable'
verdict 'the command line too' \
  prints 0 '0x000000010000-0x000000011000 +4.0 KiB  reclaimable'
run boot --memory 64M --initramfs 63M:2M
verdict 'what is loaded lies in memory' \
  answers 1 'initramfs at 0x3f00000.* at 0x4000000 there is no'
for wrong in --initramfs=1G --initramfs=48M:0 --cmdline-at=1:x --framebuffer=640x480@1G \
  --framebuffer=640x480x32 --framebuffer=0x1x1@0 --framebuffer=70000x1x1@0 \
  --framebuffer=640x480x32@0xffffffffff000000 --linear-map=huge --metadata=lazy; do
  run boot --memory 64M "$wrong"
  verdict "$wrong is refused" answers 2 "${wrong%%=*}|a framebuffer"
done

# Deferred metadata, large pages, many TiB.
run boot --json - "$small"
tail -n 1 out >eager
run boot --json - --metadata deferred "$small"
verdict 'deferred metadata make no difference' sh -c 'tail -n 1 out | cmp - eager'
run boot --linear-map largest --metadata deferred "$maps"/18-*
if grep -q 'sanitizer builds have small windows' err; then
  verdict 'a machine of 4 TiB is too large for this build' exits 3
else
  verdict 'a machine of 4 TiB boots' prints 0 'max_paddr +0x03ff80000000'
  run boot "$maps"/18-*
  verdict 'not with all of its slots' exits 3
  verdict 'and the remedy is named' answers 3 'hint: .*--metadata deferred'
fi
printf 'usable 0x200000 17M\nusable 8G 2G\n' >gap.map
run boot gap.map
verdict 'memory that is reached before it is mapped' \
  answers 1 "kernel panic after stage 'early': page fault: clearing a new page table at 0xffff8002"
verdict 'has its map' answers 1 'boot: gap.map: '
verdict 'and what would help' answers 1 '^hint: .*--linear-map largest'
run boot --linear-map largest gap.map
verdict 'which helps' exits 0

finish
