# SPDX-License-Identifier: MPL-2.0
#
# What a replay of a trace in the kernel's text form must count, worked out over the text alone,
# for traces whose lines are in the order of the replay.  Prints "NAME NUMBER" lines.

function hex(text, value, i) {
  value = 0
  for (i = 3; i <= length(text); i++)
    value = value * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
  return value
}

# field(NAME): the text behind " NAME=" up to the next blank.
function field(name, text) {
  text = $0
  if (!sub(".* " name "=", "", text))
    return ""
  sub(/ .*/, "", text)
  return text
}

function kill(frame, block) {
  block = owner[frame]
  delete owner[frame]
  live--
  if (--left[block] == 0)
    blocks--
}

/^#/ || NF == 0 { next }

{
  # The name of the task stands in the first 16 columns and may hold anything.
  match($0, /\[[0-9]+\] +[^ ]+ +[0-9]+\.[0-9]+: [^ ]*/)
  split(substr($0, RSTART, RLENGTH), place, " ")
  cpu = place[1]
  event = place[4]
}

event !~ /^mm_page_(alloc|free|free_batched):$/ { count["skipped"]++; next }
event == "mm_page_free_batched:" { count["free_batched"]++; next }

{
  first = hex(field("pfn"))
  order = field("order")
  frames = 2 ^ order
}

event == "mm_page_alloc:" {
  count["alloc"]++
  over = 0
  for (frame = first; frame < first + frames; frame++) {
    if (frame in owner) {
      over = 1
      kill(frame)
    }
    owner[frame] = NR
    seen[frame] = 1
  }
  count["over_live"] += over
  start[NR] = first
  size[NR] = frames
  maker[NR] = cpu
  left[NR] = frames
  live += frames
  blocks++
  if (live > peak)
    peak = live
}

event == "mm_page_free:" {
  count["free"]++
  unseen = dead = several = remote = 0
  one = ""
  for (frame = first; frame < first + frames; frame++)
    if (frame in owner) {
      several += one != "" && one != owner[frame]
      one = owner[frame]
      remote += maker[one] != cpu
    } else if (frame in seen)
      dead = 1
    else
      unseen++
  count["partial"] += one != "" && !several && size[one] > frames && first >= start[one] &&
                      first + frames <= start[one] + size[one]
  count["remote_frees"] += remote > 0
  count["remote_frames"] += remote
  count["unknown_events"] += unseen == frames
  count["unknown_frames"] += unseen
  count["already_free"] += dead
  for (frame = first; frame < first + frames; frame++) {
    if (frame in owner)
      kill(frame)
    seen[frame] = 1
  }
}

END {
  for (name in count)
    print name, count[name]
  print "live_frames", live + 0
  print "live_blocks", blocks + 0
  print "peak_frames", peak + 0
}
