/* SPDX-License-Identifier: MPL-2.0 */
/* Counts with few bits and no limit. */
#include "sim/museum/exhibit.h"

/* As if the count had so many bits; with one CPU only, as the scripts are. */
static struct fm_frame clone_in(struct fm_frame frame, uint64_t mask)
{
  /* clone.inc, relaxed: as in fm_slot_inc(). */
  uint64_t seen = fm_fetch_add_relaxed(FM_SITE_CLONE_INC, &frame.slot->ref_count, 1);
  if (((seen + 1) & mask) != seen + 1)
    fm_store_relaxed(FM_SITE_CLONE_INC, &frame.slot->ref_count, (seen + 1) & mask);
  return frame;
}

static struct fm_frame clone_8(struct fm_frame frame)
{
  return clone_in(frame, UINT8_MAX);
}

static struct fm_frame clone_32(struct fm_frame frame)
{
  return clone_in(frame, UINT32_MAX);
}

static void replace_8(struct fm_ops *ops)
{
  ops->frame_clone = clone_8;
}

static void replace_32(struct fm_ops *ops)
{
  ops->frame_clone = clone_32;
}

const struct sim_museum_exhibit sim_museum_count_wraps = {
    .title = "A count that comes round to 0",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://git.kernel.org/torvalds/c/6b3a70773630 (CVE-2019-11487)",
    .fault =
        "A count has as many bits as seemed enough, and nothing stops it at the top. Linux had 32 "
        "of them, and requests of 16 bytes that each hold a reference to a page: 140 GiB of memory "
        "bring it round. Another kernel had 8, and 256 processes that share a page.",
    .outcome =
        "After the last one the count begins at 0 again. One drop more and the frame is free, "
        "and all the others still use it.",
    .remedy =
        "Three are known: refuse the reference that would be one too many, stay at a value in the "
        "middle and leak, or end the machine. The last one is ours: the increment that finds "
        "2^63 - 1 panics, and so many further ones that the count could come round meanwhile do "
        "not fit into a machine.",
    .known = "The overflow of the 32-bit count of Asterinas "
             "(https://github.com/asterinas/asterinas/issues/1752) was found by reading.",
    .variants = {{.name = "count-of-8-bits",
                  .title = "a count of 8 bits, and 257 references",
                  .script = "count-of-8-bits.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace_8},
                 {.name = "count-of-32-bits",
                  .title = "a count of 32 bits, and 2^32 references",
                  .script = "count-of-32-bits.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace_32}},
};
