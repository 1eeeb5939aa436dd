#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# The page of the player in a real browser: Debian's chromium, driven by python3-selenium.
#
# usage: run.sh FRAMESIM MAKE_PAGE     writes TAP
set -eu

missing=
[ -x /usr/bin/chromium ] || missing='chromium is not installed'
[ -x /usr/bin/chromedriver ] || missing=${missing:-'chromium-driver is not installed'}
# Debian's own interpreter: its packages are for no other one.
/usr/bin/python3 -c 'import selenium' 2>/dev/null ||
  missing=${missing:-'python3-selenium is not installed'}
if [ -n "$missing" ]; then
  echo "$missing: tools/deps --ci" >&2
  echo '1..1'
  if [ "${FM_TEST_NOSKIP-}" = 1 ]; then
    echo "not ok 1 - nothing may be skipped here: $missing"
    exit 1
  fi
  echo "ok 1 # SKIP $missing"
  exit 0
fi
exec /usr/bin/python3 "$(dirname "$0")/player.py" "$@"
