#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# map: every form of firmware map, the live one, and conversions.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

# form SAMPLE FORMAT
form() {
  run map "$maps/$1"-*
  verdict "map $1 is of the form $2" prints 0 "format $2, "
}
form 01 e820
form 16 e820
form 22 efi
form 27 xen
form 34 iomem
form 37 sysfs
form 53 crash
form 62 multiboot
form 63 multiboot
printf '0x0000000000000000-0x00000000bfffffff   3G online  yes  0-23\n' >blocks
run map blocks
verdict 'lsmem is known' prints 0 'format lsmem, 1 region'

mkdir -p memmap/0
echo 0x0 >memmap/0/start
echo 0xfff >memmap/0/end
echo 'System RAM' >memmap/0/type
run map memmap
verdict 'a folder is a map' prints 0 'format sysfs, 1 region'
echo 'Sytsem RAM' >memmap/0/type
run map memmap
verdict 'a mistake in it names the file' answers 4 '^memmap/0/type:1:1: error: unknown type'
run map .
verdict 'another folder is none' answers 4 'a folder without a map: expected folders 0, 1'

printf '%s-%s : %s\n' 00000000 00000000 Reserved 00000000 00000000 'System RAM' >hidden
run map hidden
verdict 'addresses that were hidden are an error' answers 4 '^hidden:1:1: error: all addresses'
verdict 'with the way to see them' answers 4 'sudo cat /proc/iomem'
printf 'usual\nlog\n' >none
run map none
verdict 'a file of no form' answers 4 '^none:1:1: error: .* in any known format'
for name in e820 efi xen iomem lsmem multiboot crash sysfs text json; do
  verdict "$name was tried" grep -q "|   $name: " err
done

{
  cat "$maps"/16-*
  cat "$maps"/22-*
  cat "$maps"/04-*
} >log
run map log
verdict 'of several tables one is read, and named' prints 0 'Read: BIOS-e820; not read: user, efi'
verdict 'the one of the firmware' prints 0 'format e820, 7 regions'
run map --json - log
verdict 'the record says it, too' prints 0 '"table":"BIOS-e820","others":"user, efi"'
run map --format efi log
verdict 'another one can be named' prints 0 'format efi, 56 regions'

for sample in "$maps"/[0-9]*; do
  run map --convert text "$sample"
  cp out first
  for to in e820 json text; do
    run map --convert "$to" "$sample"
    cp out converted
    run map --convert text converted
    verdict "$(basename "$sample") survives $to" cmp out first
  done
done
run map --json - "$maps"/34-*
cp out record
run map --convert e820 record
cp out from_record
run map --convert e820 "$maps"/34-*
verdict 'the record of a map is a map' cmp out from_record
printf 'kernel 0 4K\n' >loader
run map --convert e820 loader
verdict 'what cannot be said is an error' answers 4 "region 1 is of type 'kernel'"
verdict 'and nothing is written' test ! -s out
run map --convert jsn loader
verdict 'a form that is none' answers 2 "did you mean 'json'"

run map --live x
verdict 'live and a map' answers 2 'either --live or MAP'
run map --live --format e820
verdict 'live and a form' answers 2 'either --live or --format'
run map --convert text --json - loader
verdict 'two outputs' answers 2 'either --convert or --json'
run map --live
# What this machine shows depends on it; a map or a reason there must be.
shown() {
  prints 0 'Firmware map: /(sys/firmware/memmap|proc/iomem) ' ||
    answers 4 'the map of this machine cannot be read' || exits 1
}
verdict 'the live map is shown, or why not' shown
finish
