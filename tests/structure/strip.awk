# SPDX-License-Identifier: MPL-2.0
#
# Prints C source with comments removed and literals emptied; the lines keep their numbers.
{
  out = ""
  rest = $0
  while (rest != "") {
    if (in_comment) {
      at = index(rest, "*/")
      if (at == 0)
        break
      in_comment = 0
      rest = substr(rest, at + 2)
    } else if (match(rest, /\/\*|\/\/|"|'/)) {
      mark = substr(rest, RSTART, RLENGTH)
      out = out substr(rest, 1, RSTART - 1)
      rest = substr(rest, RSTART + RLENGTH)
      if (mark == "//")
        break
      if (mark == "/*") {
        in_comment = 1
        out = out " "
        continue
      }
      # The target of an #include stays.
      if (mark == "\"" && out ~ /^[ ]*#[ ]*include[ ]*$/) {
        out = out mark rest
        break
      }
      while (rest != "" && substr(rest, 1, 1) != mark)
        rest = substr(rest, substr(rest, 1, 1) == "\\" ? 3 : 2)
      rest = substr(rest, 2)
      out = out mark mark
    } else {
      out = out rest
      break
    }
  }
  print out
}
