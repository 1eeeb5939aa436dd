#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# framesim run --answers: questions to whoever runs a script.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

cat >quiz.fms <<'END'
framesim 1
machine { ram 8M  kernel 2M 1M  allocator none }
boot
claim 0x345000 -> f
clone f -> g
ask "How many?" answer refcount f because "each handle holds one"
ask "Shared?" answer state f == shared
ask "Which?" choice unused | unique | shared answer state f
ask "Where?" answer paddr f
end expecting leak f, g
END

# given ANSWER...: answers the questions of the script, one line each.
given() {
  printf '%s\n' "$@" >answers
  run run --answers ask --json record quiz.fms <answers
}

given 2 YES shared 3348K
verdict 'right answers are told as such' prints 0 '^4 questions, 4 answered rightly$'
verdict 'however they are written' test "$(grep -c '^      right: ' out)" -eq 4
verdict 'the reason is told with them' grep -q '^      because each handle holds one$' out
given 3 no unused 0x346000
verdict 'wrong answers are no finding' prints 0 '^4 questions, 0 answered rightly$'
verdict 'the right one is told' grep -q '^      wrong: it is 2$' out
verdict 'an address too' grep -q '^      wrong: it is 0x345000$' out
verdict 'the record has what was given' \
  grep -q '"text":"How many?","given":"3","right":false,"answer":"2","because":"each' record
given 2 y s 1
verdict 'a beginning will do for an option' test "$(grep -c '^      right: ' out)" -eq 3
given 2 yes un
verdict 'not one of two options' grep -q '^      one of: unused, unique, shared (an empty' out
verdict 'then nothing was answered' prints 0 '^4 questions, 2 answered rightly$'
given '' '' '' ''
verdict 'an empty line shows the answer' test "$(grep -c '^      answer: ' out)" -eq 4
verdict 'and counts as none' prints 0 '^4 questions, 0 answered rightly$'

run run --answers hide --json - quiz.fms </dev/null
verdict 'hidden answers are not in the record' sh -c '! grep -q "\"answer\"\|because" out'
verdict 'the questions are' grep -q '"choices":\["unused","unique","shared"\]' out
run run --answers hide quiz.fms </dev/null
verdict 'nor are they told' sh -c '! grep -q "answer:\|because" out'
verdict 'nobody is asked then' sh -c '! grep -q "answered" out'
run run quiz.fms </dev/null
verdict 'without a terminal nobody is asked' prints 0 '^      answer: shared$'
run run --answers show quiz.fms </dev/null
verdict 'another word is refused' answers 2 "must be ask, reveal or hide, not 'show'"
run run --answers ask - <quiz.fms
verdict 'script and answers cannot both come from standard input' answers 2 'has to be a file'
run run --answers ask --json - quiz.fms </dev/null
verdict 'nor can a record and questions go to standard output' answers 2 'do not go together'
run run --answers ask --quiet quiz.fms </dev/null
verdict 'who wants quiet is not asked' answers 2 'do not go together'

finish
