#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
# Arrows point down only: tools -> sim -> src -> port.
# shellcheck source=tests/structure/lib.sh
. "$(dirname "$0")/lib.sh"

project_files 'src/*.[ch]' 'include/*.h' 'sim/*.[ch]' 'tools/*.[ch]' >"$work/c"
# shellcheck disable=SC2046 # our file names have no spaces
strip_tree $(cat "$work/c")

# "FILE:LINE: TARGET" of every #include, with the brackets or quotes.
(cd "$work/code" && find . -type f | sed 's,^\./,,' | sort |
  xargs grep -Hn '^ *# *include' |
  sed 's/^\([^:]*:[0-9]*\): *# *include *\([<"][^>"]*[>"]\).*/\1: \2/') >"$work/includes"

# allow_includes RULE FOLDER TARGETS: files in FOLDER include only TARGETS (both are
# extended regular expressions).
allow_includes() {
  grep -E "^($2)" "$work/includes" | grep -vE ": ($3)\$" >"$found" || true
  verdict "$1"
}

FREESTANDING='<(stdbool|stddef|stdint|stdarg|limits|float|stdalign|iso646)\.h>'
GLIB='<(glib|glib/gstdio|gio/gio|json-glib/json-glib)\.h>'
SYSTEM='<(([a-z0-9]+|sys/[a-z]+|linux/[a-z]+|bsd/[a-z]+|sanitizer/[a-z_]+)\.h)>'

allow_includes 'the kernel side includes fm/, its configuration and freestanding headers' \
  'src/|include/fm/' "<fm/[a-z_]+\\.h>|<fm_config\\.h>|\"src/[a-z_/]+\\.h\"|$FREESTANDING"
allow_includes 'the public machine headers include fm/, sim/ and GLib' \
  'include/sim/' "<fm/[a-z_]+\\.h>|<sim/[a-z_]+\\.h>|<fm_config\\.h>|$GLIB|$FREESTANDING"
allow_includes 'the machine includes fm/, sim/, GLib and system headers' \
  'sim/([^m]|m[^u])' "<(fm|sim)/[a-z_]+\\.h>|<fm_config\\.h>|\"sim/[a-z_/]+\\.h\"|$GLIB|$SYSTEM"
allow_includes 'the museum, whose variants are forms of the kernel side, includes its headers too' \
  'sim/museum/' "<(fm|sim)/[a-z_]+\\.h>|<fm_config\\.h>|\"(src|sim)/[a-z_/]+\\.h\"|$GLIB|$SYSTEM"
allow_includes 'the tools include no tests, and no private header of the kernel side' \
  'tools/' "<(fm|sim)/[a-z_]+\\.h>|<fm_config\\.h>|\"(sim|tools)/[a-z_/-]+\\.h\"|$GLIB|$SYSTEM|\
<cairo-pdf.h>"

# What prints, whatever its arguments, and the names of the standard streams.  g_error() is
# no output but the end of the program after a mistake in it.
WORDS='printf|vprintf|puts|putchar|perror|psignal|warnx?|errx?'
WORDS="$WORDS|g_print|g_printerr|g_message|g_warning|g_critical|g_info|g_debug|g_log"
STREAMS='stdout|stderr|STDOUT_FILENO|STDERR_FILENO'
PRINTS="(^|[^A-Za-z0-9_.>])(($WORDS) *\\(|write *\\( *[12] *,|($STREAMS)([^A-Za-z0-9_]|\$))"
(cd "$work/code" && grep -rnE "$PRINTS" src sim include | sort) >"$found" || true
verdict 'only tools/ prints'
(cd "$work/code" && grep -rnE '(^|[^A-Za-z0-9_])[a-z]*printf *\(' src include/fm | sort) \
  >"$found" || true
verdict 'the kernel side does not format text'

# src/check.c looks from outside, without hooks, so that looking is no step.
ATOMIC='__atomic_|__sync_|_Atomic|g_atomic|atomic_(load|store|fetch|thread)'
(cd "$work/code" && grep -rnE "$ATOMIC" src include/fm | sort |
  grep -vE '^(include/fm/atomic\.h|src/check\.c):') >"$found" || true
verdict 'the kernel side has no atomic operation but those of fm/atomic.h'

# An operation is a function that leads to an access with a site, or an entry of the table
# of operations (which may be reached through a pointer).  Called directly it would escape
# the choice between native and instrumented, so the machine calls it through the table.
# READ_ONLY are those that only look, on purpose without hooks.
READ_ONLY='fm_slot_view fm_slot_check fm_chunk_look'
EXEMPT='^(sim/museum/|tools/bench-[a-z]+\.c:)'
grep -E '^(src|include/fm)/' "$work/c" >"$work/kernel"
# shellcheck disable=SC2046
(cd "$work/code" && awk -v mode=calls -f "$here/functions.awk" $(cat "$work/kernel")) \
  >"$work/calls"
{
  awk -f "$here/reach.awk" "$work/calls"
  sed -n '/^struct fm_ops {/,/^};/s/.*(\*\([a-z_]*\))(.*/fm_\1/p' "$work/code/include/fm/ops.h"
} | sort -u >"$work/operations"
for name in $READ_ONLY; do
  grep -vx "$name" "$work/operations" >"$work/rest" || true
  mv "$work/rest" "$work/operations"
done
(cd "$work/code" && grep -rnoE '(^|[^A-Za-z0-9_])fm_[a-z0-9_]+ *\(' sim tools |
  sed 's/:[^:]*\(fm_[a-z0-9_]*\) *($/:\1/' | sort) >"$work/used"
awk -F: 'NR == FNR { operation[$1] = 1; next }
         $3 in operation { printf "%s:%d: %s() is called past the table\n", $1, $2, $3 }' \
  "$work/operations" "$work/used" | grep -vE "$EXEMPT" >"$found" || true
verdict 'the machine reaches operations only through their table'

for name in fm_slot_claim fm_slot_get fm_frame_drop fm_unique_share fm_frame_alloc fm_dealloc; do
  grep -qx "$name" "$work/operations" || printf '%s is not seen as an operation\n' "$name"
done >"$found"
verdict 'the operations are found'

finish
