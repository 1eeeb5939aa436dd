#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Kills the native build at random times, repairs what it leaves, and goes on with it.  Not part
# of the suite: the moments are random, and it runs as long as it is told to.
#
# usage: tests/crash/kill-native.sh FRAMESIM [SECONDS]
set -eu
export LC_ALL=C

program=$(realpath "$1")
seconds=${2-60}
if [ -w /dev/shm ]; then
  work=$(mktemp -d -p /dev/shm)
else
  work=$(mktemp -d)
fi
trap 'rm -rf "$work"' EXIT
cd "$work"

# script ALLOCATOR SEED: work without end, of all kinds.
script() {
  cat <<END
framesim 1
machine { ram 64M  cpus 2  allocator $1  seed $2 }
boot
pool p
pool s
list l
repeat 1000000000 {
  choose {
    6: alloc -> p
    5: drop any p
    3: alloc frames 5 -> s
    3: drop any s
    2: { alloc as link -> w; unique w; push l w }
    2: { alloc as link -> w; unique w; push l w back; pop l -> v; drop v }
    1: { process q; map q at 0x10000 size 32K shared; write q at 0x10000 7; fork q -> r; write r at 0x10000 8; unmap q at 0x12000 size 8K; exit q; exit r }
  }
}
END
}

cat >after.fms <<'END'
framesim 1
check
pool all
adopt all -> all
repeat 3000 { drop any all }
alloc -> f
alloc frames 7 -> s
process n
map n at 0x400000 size 32K shared
exit n
drop f, s
check
END

end=$(($(date +%s) + seconds))
kills=0
undone=0
finished=0
quiet=0
while [ "$(date +%s)" -lt "$end" ]; do
  case $((kills % 2)) in
  0) allocator=buddy ;;
  *) allocator=bitmap ;;
  esac
  script "$allocator" "$kills" >work.fms
  rm -f m.ram
  "$program" run --quiet --build native --durable --ram m.ram work.fms >out 2>&1 &
  pid=$!
  # 50 to 349 milliseconds, drawn anew each time.
  delay=$(awk -v seed="$kills$(date +%N)" 'BEGIN { srand(seed); printf "0.%03d", 50 + rand() * 300 }')
  sleep "$delay"
  kill -KILL "$pid" 2>/dev/null || {
    cat out >&2
    exit 1
  }
  wait "$pid" 2>/dev/null || true
  status=0
  "$program" check --repair --json - m.ram >repair 2>&1 || status=$?
  if [ "$status" -eq 4 ] && grep -Eq 'while the machine booted|no RAM file|cannot open|come to stage' repair; then
    continue # it had not booted yet
  fi
  if [ "$status" -ne 0 ] || ! "$program" check m.ram >check 2>&1 ||
    ! "$program" run --quiet --resume --ram m.ram after.fms >after 2>&1; then
    cp -f m.ram "${TMPDIR-/tmp}/framesim-kill-native.ram"
    echo "kill $kills (allocator $allocator) was not repaired; see framesim-kill-native.ram" >&2
    cat repair check after >&2 || true
    exit 1
  fi
  kills=$((kills + 1))
  undone=$((undone + $(sed -n 's/.*"undone":\([0-9]*\).*/\1/p' repair)))
  finished=$((finished + $(sed -n 's/.*"finished":\([0-9]*\).*/\1/p' repair)))
  grep -q '"undone":0,"finished":0' repair && quiet=$((quiet + 1))
done
echo "$kills kills in $seconds s: all repaired; $undone operations undone, $finished finished," \
  "$quiet times none was under way"
