#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Durable handles: kept in the RAM file, repaired after a death, adopted by the next run.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null

cat >work.fms <<'END'
framesim 1
machine { ram 64M }
boot
alloc -> f
clone f -> g
list l
alloc as link -> w
unique w
push l w
process p
map p at 0x10000 size 8K shared
drop g
END
cat >look.fms <<'END'
framesim 1
machine { ram 1G }
boot
show handles
END

run run --durable work.fms
verdict 'durable handles want a file' answers 2 '--durable needs the RAM in a file'
run run --resume work.fms
verdict 'so does going on' answers 2 '--resume needs the RAM in a file'
run run --durable --resume --ram a.ram work.fms
verdict 'a run boots a machine or goes on with one' answers 2 'goes on as the machine was booted'
run run --handles 5 --ram a.ram work.fms
verdict 'room for handles is room for durable ones' answers 2 '--handles goes with --durable'
run run --durable --handles 2 --ram a.ram work.fms
verdict 'a full table is an error with a remedy' answers 2 'is full: all 2 entries'
verdict 'the remedy is named' grep -q 'handles N' err

run run --durable --ram m.ram work.fms
verdict 'live handles are kept, and no leak' prints 0 'kept: 3 durable handles'
run check m.ram
verdict 'lists and processes are followed in the file' prints 0 ', 0 findings'
run check --repair m.ram
verdict 'there is nothing to repair' prints 0 '^nothing to repair: 3 handles'
run run --resume --ram m.ram look.fms
verdict 'the next run shows the orphans' prints 0 '^ +orphan:p '
verdict 'and says that it boots nothing' grep -q 'machine: skipped' out

# A damaged list of a handle: the audit follows it.
cat >poke.fms <<'END'
framesim 1
adopt "l" -> l
pop l -> u
poke paddr(u) in_list = 77
adopt "f" -> f
END
run run --resume --ram m.ram poke.fms
run check m.ram
verdict 'a mark that is wrong is found' exits 1
run run --resume --ram m.ram look.fms
verdict 'a file that is not whole is refused' answers 4 'was left in the middle'
verdict 'with the remedy' grep -q 'framesim check --repair m.ram' err

run run --durable --ram m.ram --until 10.drop.dec work.fms
verdict 'a run that stops within a step says so' grep -q 'left in the middle' out
cp m.ram before.ram
run check --dry-run m.ram
verdict 'a dry run is one of a repair' answers 2 '--dry-run goes with --repair'
run check --repair --dry-run m.ram
verdict 'a dry run says what it would do' prints 0 '^finished  drop of .g.'
verdict 'and changes nothing' cmp m.ram before.ram
run check --repair --json - m.ram
verdict 'the record is one line' test "$(wc -l <out)" -eq 1
verdict 'and has what was done' prints 0 '"kind":"repair".*"clean":false,"undone":0,"finished":1'
run check --repair m.ram
verdict 'a second repair has nothing to do' prints 0 '^nothing to repair: 3 handles'

# Without a table every handle of the dead process is dead.
cat >plain.fms <<'END'
framesim 1
machine { ram 64M }
boot
alloc frames 9 -> s
alloc -> f
end expecting leak s, f
END
run run --ram plain.ram plain.fms
run run --resume --ram plain.ram look.fms
verdict 'frames of dead handles are in the way' answers 4 'was left in the middle'
run check --repair plain.ram
verdict 'a repair frees them' prints 0 ' 10  frames freed, which nobody holds'
run run --resume --ram plain.ram look.fms
verdict 'and the machine goes on' prints 0 'handles are not durable'

# A writer that lives.
printf 'framesim 1\nboot\nnote "up"\nrepeat 1000000000000 { note "x" }\n' >long.fms
mkfifo pipe
"$program" run --durable --ram long.ram long.fms >pipe 2>err &
pid=$!
{
  sed -n '/^up/q'
  run check --repair long.ram
  verdict 'a file that is being written is left alone' answers 4 'is locked'
  run check --repair --dry-run long.ram
  verdict 'also by a dry run' answers 4 'has a writer that is alive'
  kill -KILL "$pid"
} <pipe
wait "$pid" || true
run check --repair long.ram
verdict 'when the writer is dead it is repaired' exits 0

# Progress goes to a terminal only.
script -qec "'$program' check m.ram" /dev/null >terminal 2>&1 || true
said='framesim check, on a terminal'
verdict 'on a terminal there is progress' grep -q 'checking slots: ' terminal
run check m.ram
verdict 'and without one there is none' test ! -s err
finish
