#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# What the documents show is what the program does.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/structure/quotes.sh
. "$(dirname "$0")/quotes.sh"

program=$build_root/tools/framesim
PATH=$build_root/tools:$PATH
export PATH
: >"$found"

# Runs a command in a folder that has docs/ and tests/ and may be written to.
run_there() {
  (cd "$work/there" && sh -ec "$1") >"$work/output" 2>&1 </dev/null
}
mkdir "$work/there"
ln -s "$source_root/docs" "$source_root/tests" "$work/there/"

"$program" help | awk '/^usage:/ { list = 1 } list && /^  [a-z]+ / { print $1 } /--help/ { exit }' |
  grep -vx framesim >"$work/verbs" || true
if [ ! -s "$work/verbs" ]; then
  echo "$program: help lists no verb" >"$found"
fi
while IFS= read -r verb; do
  page=docs/man/framesim-$verb.1
  if [ ! -f "$page" ]; then
    printf '%s is missing\n' "$page"
    continue
  fi
  for where in docs/man/framesim.1 docs/meson.build; do
    grep -q "framesim-$verb" "$where" || printf '%s does not name framesim-%s\n' "$where" "$verb"
  done
  "$program" "$verb" --help | grep -o -- '--[a-z-]*' | sort -u | while IFS= read -r option; do
    escaped=$(printf '%s' "$option" | sed 's/^--/Fl Fl /')
    [ "$option" = --help ] || [ "$verb" = help ] || grep -qw -- "$escaped" "$page" ||
      printf '%s: option %s of the verb is missing\n' "$page" "$option"
  done
done <"$work/verbs" >>"$found"
verdict 'every verb has a manual page with its options'

sh docs/man/make-script-5.sh "$program" >"$work/script.5"
diff docs/man/framesim-script.5 "$work/script.5" >"$found" ||
  echo 'renew it: docs/man/make-script-5.sh BUILD/tools/framesim >docs/man/framesim-script.5' \
    >>"$found"
verdict 'framesim-script(5) is what the program says of itself'

# Commands: lines ".Dl $ COMMAND" below EXAMPLES, one folder for each page.
for page in docs/man/framesim*.1; do
  awk '/^\.Sh / { examples = $2 == "EXAMPLES" } examples && sub(/^\.Dl \$ /, "") { print }' \
    "$page" | sed 's/\\e/\\/g' >"$work/commands"
  if [ ! -s "$work/commands" ]; then
    printf '%s: no example\n' "$page"
  fi
  while IFS= read -r command; do
    if ! run_there "$command"; then
      printf '%s: this example fails: %s\n' "$page" "$command"
      cat "$work/output"
    fi
  done <"$work/commands"
  find "$work/there" -type f -exec rm -f {} +
done >"$found"
verdict 'the examples of the manual pages run'

# Scripts: literal displays below EXAMPLES of framesim-script(5).
awk -v folder="$work" '
  /^\.Sh / { examples = $2 == "EXAMPLES" }
  /^\.Ed/ { inside = 0 }
  inside { print >(folder "/example-" number ".fms") }
  examples && /^\.Bd -literal/ { inside = 1; number++ }' docs/man/framesim-script.5
for script in "$work"/example-*.fms docs/examples/buddies.fms docs/examples/busy.fms \
  docs/examples/cow.fms; do
  if ! "$program" run --quiet "$script" >"$work/output" 2>&1; then
    printf '%s does not hold\n' "$script"
    cat "$work/output"
  fi
done >"$found"
verdict 'the scripts of framesim-script(5) and of the documents hold'

# Those of the lessons: lessons.sh.
project_files '*.md' | grep -v '^docs/lessons/[0-9]' >"$work/documents"
check_quotes "$work/documents"
verdict 'what the documents quote is what the program writes'

if command -v mandoc >/dev/null; then
  mandoc -T lint -W warning docs/man/*.[1-9] >"$found" || true
  verdict 'mandoc has nothing to say about the manual pages'
else
  number=$((number + 1))
  printf 'ok %d - manual pages # SKIP mandoc is not installed\n' "$number"
fi

finish
