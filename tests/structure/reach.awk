# SPDX-License-Identifier: MPL-2.0
#
# From "CALLER CALLEE" lines: the functions from which "site" can be reached, but not the
# atomic wrappers' own arguments, so names without the prefix fm_ are passed through only.
{
  pair[NR] = $1 SUBSEP $2
}
END {
  reaches["site"] = 1
  do {
    changed = 0
    for (i = 1; i <= NR; i++) {
      split(pair[i], side, SUBSEP)
      if ((side[2] in reaches) && !(side[1] in reaches)) {
        reaches[side[1]] = 1
        changed = 1
      }
    }
  } while (changed)
  for (name in reaches)
    if (name ~ /^fm_/)
      print name
}
