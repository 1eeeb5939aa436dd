#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# run --step: commands from a pipe, their mistakes, and a terminal.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

cat >race.fms <<'END'
framesim 1
machine { ram 64M  cpus 2  allocator none }
boot
claim @9000 as link meta 7 -> f
thread A cpu 0 { drop f }
thread B cpu 1 { get @9000 -> g or answer }
schedule A:drop.dec B:* A:*
expect answer == Busy
list l
END

# step LINE...: a session with these commands, both streams in the order of a terminal.
step() {
  said="step $*"
  status=0
  printf '%s\n' "$@" | "$program" run --step race.fms >both 2>&1 || status=$?
  cp both out
  : >err
}

# shellcheck disable=SC2317 # called through verdict
says() {
  exits "$1" && [ "$(tail -n "$(printf '%s\n' "$2" | wc -l)" both)" = "$2" ]
}
# shellcheck disable=SC2317
shows() {
  exits "$1" && grep -qF -- "$2" both
}

step
verdict 'no command, no output' test "$status" -eq 0 -a ! -s both
step step
verdict 'a step prints its line, and no prompt' says 0 "   1  boot
      ram 64M: 16384 frames, 2 CPUs, allocator none, seed 0"
step 'step 2' where
verdict 'where' says 0 'after step 2, race.fms:4:1: claim @9000 as link meta 7 -> f (CPU 0)'
step step where back where
verdict 'back' says 0 "after step 1, race.fms:3:1: boot (CPU 0)
at the start: nothing was run yet
at the start: nothing was run yet"
step 'until 4.get.load' where
verdict 'until a point; where threads rest' says 0 \
  "in step 4 right after get.load, race.fms:6:18: B: get @9000 -> g or answer (CPU 1)
in step 4 right after get.load, race.fms:6:18: B: get @9000 -> g or answer (CPU 1)
  step 3 rests right after drop.dec, race.fms:5:18: A: drop f (CPU 0)"
step 'until 3.drop.fence' 'state @9000' 'print state @9000 == busy' 'back 2' 'state f'
verdict 'back from within a step' says 0 "      frame 0x2328000: busy
      true
after step 2, race.fms:4:1: claim @9000 as link meta 7 -> f (CPU 0)
      frame 0x2328000: shared 1, link"
step 'n' '' '' 'back 99' 'n'
verdict 'an empty line repeats' test "$(grep -c '^   [1-4]  ' both)" -eq 4
step continue
verdict 'continue to the end' says 0 'at the end: held; 5 steps, 1 expectation, 0 findings'
step c back where step
verdict 'the end can be left' says 0 "after step 3, race.fms:5:18: A: drop f (CPU 0)
after step 3, race.fms:5:18: A: drop f (CPU 0)
   5  list l"
step c step
verdict 'but there is no step after it' says 2 "the script has come to its end; 'back' goes back"

step 'break drop.dec' 'break @9000' 'break 1' breaks
verdict 'breakpoints are listed' says 0 "breakpoint 1: each drop.dec
breakpoint 2: each change of frame 0x2328000
breakpoint 3: the end of step 1"
step 'break @9000' c c
verdict 'a frame that changes' says 0 \
  "breakpoint 1: in step 2 right after claim.publish, race.fms:4:1: $(
    echo 'claim @9000 as link meta 7 -> f (CPU 0)'
    echo '  the slot: busy -> shared 1, link')"
step 'break 1' 'break get.load' 'delete 1' c
verdict 'a breakpoint that was deleted' shows 0 'breakpoint 2: in step 4 right after get.load'
step 'break 1' c
verdict 'the end of a step' says 0 'breakpoint 1: after step 1, race.fms:3:1: boot (CPU 0)'

step 'until 3' 'why @9000'
verdict 'why' says 0 "frame 0x2328000: unused now; 2 steps changed it
   2  claim @9000 as link meta 7 -> f               unused -> shared 1, link
        race.fms:4:1, CPU 0
   3  A: drop f                                        shared 1, link -> unused
        race.fms:5:18, CPU 0"
step 'until 2' 'show frame f' 'why f'
verdict 'show, as in scripts' shows 0 'storage    0700000000000000'
verdict 'frames by their handles' shows 0 'frame 0x2328000: shared 1, link now; 1 step changed it'
step 'step 5' 'show list l' 'print length(l)'
verdict 'lists' says 0 "      list l: 0 frames, no id yet
      0"
step 'until 4' list list
verdict 'list' says 2 "$(cat <<'END'
    2 | machine { ram 64M  cpus 2  allocator none }
    3 | boot
    4 | claim @9000 as link meta 7 -> f
    5 | thread A cpu 0 { drop f }
>   6 | thread B cpu 1 { get @9000 -> g or answer }
    7 | schedule A:drop.dec B:* A:*
    8 | expect answer == Busy
    9 | list l
race.fms has no more lines
END
)"
step help
verdict 'help lists each command' test "$(grep -c '^  [a-z ]  *[a-z][a-z]*' both)" -eq 16
step quit step
verdict 'quit is the end' test "$status" -eq 0 -a ! -s both

# mistake LINE ANSWER: status 2, and the answer somewhere.
mistake() {
  step 'until 2' "$1"
  verdict "a mistake: $1" shows 2 "$2"
}
mistake stpe "unknown command 'stpe'; did you mean 'step'?"
mistake xyzzy "unknown command 'xyzzy'; 'help' lists them"
mistake b "'b' may be: back, break, breaks"
mistake 'where now' "'where' takes nothing, not 'now'"
mistake 'step 0' "'0' is no number of steps"
mistake 'back x' "'x' is no number of steps"
mistake until 'until which step?'
mistake 'until 1' "step 1 has ended already; 'back' goes back"
mistake 'until 99' 'the script ended before step 99'
mistake 'until 4.get.cas' 'step 4 has ended without get.cas'
mistake 'until 3.drop.dce' "there is no point 'drop.dce'; did you mean 'drop.dec'?"
mistake 'break' 'break where?'
mistake 'break a.b.c' "there is no point 'a.b.c'; 'framesim help points' lists them"
mistake 'break ff' "nothing binds the name 'ff'"
mistake 'break ff' "did you mean 'f'?"
mistake 'why 0x2345001' 'prompt:1:5: error: 0x2345001 has no slot: it is no multiple of 4096'
mistake why 'why which frame?'
mistake 'delete 9' "there is no breakpoint 9; 'breaks' lists them"
mistake 'state g' 'nothing that has run so far binds it'
mistake 'state' 'for example: state 0x2345000'
mistake 'show fram f' "did you mean 'frame'?"
mistake 'show list f' "'f' is a shared frame, and 'show' needs a list"
mistake 'claim @1' "unknown command 'claim'"
step back
verdict 'back from the start' says 2 'this is the start'
step 'state @1'
verdict 'before boot' shows 2 'there is no machine yet'
step stpe step
verdict 'a mistake is no end' shows 2 '   1  boot'

for option in '--until 2' '--json -' '--trace-out t' '--why @1' '--quiet' '--build native' \
  '--digest' '--syntax-only'; do
  # shellcheck disable=SC2086 # words are meant
  run run --step $option race.fms </dev/null
  verdict "not with $option" answers 2 "--step and ${option%% *} do not go together"
done
run run --step - <race.fms
verdict 'nor with a script from standard input' answers 2 'the script has to be a file'
printf 'framesim 1\nboot\nclam @9000\n' >mistake.fms
run run --step mistake.fms </dev/null
verdict 'a mistake in the script' answers 2 '^mistake.fms:3:1: error: '

printf '%s\n' c 'back 2' 'why @9000' | "$program" run --step --ram machine.ram race.fms >out 2>err
verdict 'a RAM file is made anew on the way back' grep -q ': busy now; 2 steps changed it' out
run check machine.ram
verdict 'and is as the session left it' prints 1 'slot.busy_at_rest'
echo 'until 3.drop.dec' | "$program" run --step --points race.fms >out 2>err
verdict 'points are told up to the place' test "$(tail -n 2 out | cut -c 1-19)" = \
  "      A: 3.drop.dec
in step 3 right aft"
{
  printf 'framesim 1\nparam N = 1\nboot\n'
  printf 'repeat N { choose { 1: note "a"  1: note "b" } }\n'
} >param.fms
printf 'c\n' | "$program" run --step -D N=40 --seed 1 param.fms >one
printf 'c\nback\nc\n' | "$program" run --step -D N=40 --seed 1 param.fms >two
verdict 'chance repeats itself' test "$(grep -c '^[ab]$' one)" -eq 40 -a \
  "$(grep '^[ab]$' two | tail -n 40)" = "$(grep '^[ab]$' one)"
printf 'framesim 1\nboot\nfor i in 0..300 { poke @9000 storage = i }\n' >long.fms
printf 'c\nback 5\nstep 2\n' | "$program" run --step long.fms >out 2>err
verdict 'many steps are counted' grep -qx '      ... and 101 steps more' out
verdict 'those after them are printed again' test "$(grep -c '^ *29[78]  poke' out)" -eq 2 -a \
  "$(grep -c '^ *\(296\|299\)  poke' out)" -eq 0

run run --why @9000 race.fms </dev/null
verdict '--why prints it at the end of a run' \
  prints 0 '^   3  A: drop f  *shared 1, link -> unused$'
run run --quiet --why 0x2328000 long.fms </dev/null
verdict 'of a frame that nobody uses too' \
  prints 0 '^frame 0x2328000: unused now; 0 steps changed it$'
run run --why 0x2328001 race.fms </dev/null
verdict 'an address that is none' answers 2 'multiple of 4096'
run run --why @x race.fms </dev/null
verdict 'and what is no number' answers 2 '--why @x: '
run run --why @1 --json - race.fms </dev/null
verdict 'one thing on standard output' answers 2 'both want standard output'
run run --why 0xffffffff000 race.fms </dev/null
verdict 'a frame that is not there' prints 0 'frame 0xffffffff000: no such frame now; 0 steps'

# Ctrl-C in a run that never ends, first from a pipe, then on a terminal.
printf 'framesim 1\nboot\nrepeat 1000000000000 { note "line" }\n' >endless.fms
said='an endless run, interrupted'
rm -f pipe
mkfifo pipe commands
"$program" run --step endless.fms <commands >pipe 2>err &
pid=$!
exec 3>commands
printf 'continue\nprint 40+2\n' >&3
{
  grep -m 1 '^line$' >out
  kill -INT "$pid"
  grep -m 1 -A 1 '^interrupted: ' >>out
  exec 3>&-
} <pipe
status=0
wait "$pid" || status=$?
verdict 'an interrupted run says where' grep -qx \
  'interrupted: after step 1, endless.fms:2:1: boot (CPU 0)' out
verdict 'and the next command is read' grep -qx '      42' out
verdict 'which is no failure' exits 0

if command -v script >/dev/null 2>&1; then
  # terminal INPUT: a session on a terminal; out is what it showed, without its returns.
  terminal() {
    said="on a terminal: $1"
    printf '%b' "$1" |
      HOME=$work TERM=vt100 script -qec "$program run --step race.fms" /dev/null 2>&1 |
      tr -d '\r' >out
  }
  terminal 'un\t2\rquit\r'
  verdict 'a command is completed' grep -q '^   2  claim' out
  terminal 'until 3.drop.u\t\rquit\r'
  verdict 'a point is completed' grep -q 'in step 3 right after drop.unused' out
  terminal 'until 2\rshow fra\t\t f\rquit\r'
  verdict 'two are listed' grep -qx 'frame  frames' out
  verdict 'and the line goes on' grep -q '^      frame 0x2328000, slot at' out
  terminal 'until 5\rshow lis\tl\rquit\r'
  verdict 'what is shown is completed' grep -q '^      list l: 0 frames' out
  terminal 'rint 40+2\001p\rquit\r'
  verdict 'a line is edited' grep -q '^      42$' out
  terminal 'print 40+2\r\033[A0\rquit\r'
  verdict 'a line comes back from the history' grep -q '^      60$' out
  verdict 'a session begins with a hint' grep -q "race.fms: 'step' runs the first step" out
else
  number=$((number + 1))
  echo "ok $number - a terminal # SKIP script(1) is missing"
fi
finish
