#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# bench: the shape of its tables and records.  How long anything took is not looked at.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

# rows COLUMNS: the names in the table of the last run, one per line; a line that has not
# this many columns of numbers behind its name is shown whole.
rows() {
  sed 1d out | sed -E "s/ +([0-9]+(\\.[0-9]+)? +){$1}[0-9]+\\.[0-9]+x\$//"
}

# names: those in the record of the last run, one per line.
names() {
  grep -o '"name":"[^"]*"' out | sed 's/.*:"\(.*\)"/\1/'
}

# holds_numbers: each row of the record has all its numbers, and they are above 0.
# shellcheck disable=SC2317 # called through verdict
holds_numbers() {
  value='([0-9.]+(e[-+]?[0-9]+)?)'
  members="\"min_ns\":$value,\"median_ns\":$value,\"bare_ns\":$value,\"ratio\":$value"
  complete=$(grep -oE "\\{\"name\":\"[^\"]*\",$members\\}" out | wc -l)
  [ "$complete" -eq "$(names | wc -l)" ] && ! grep -qE '":(0|0\.0)[,}]' out
}

cat >slot.rows <<'END'
claim+drop hot
claim+drop walk 262144
clone+drop
get+drop
get failing hot
get failing walk 262144
unique<->shared
END
printf '%s\n' frames alloc segments lists processes >contract.rows

for allocator in buddy bitmap; do
  for row in 'alloc+drop hot' 'bulk in order' 'bulk reversed' 'bulk shuffled' 'random free' \
    'segment of 512' '2 CPUs, own frames' "2 CPUs, other's frames"; do
    echo "$allocator $row"
  done
done >alloc.rows
echo 'list push+pop' >>alloc.rows

cat >pt.rows <<'END'
inc of a frame
map+unmap 4 KiB
1 GiB by 4 KiB, untracked
1 GiB by 4 KiB, tracked
1 GiB by 2 MiB, untracked
translate, from the TLB
translate, cold
fork of 10000, a page
exit with 10000, a page
END

cat >check.rows <<'END'
1 thread, opened anew
1 thread, again
all CPUs, opened anew
all CPUs, again
END

cat >replay.rows <<'END'
read text
read binary
read llfree
replay from text
replay from binary
replay from llfree
replay from memory
END

for allocator in buddy bitmap; do
  for kind in churn bulk random fork-storm page-cache stacks; do
    echo "$allocator $kind"
  done
done >workload.rows

cat >explore.rows <<'END'
claim || get, read
claim, drop || get, drop
2 read, drop
drop || drop, claim
2 claim, drop
drop || get, drop || claim, drop
read, drop || unique, drop
5 drop
9 drop
9 drop, all cores
6 claim, drop
6 claim, drop, all cores
END

run bench slot --rounds 1
rows 3 >found
verdict 'the table of suite slot' cmp found slot.rows
verdict 'its columns' prints 0 '^operation +min ns +median +bare min +ratio$'
run bench alloc --rounds 1
rows 2 >found
verdict 'the table of suite alloc' cmp found alloc.rows
verdict 'its columns' prints 0 '^operation +min ns +median +x claim\+drop$'
run bench pt --rounds 1
rows 2 >found
verdict 'the table of suite pt' cmp found pt.rows
verdict 'its columns' prints 0 '^operation +min ns +median +x bare$'

run bench check --rounds 1
rows 3 >found
verdict 'the table of suite check' cmp found check.rows
verdict 'its columns' prints 0 '^per slot +min ns +GiB/s +read +speed$'
run bench replay --rounds 1
rows 3 >found
verdict 'the table of suite replay' cmp found replay.rows
verdict 'its columns' prints 0 '^per event +min ns +median +million/s +x memory$'

run bench workload --rounds 1
rows 3 >found
verdict 'the table of suite workload' cmp found workload.rows
verdict 'its columns' prints 0 '^per operation +min ns +median +dry min +x dry$'

run bench contract --rounds 1
rows 3 >found
verdict 'the table of suite contract' cmp found contract.rows
verdict 'its columns' prints 0 '^per step +min ns +median +unchecked min +ratio$'

for suite in slot alloc pt check replay workload contract; do
  run bench --rounds=1 --json=- "$suite"
  names >found
  verdict "suite $suite: the record instead of the table" prints 0 \
    "^\\{\"framesim\":1,\"kind\":\"bench\",\"suite\":\"$suite\",\"rows\":\\["
  verdict 'it is one line' test "$(wc -l <out)" -eq 1
  verdict 'it has the rows of the table' cmp found "$suite.rows"
  verdict 'each row has its numbers' holds_numbers
done
# Some of its searches have 362,880 executions: too many where a sanitizer is told of each fiber.
if ldd "$program" | grep -q 'lib[at]san'; then
  echo '# the suite explore is left out in a build with a sanitizer'
else
  run bench explore --rounds 1 --json record.json
  sed 1d out | sed -E 's/ +[0-9]+ +[0-9]+ +[0-9]+\.[0-9]+x$//' >found
  verdict 'the table of suite explore' cmp found explore.rows
  verdict 'its columns' prints 0 '^complete search of +distinct +a second +x distinct$'
  verdict 'its numbers of executions' prints 0 '^9 drop +362880 .* 1\.00x$'
  digits='[0-9.e+]*'
  verdict 'its record' \
    grep -q "\"name\":\"5 drop\",\"min_ns\":$digits,.*\"distinct\":120.0" record.json
fi

run bench alloc --rounds 1 --json record.json
verdict 'a record in a file leaves the table' prints 0 '^operation '
verdict 'and is the record' grep -q '^{"framesim":1,"kind":"bench","suite":"alloc"' record.json
finish
