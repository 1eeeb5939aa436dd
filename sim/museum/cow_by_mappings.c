/* SPDX-License-Identifier: MPL-2.0 */
/* Copy on write asks how many page tables have a frame, not how many references it has. */
#include "sim/museum/exhibit.h"

/* Frames that are mapped, and how often: what other kernels keep in the frame's metadata. */
#define MAPPED_MAX 64u

static struct {
  uint64_t paddr;
  uint64_t times; /* 0: a free place */
} mapped[MAPPED_MAX];

static void count(fm_paddr frame, bool more)
{
  uint32_t place = MAPPED_MAX;
  for (uint32_t i = 0; i < MAPPED_MAX; i++) {
    if (mapped[i].times != 0 && mapped[i].paddr == frame.raw) {
      place = i;
      break;
    }
    if (mapped[i].times == 0 && place == MAPPED_MAX)
      place = i;
  }
  if (place == MAPPED_MAX)
    fm_port_panic("this variant counts the mappings of 64 frames at most");
  if (more)
    mapped[place].times++;
  else if (mapped[place].times != 0)
    mapped[place].times--;
  mapped[place].paddr = frame.raw;
}

static enum fm_boot_status boot(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret)
{
  __builtin_memset(mapped, 0, sizeof(mapped));
  return fm_boot(image, until, ret);
}

static enum fm_pt_error map(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level,
                            struct fm_page_prop prop, bool tracked, struct fm_pt_item *old)
{
  enum fm_pt_error error = fm_pt_map(cursor, paddr, level, prop, tracked, old);
  if (error == FM_PT_OK && tracked)
    count(paddr, true);
  if (error == FM_PT_OK && old != NULL && old->kind == FM_PT_TRACKED)
    count(old->paddr, false);
  return error;
}

static enum fm_pt_error take(struct fm_pt_cursor *cursor, uint64_t end, struct fm_pt_item *ret)
{
  enum fm_pt_error error = fm_pt_take(cursor, end, ret);
  if (error == FM_PT_OK && ret->kind == FM_PT_TRACKED)
    count(ret->paddr, false);
  return error;
}

/* Asked before a page is made writable again. */
static uint64_t mappings(struct fm_frame frame)
{
  for (uint32_t i = 0; i < MAPPED_MAX; i++)
    if (mapped[i].times != 0 && mapped[i].paddr == fm_frame_paddr(frame).raw)
      return mapped[i].times;
  return 0;
}

static void replace(struct fm_ops *ops)
{
  ops->boot = boot;
  ops->pt_map = map;
  ops->pt_take = take;
  ops->frame_count = mappings;
}

const struct sim_museum_exhibit sim_museum_cow_by_mappings = {
    .title = "Nobody else maps the page, but somebody reads it",
    .kind = SIM_MUSEUM_LOGIC,
    .published = true,
    .source = "https://git.kernel.org/torvalds/c/17839856fd58 (CVE-2020-29374)",
    .fault =
        "After a fork a page is shared and write-protected. The first write copies it, unless the "
        "writer is the last one: then it may write in place. Whether it is, was asked of the "
        "number of page tables that have the page. A process can also hold a reference without "
        "having it in its table, for instance to read from it later.",
    .outcome =
        "A child takes such a reference and unmaps the page. The parent's next write goes to "
        "the same frame, and the child reads through its reference what it should never see.",
    .remedy = "Ask the reference count (commit b25d1dc9474e): whoever can reach the frame counts.",
    .variants = {{.name = "cow-by-mappings",
                  .title = "a page that one table has is written in place",
                  .script = "cow-by-mappings.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
