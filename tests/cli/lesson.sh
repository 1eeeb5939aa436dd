#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim lesson: the list, one lesson in its ways, and where lessons are found.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
exec </dev/null
unset FRAMESIM_LESSONS
lessons=$source_root/docs/lessons

run lesson --lessons "$lessons"
verdict 'without a number the lessons are listed' prints 0 '^  1  two-arrays +Two arrays'
verdict 'all of them' \
  test "$(grep -cE '^ +[0-9]+  ' out)" -eq "$(find "$lessons" -name '[0-9][0-9]-*' | wc -l)"
verdict 'and what can be done with one' grep -q '^framesim lesson N --quiz ' out

export FRAMESIM_LESSONS="$lessons"
run lesson 2
verdict 'the text of a lesson is printed' prints 0 '^Lesson 2: Life of a frame$'
verdict 'without marks' sh -c '! grep -q "^#\|\*\*\|^[|]" out'
run lesson life
verdict 'a part of its name will do' prints 0 '^Lesson 2: '
run lesson 2 --notes
verdict 'the note for teachers' prints 0 "^Teacher's note: Life of a frame$"

printf '9\n64\n63\n' >answers
said='lesson 1 --quiz'
status=0
"$program" lesson 1 --quiz <answers >out 2>err || status=$?
verdict 'a quiz asks between the steps' prints 0 '^3 questions, 2 answered rightly$'
verdict 'and says what is wrong' grep -q '^      wrong: it is 64$' out
run lesson 1 --quiz
verdict 'without answers it tells them' prints 0 '^3 questions, 0 answered rightly$'
status=0
printf '%s\n' 'step 2' 'state @9000' back where >commands
said='lesson 3 --play'
"$program" lesson 3 --play <commands >out 2>err || status=$?
verdict 'play steps through the script' prints 0 'frame 0x2328000: shared 1, anon$'
verdict 'and back' grep -q '^after step 1, ' out

run lesson 10 --html page.html
verdict 'a page for a browser is written' prints 0 '^page.html: lesson 10, Arriving while'
verdict 'with the script and its questions in it' \
  sh -c 'grep -q "A:drop.dec" page.html && grep -q "What did B answer" page.html'
run lesson 10 --html nowhere/page.html
verdict 'one that cannot be written is an error' answers 4 'nowhere/page.html'

mkdir -p own/01-one own/02-two
for lesson in 1 2; do
  folder=$(echo own/0$lesson-*)
  printf '\n# Lesson %s: Mine\n' "$lesson" >"$folder/README.md"
  printf '**Goal.** None.\n' >"$folder/notes.md"
  printf 'framesim 1\nboot\nexpect refcount @1 == %s\n' "$lesson" >"$folder/lesson.fms"
done
printf 'framesim 1\nboot\ncheck\n' >own/02-two/wrong-way.fms
run lesson --lessons own --check
verdict 'a lesson that does not hold fails' exits 1
verdict 'it is named' grep -Eq '^  1  one +lesson.fms +did NOT hold' out
verdict 'with its place' grep -q 'own/01-one/lesson.fms:3:8: FAILED' err
verdict 'and so does a mistake that is none' \
  grep -Eq '^  2  two +wrong-way.fms +NOT violated, though' out
sed -i 's/refcount @1 == 1/state @1 != busy/' own/01-one/lesson.fms
run lesson --lessons own 1 --check
verdict 'one lesson is checked by itself' prints 0 '^  1  one +lesson.fms +held'
verdict 'only that one' test "$(wc -l <out)" -eq 1

mkdir -p prefix/bin prefix/share/framesim
cp "$program" prefix/bin/framesim
cp -r own prefix/share/framesim/lessons
printf 'plan\n' >prefix/share/framesim/lessons/README.md
here=$program
program=$work/prefix/bin/framesim
unset FRAMESIM_LESSONS
run lesson
verdict 'an installed program has its lessons beside it' prints 0 '^  1  one +Mine'
run lesson 1 --html page.html
verdict 'a page names the script as seen from here' \
  grep -q '"prefix/share/framesim/lessons/01-one/lesson.fms"' page.html
rm -r prefix/share
run lesson
verdict 'without any it says where it looked' answers 4 'looked at .*share/framesim/lessons'
verdict 'and how to name them' answers 4 'name their folder with --lessons or in FRAMESIM_LESSONS'
program=$here

run lesson --lessons "$work/prefix"
verdict 'a folder without lessons is refused' answers 4 'has no lesson .*--lessons'
run lesson --lessons "$work/nowhere"
verdict 'so is one that is not there' answers 4 'nowhere'
run lesson --lessons own 7
verdict 'there is no lesson 7' answers 2 "no lesson '7'.*from 1 to 2"
run lesson --lessons own --play
verdict 'play wants a lesson' answers 2 "which lesson, as in 'framesim lesson 2 --play'"
run lesson --lessons own 1 --play --quiz
verdict 'one thing at a time' answers 2 'only one of'
run lesson --lessons own 1 2
verdict 'one lesson at a time' answers 2 "one lesson at a time, not '2' too"

finish
