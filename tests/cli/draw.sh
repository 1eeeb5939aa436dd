#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim draw: pictures as files, and what cannot be drawn.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

examples=$source_root/docs/examples
mkdir pictures

sh "$source_root/docs/pictures/make.sh" "$program" pictures >make.out 2>&1 || cat make.out >&2
for picture in strip slot tables buddy states spacetime regions; do
  verdict "the picture $picture of the documents is current (docs/pictures/make.sh)" \
    cmp "$source_root/docs/pictures/$picture.svg" "pictures/$picture.svg"
done

# size FILE: width and height of a PNG, as its header has them.
size() {
  od -An -tu1 -j16 -N8 "$1" | awk '{ print $1 * 16777216 + $2 * 65536 + $3 * 256 + $4, \
    $5 * 16777216 + $6 * 65536 + $7 * 256 + $8 }'
}
run draw states -o states.png
verdict "a PNG is written" exits 0
verdict 'twice as large as its units' test "$(size states.png)" = '2560 1360'
run draw states --scale 1 -o small.png
verdict 'or as large as is wanted' test "$(size small.png)" = '1280 680'
run draw states --as png -o other.svg
verdict 'the form need not be that of the name' cmp states.png other.svg
run draw states -o states.pdf
verdict 'a PDF is written' sh -c 'head -c 5 states.pdf | grep -q "^%PDF-"'
cp states.pdf first.pdf
run draw states -o states.pdf
verdict 'the same PDF each time' cmp first.pdf states.pdf
run draw states -o -
verdict 'standard output gets SVG' prints 0 '<title id="title">The states of a slot</title>'

run draw strip "$examples/cow.fms" --step 5 -o five.svg
run draw strip "$examples/cow.fms" --step 7 -o seven.svg
grep -o '<g id="frame-[^"]*"' five.svg >five.ids
grep -o '<g id="frame-[^"]*"' seven.svg >seven.ids
verdict 'another step has the same frames' cmp five.ids seven.ids
verdict 'though not in the same states' sh -c '! cmp -s five.svg seven.svg'
run draw buddy "$examples/buddies.fms" --range 0x500000-0x510000 -o - --step 5
verdict 'a range of a free list' prints 0 'Block of order 4 at 0x500000: not free as a whole'
run draw slot "$examples/busy.fms" --frame @9029 --step 3.drop.dec -o -
verdict 'a frame by its number, in the middle of a step' \
  prints 0 'busy.fms, in step 3, right after drop.dec: A: drop f'
run draw tables "$examples/cow.fms" -o -
verdict 'a process that is gone leaves its places' prints 0 'not at this step'
run draw spacetime "$examples/stale.fms" --step 6 -o -
verdict 'one step, point by point' prints 0 'pte.store'
run draw strip "$examples/stale.fms" -o -
verdict 'a finding does not keep from drawing' prints 0 'after step 12'

run run --quiet --ram cow.ram "$examples/cow.fms"
run draw strip --ram cow.ram --range 0x1300000-0x1310000 -o -
verdict 'a RAM file can be drawn' prints 0 'id="frame-0x130f000"'
run draw slot --ram cow.ram --frame 0x1300000 -o -
verdict 'a slot of it, too' prints 0 'The slot of frame 0x1300000'
run draw tables --ram cow.ram -o -
verdict 'not the tables of a process that is gone' answers 2 'no process is there'
run draw buddy --ram cow.ram --range 0x1300000-0x1310000 -o -
verdict 'its free lists' prints 0 'Block of order 0 at 0x1300000'

cat >none.fms <<'END'
framesim 1
machine { ram 8M  kernel 2M 1M  allocator none }
boot
END
run draw buddy none.fms -o -
verdict 'another allocator has no buddies' answers 2 "allocator none, which has no buddies; 'strip'"
run draw strip none.fms -o -
verdict 'a script that changes no frame has a bar' prints 0 'No frame is singled out here'
run draw strip none.fms --range 0x0-0x10000 -o -
verdict 'or the range that is asked for' prints 0 'id="frame-0xf000"'
run draw strip none.fms --range 0x800000-0x900000 -o -
verdict 'a range beyond memory is refused' answers 2 'memory ends at 0x800000'
run draw strip none.fms --range 0x800-0x900 -o -
verdict 'one that cuts frames, too' answers 2 'multiples of 4096'
run draw slot none.fms -o -
verdict 'a slot needs a frame' answers 2 "--frame says which frame's slot"
run draw slot none.fms --frame 0x900000 -o -
verdict 'that there is' answers 2 'has no slot: .* below 0x800000'
run draw slot none.fms --frame nobody -o -
verdict 'or is a handle' answers 2 'neither an address nor a handle'
run draw tables "$examples/cow.fms" --process r -o -
verdict 'a process is one of the script' answers 2 'none of that name, but p, q'
run draw strip "$examples/cow.fms" --step 13 -o -
verdict 'a step is one of the script' answers 2 '--step 13: the script has 12 steps'
run draw strip "$examples/cow.fms" --step 2.get.load -o -
verdict 'a point is one of the step' answers 2 '2.get.load was not reached'
run draw strip "$examples/cow.fms" --step 2.get.lod -o -
verdict 'and has a name' answers 2 "there is no point 'get.lod'"
run draw stripe none.fms -o -
verdict 'another picture is not known' answers 2 "no picture 'stripe'; did you mean 'strip'"
run draw strip none.fms -o strip.jpg
verdict 'another form neither' answers 2 'ends in .svg, .png or .pdf'
run draw strip none.fms
verdict 'a file is needed' answers 2 '-o FILE'
run draw strip -o -
verdict 'and a script' answers 2 'a SCRIPT, or --ram FILE, is missing'
run draw strip missing.fms -o -
verdict 'that there is' answers 4 'missing.fms'
run draw states -o nowhere/states.svg
verdict 'a folder is not made' answers 4 'cannot write nowhere/states.svg'
run draw regions "$examples/busy.fms" -o -
verdict 'a script is no map' exits 4

finish
