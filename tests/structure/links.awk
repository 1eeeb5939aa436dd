# SPDX-License-Identifier: MPL-2.0
#
# Prints "LINE TARGET" for each link of a Markdown file; examples of code have none.
/^ *```/ {
  in_code = !in_code
  next
}
in_code {
  next
}
{
  text = $0
  gsub(/`[^`]*`/, "", text)
  while (match(text, /\]\([^)]*\)/)) {
    target = substr(text, RSTART + 2, RLENGTH - 3)
    text = substr(text, RSTART + RLENGTH)
    sub(/ +".*$/, "", target)
    print FNR, target
  }
  if (match(text, /^\[[^]]*\]: */)) {
    target = substr(text, RLENGTH + 1)
    sub(/ .*$/, "", target)
    print FNR, target
  }
}
