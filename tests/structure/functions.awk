# SPDX-License-Identifier: MPL-2.0
#
# Finds the functions of C files that strip.awk went over and that are formatted as ours
# are: the braces of a body stand alone in column 1.  `prefix` is cut from file names.
#
# mode=lengths   NAME FILE LINE LENGTH; the length is from brace to brace
# mode=calls     NAME CALLEE for each call in its body; CALLEE is "site" if it names one
function name_of(text, word)
{
  while (match(text, /[A-Za-z_][A-Za-z0-9_]* *\(/)) {
    word = substr(text, RSTART, RLENGTH - 1)
    text = substr(text, RSTART + RLENGTH)
    sub(/ *$/, "", word)
    if (word == "START_TEST") {
      sub(/\).*/, "", text)
      return text
    }
    if (word !~ /^__/)
      return word
  }
  return "?"
}

FNR == 1 {
  file = FILENAME
  if (index(file, prefix) == 1)
    file = substr(file, length(prefix) + 1)
  signature = ""
  name = ""
}

name == "" && $0 == "{" {
  name = name_of(signature)
  opened = FNR
  next
}

name != "" && $0 == "}" {
  if (mode == "lengths")
    print name, file, opened, FNR - opened
  name = ""
  signature = ""
  next
}

name == "" {
  signature = $0 ~ /[;}]$|^#|^$/ ? "" : signature " " $0
  next
}

mode == "calls" {
  if ($0 ~ /FM_SITE_|, *site|\(site/)
    print name, "site"
  text = $0
  while (match(text, /[A-Za-z_][A-Za-z0-9_]*\(/)) {
    print name, substr(text, RSTART, RLENGTH - 1)
    text = substr(text, RSTART + RLENGTH)
  }
}
