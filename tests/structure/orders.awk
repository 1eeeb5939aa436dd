# SPDX-License-Identifier: MPL-2.0
#
# Holds each atomic access against the comment above it.  First file: the names of the
# functions that exist; then C files.  The comment is the nearest one that ends within the
# 8 lines above; it names the order in words, and a partner function or that there is none.
FNR == NR {
  exists[$1] = 1
  next
}

FNR == 1 {
  comment = ""
  ended = -100
  in_comment = 0
}

!in_comment && /^ *\/\*/ {
  comment = ""
  in_comment = 1
}

in_comment {
  comment = comment " " $0
  if (/\*\//) {
    in_comment = 0
    ended = FNR
  }
  next
}

match($0, /fm_(load|store|fetch_add|fetch_sub|cas_strong|cas_weak)_(relaxed|acquire|release)\(/) ||
match($0, /fm_acquire_fence_for\(/) {
  call = substr($0, RSTART, RLENGTH - 1)
  order = call ~ /acquire/ ? "acquire" : call ~ /release/ ? "release" : "relaxed"
  place = FILENAME ":" FNR ": " call "()"
  accesses++
  if (FNR - ended > 8)
    print place " has no comment in the 8 lines above"
  else
    hold(place, order, comment)
}

function hold(place, order, text, partner, rest, names)
{
  gsub(/\n| +\* +/, " ", text)
  if (text !~ order)
    print place ": the comment above does not say " order
  if (text ~ /needs no partner/)
    return
  if (text !~ /pairs with/) {
    print place ": the comment above names no partner, nor says that it needs none"
    return
  }
  rest = text
  while (match(rest, /fm_[a-z0-9_]+\(\)/)) {
    partner = substr(rest, RSTART, RLENGTH - 2)
    rest = substr(rest, RSTART + RLENGTH)
    names++
    if (!(partner in exists))
      print place ": its partner " partner "() is not defined"
  }
  if (names == 0)
    print place ": \"pairs with\", but no function fm_...() is named"
}

END {
  if (accesses == 0)
    print "no atomic access was found"
}
