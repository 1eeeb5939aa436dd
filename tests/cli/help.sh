#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Help: on standard output, in 80 columns, and the same by each of its ways.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317 # called through verdict
fits() {
  exits 0 && [ -s out ] && [ ! -s err ] && ! grep -nE '^.{81}' out
}

run help
cp out overview
verbs=$(sed -n 's/^  \([a-z]*\)  .*/\1/p' overview | grep -v framesim)
verdict 'the overview lists the verbs' test "$(echo "$verbs" | wc -l)" -ge 7

for verb in $verbs; do
  run "$verb" --help
  verdict "$verb --help fits 80 columns" fits
  cp out long
  run "$verb" -h
  verdict "$verb: -h says what --help says" cmp out long
  if [ "$verb" != help ]; then
    verdict "$verb --help has an example" grep -q '^Example: .*framesim' long
  fi
done
for option in --help -h help; do
  run "$option"
  verdict "framesim $option fits 80 columns" fits
  verdict "framesim $option is the overview" cmp out overview
done

run help script
verdict 'help script fits 80 columns' fits
words=$(sed -n 's/^  \([a-z_]*\)  *[a-zA-Z].*/\1/p' out)
verdict 'help script lists the words' test "$(echo "$words" | wc -l)" -ge 25
for word in $words from_unused reset_as_unused; do
  case $word in numbers | refcount) continue ;; esac
  run help "$word"
  verdict "help $word explains it" fits
  verdict "help $word has an example" grep -q '^  Example: ' out
done
run help points
verdict 'help points fits 80 columns' fits
run help --manual
verdict 'the manual has a part for each word' test "$(grep -c '^\.Ss' out)" -ge 25

run --version
verdict '--version is one line' test "$(wc -l <out)" -eq 1
run
verdict 'without a verb the overview, and a usage error' exits 2
finish
