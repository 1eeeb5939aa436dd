/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An address space against a naive model: for each page of a few windows, what is mapped
 * there, with what flags and as part of what size.
 *
 * Random pages are mapped, replaced, protected, merged and taken by cursors over random
 * ranges.  After each of these every page is what the model says, every frame has the count
 * of its mappings, each node counts its entries, and the free bytes are what tables and
 * frames leave.
 */
#include <string.h>

#include "sim/rng.h"
#include "tests/space_support.h"

enum { REGIONS = 8, REGION_PAGES = 512, PAGES = REGIONS * REGION_PAGES, STEPS = 2500 };

#define SEED 83ull
#define RAM  (64 * MIB)

static struct sim_rng rng;
static unsigned step;

/* 2 MiB each: six side by side, across the end of a table of level 2, and one at either end
 * of the space. */
static const uint64_t regions[REGIONS] = {0,      VA - 2 * HUGE_2,     VA - HUGE_2,
                                          VA,     VA + HUGE_2,         VA + 2 * HUGE_2,
                                          HUGE_4, FM_USER_END - HUGE_2};

/* The model. */
struct page {
  enum fm_pt_kind kind;
  uint32_t level;
  uint64_t paddr; /* of this page of 4 KiB */
  uint32_t flags;
  uint32_t cache;
};
static struct page pages[PAGES];
static uint64_t counts[RAM / PAGE]; /* mappings of each frame that a test mapped */
static uint64_t free_with_root;     /* bytes free with an empty space */

/* What the random numbers led to: each of it has to happen often. */
static struct {
  unsigned mapped, refused, replaced, cut, tables, merged;
} seen;

/* An assertion that passes costs a system call, and there are many of these. */
#define expect(cond, ...)                                                                          \
  do {                                                                                             \
    if (!(cond))                                                                                   \
      ck_abort_msg("seed %llu, step %u: " __VA_ARGS__);                                            \
  } while (0)

static uint64_t below(uint64_t limit)
{
  return sim_rng_below(&rng, limit);
}

static uint64_t va_of(unsigned index)
{
  return regions[index / REGION_PAGES] + index % REGION_PAGES * PAGE;
}

/* The pages of the model in a range, as indexes: first, and behind the last. */
static void find(uint64_t start, uint64_t end, unsigned *ret_first, unsigned *ret_end)
{
  unsigned first = 0;
  while (first < PAGES && va_of(first) < start)
    first++;
  unsigned last = first;
  while (last < PAGES && va_of(last) < end)
    last++;
  *ret_first = first;
  *ret_end = last;
}

static void add(const struct page *page, uint64_t change)
{
  if (page->kind == FM_PT_TRACKED)
    counts[page->paddr / PAGE] += change;
}

static void clear(unsigned first, unsigned end)
{
  for (unsigned i = first; i < end; i++) {
    add(&pages[i], UINT64_MAX);
    pages[i] = (struct page){.kind = FM_PT_NOTHING};
  }
}

/* ---- Comparing ---- */

static void expect_page(unsigned index, const struct fm_pt_item *item)
{
  const struct page *page = &pages[index];
  unsigned inside = page->level == 2 ? index % REGION_PAGES : 0;
  expect(item->kind == page->kind, "page %u is of kind %d, not %d", SEED, step, index,
         (int)item->kind, (int)page->kind);
  if (page->kind == FM_PT_NOTHING)
    return;
  expect(item->level == page->level && item->va == va_of(index - inside), "page %u has level %u",
         SEED, step, index, item->level);
  expect(item->paddr.raw == page->paddr - inside * PAGE, "page %u leads to 0x%llx", SEED, step,
         index, (unsigned long long)item->paddr.raw);
  expect(item->prop.flags == page->flags && item->prop.cache == page->cache,
         "page %u has flags 0x%x, not 0x%x", SEED, step, index, item->prop.flags, page->flags);
}

static unsigned nodes_below(fm_paddr node, uint32_t level)
{
  unsigned count = 0;
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = entries_of(node)[i];
    if (fm_pte_is_table(pte, level))
      count += 1 + nodes_below(fm_pte_paddr(pte), level - 1);
  }
  return count;
}

static void compare(void)
{
  uint64_t used = nodes_below(fm_slot_paddr(space.root.slot), FM_PT_LEVELS);
  for (unsigned region = 0; region < REGIONS; region++) {
    struct fm_pt_cursor cursor = lock(regions[region], regions[region] + HUGE_2);
    for (unsigned i = region * REGION_PAGES; i < (region + 1) * REGION_PAGES; i++) {
      struct fm_pt_item item;
      ops->pt_move(&cursor, va_of(i));
      ops->pt_query(&cursor, &item);
      expect_page(i, &item);
    }
    ops->pt_unlock(&cursor);
  }
  for (uint64_t i = 0; i < RAM / PAGE; i++) {
    used += counts[i] != 0;
    expect(counts[i] == 0 || test_slot(i * PAGE)->ref_count == counts[i],
           "frame %llu has count %llu, not %llu", SEED, step, (unsigned long long)i,
           (unsigned long long)test_slot(i * PAGE)->ref_count, (unsigned long long)counts[i]);
  }
  expect(ops->free_bytes(test_kernel()) == free_with_root - used * PAGE,
         "the free bytes are wrong%s", SEED, step, "");
  expect_good_tree();
}

/* ---- What is done within a locked range ---- */

static struct fm_pt_item taken[2 * PAGES];
static unsigned nr_taken;

static void drop_taken(void)
{
  for (unsigned i = 0; i < nr_taken; i++)
    ops->pt_drop_taken(test_kernel(), &taken[i]);
  nr_taken = 0;
}

static uint32_t random_flags(void)
{
  return (uint32_t)below(128);
}

/* The page to map: new frames, or further references to old ones, or no frames at all. */
static struct page random_page(uint32_t level)
{
  struct page page = {.level = level, .flags = random_flags(), .cache = (uint32_t)below(4)};
  struct fm_segment segment = {0};
  const struct fm_alloc_options options = {.dirty = true};
  unsigned old = (unsigned)below(PAGES);
  page.kind = FM_PT_UNTRACKED;
  page.paddr = below(1000) * fm_pt_page_size(level);
  if (below(3) == 0)
    return page;
  page.kind = FM_PT_TRACKED;
  if (level == 1 && pages[old].kind == FM_PT_TRACKED && below(2) == 0) {
    page.paddr = pages[old].paddr;
    (void)ops->frame_clone(fm_frame_of_slot(test_slot(page.paddr)));
    return page;
  }
  expect(ops->segment_alloc(test_kernel(), &options, level == 1 ? 1 : REGION_PAGES, &segment) ==
             FM_ALLOC_OK,
         "there is no memory%s", SEED, step, "");
  page.paddr = segment.range.start.raw;
  return page;
}

static void give_back(const struct page *page, unsigned count)
{
  for (unsigned i = 0; i < count && page->kind == FM_PT_TRACKED; i++)
    ops->frame_drop(test_kernel(), ops->frame_from_raw(fm_paddr_of(page->paddr + i * PAGE)));
}

/* What a map must answer; above level 1 a table without pages is in the way as well. */
static enum fm_pt_error answer_to_map(unsigned first, unsigned count, uint32_t level, bool replace)
{
  if (pages[first].kind != FM_PT_NOTHING && pages[first].level == level)
    return replace ? FM_PT_OK : FM_PT_MAPPED;
  for (unsigned i = first; i < first + count; i++)
    if (pages[i].kind != FM_PT_NOTHING)
      return FM_PT_MAPPED;
  return level == 2 && table_at(va_of(first), 1).raw != 0 ? FM_PT_MAPPED : FM_PT_OK;
}

static void map_page(struct fm_pt_cursor *cursor, unsigned index, uint32_t level)
{
  unsigned count = level == 1 ? 1 : REGION_PAGES;
  struct page page = random_page(level);
  bool replace = below(2) == 0;
  struct fm_pt_item old = {.kind = FM_PT_NOTHING};
  enum fm_pt_error expected = answer_to_map(index, count, level, replace);
  ops->pt_move(cursor, va_of(index));
  enum fm_pt_error error = ops->pt_map(cursor, fm_paddr_of(page.paddr), level,
                                       (struct fm_page_prop){page.flags, page.cache},
                                       page.kind == FM_PT_TRACKED, replace ? &old : NULL);
  expect(error == expected, "map at page %u: %s", SEED, step, index, fm_pt_error_name(error));
  if (error != FM_PT_OK) {
    seen.refused++;
    give_back(&page, count);
    return;
  }
  seen.mapped++;
  if (replace) {
    seen.replaced += old.kind != FM_PT_NOTHING;
    expect_page(index, &old);
    taken[nr_taken++] = old;
  }
  clear(index, index + count);
  for (unsigned i = 0; i < count; i++, page.paddr += PAGE) {
    pages[index + i] = page;
    add(&page, 1);
  }
}

/* Huge pages that reach past an end are in pieces from now on. */
static void cut(unsigned first, unsigned end)
{
  unsigned ends[] = {first, end};
  for (unsigned i = 0; i < 2; i++) {
    unsigned start = ends[i] - ends[i] % REGION_PAGES;
    if (ends[i] != start && pages[ends[i]].level == 2) {
      seen.cut++;
      for (unsigned j = start; j < start + REGION_PAGES; j++)
        pages[j].level = 1;
    }
  }
}

static void do_take(struct fm_pt_cursor *cursor, unsigned first, unsigned end)
{
  uint64_t to = va_of(end - 1) + PAGE;
  cut(first, end);
  ops->pt_move(cursor, va_of(first));
  for (;;) {
    struct fm_pt_item *item = &taken[nr_taken];
    unsigned from, until;
    expect(nr_taken < G_N_ELEMENTS(taken) && ops->pt_take(cursor, to, item) == FM_PT_OK,
           "a range is not taken%s", SEED, step, "");
    if (item->kind == FM_PT_NOTHING)
      break;
    expect(item->va >= va_of(first) && item->va + fm_pt_page_size(item->level) <= to,
           "an item at 0x%llx reaches out of the range", SEED, step, (unsigned long long)item->va);
    find(item->va, item->va + fm_pt_page_size(item->level), &from, &until);
    if (item->kind != FM_PT_TABLE)
      expect_page(from, item);
    seen.tables += item->kind == FM_PT_TABLE;
    clear(from, until);
    nr_taken++;
  }
  for (unsigned i = first; i < end; i++)
    expect(pages[i].kind == FM_PT_NOTHING, "page %u was left", SEED, step, i);
}

/* The first page of a region that lies between two pages; false: it does not. */
static bool find_region(unsigned first, unsigned end, unsigned *ret)
{
  unsigned at = (first + (unsigned)below(end - first)) / REGION_PAGES * REGION_PAGES;
  *ret = at;
  return at >= first && at + REGION_PAGES <= end;
}

static void do_map(struct fm_pt_cursor *cursor, unsigned first, unsigned end)
{
  unsigned at;
  if (below(4) == 0 && find_region(first, end, &at))
    map_page(cursor, at, 2);
  else
    map_page(cursor, first + (unsigned)below(end - first), 1);
}

/* A huge page, and room for it. */
static void do_huge(struct fm_pt_cursor *cursor, unsigned first, unsigned end)
{
  unsigned at;
  if (!find_region(first, end, &at))
    return;
  do_take(cursor, at, at + REGION_PAGES);
  map_page(cursor, at, 2);
}

static void do_protect(struct fm_pt_cursor *cursor, unsigned first, unsigned end)
{
  uint64_t to = va_of(end - 1) + PAGE;
  uint32_t off = random_flags() & random_flags();
  uint32_t on = random_flags() & random_flags() & random_flags();
  if (below(2) == 0)
    off = on = 0; /* cuts, and can be merged again */
  cut(first, end);
  for (unsigned i = first; i < end; i++)
    if (pages[i].kind != FM_PT_NOTHING)
      pages[i].flags = (pages[i].flags & ~off) | on;
  ops->pt_move(cursor, va_of(first));
  for (;;) {
    struct fm_pt_item item;
    unsigned from, until;
    expect(ops->pt_protect(cursor, to, off, on, &item) == FM_PT_OK, "a range is not protected%s",
           SEED, step, "");
    if (item.kind == FM_PT_NOTHING)
      return;
    find(item.va, item.va + PAGE, &from, &until);
    expect_page(from, &item);
  }
}

static bool can_merge(unsigned first, uint32_t *ret_flags)
{
  const uint32_t noted = FM_PAGE_ACCESSED | FM_PAGE_DIRTY;
  *ret_flags = 0;
  for (unsigned i = 0; i < REGION_PAGES; i++) {
    const struct page *page = &pages[first + i];
    *ret_flags |= page->flags;
    if (page->kind == FM_PT_NOTHING || page->kind != pages[first].kind || page->level != 1 ||
        page->cache != pages[first].cache || page->paddr != pages[first].paddr + i * PAGE ||
        ((page->flags ^ pages[first].flags) & ~noted) != 0)
      return false;
  }
  return pages[first].paddr % HUGE_2 == 0;
}

static void do_merge(struct fm_pt_cursor *cursor, unsigned first, unsigned end)
{
  unsigned at;
  uint32_t flags;
  if (!find_region(first, end, &at))
    return;
  bool expected = can_merge(at, &flags);
  ops->pt_move(cursor, va_of(at));
  bool done = ops->pt_merge(cursor, 2, &taken[nr_taken]);
  expect(done == expected, "region %u: merged %d", SEED, step, at / REGION_PAGES, done);
  nr_taken += done;
  seen.merged += done;
  for (unsigned i = at; done && i < at + REGION_PAGES; i++) {
    pages[i].level = 2;
    pages[i].flags = flags;
  }
}

static void one_step(void)
{
  static void (*const steps[])(struct fm_pt_cursor * cursor, unsigned first, unsigned end) = {
      do_map,  do_map,     do_map,     do_huge,  do_huge,
      do_take, do_protect, do_protect, do_merge, do_merge};
  unsigned first = (unsigned)below(PAGES);
  unsigned end = first + 1 + (unsigned)below(below(3) != 0 ? 40 : 3 * REGION_PAGES);
  if (below(4) == 0) { /* whole regions */
    first -= first % REGION_PAGES;
    end = first + REGION_PAGES * (1 + (unsigned)below(3));
  }
  end = MIN(end, PAGES);
  /* Holes of the model belong to the range, and so do tables that cover them. */
  struct fm_pt_cursor cursor = lock(va_of(first), va_of(end - 1) + PAGE);
  for (uint64_t i = below(8); i != UINT64_MAX; i--) {
    unsigned from = first + (unsigned)below(end - first);
    unsigned to = from + 1 + (unsigned)below(end - from);
    if (nr_taken > PAGES / 2)
      break;
    if (below(2) == 0)
      steps[below(G_N_ELEMENTS(steps))](&cursor, first, end);
    else
      steps[below(G_N_ELEMENTS(steps))](&cursor, from, to);
  }
  ops->pt_unlock(&cursor);
  drop_taken();
}

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = RAM;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  space_setup_config(&config);
  free_with_root = ops->free_bytes(test_kernel());
}

START_TEST(every_page_is_what_the_model_says)
{
  ops = test_use_build(_i);
  sim_rng_init(&rng, SEED, "space");
  memset(pages, 0, sizeof(pages));
  memset(counts, 0, sizeof(counts));
  memset(&seen, 0, sizeof(seen));
  for (step = 0; step < STEPS; step++) {
    one_step();
    compare();
  }
  ck_assert_uint_eq(test_take_findings(NULL), 0);
  ck_assert_uint_gt(seen.mapped, 500);
  ck_assert_uint_gt(seen.refused, 50);
  ck_assert_uint_gt(seen.replaced, 50);
  ck_assert_uint_gt(seen.cut, 50);
  ck_assert_uint_gt(seen.tables, 50);
  ck_assert_uint_gt(seen.merged, 10);
}
END_TEST

/* ---- A large tree ---- */

enum { MAPPINGS = 100000, SHARED = 1000, IN_A_TABLE = 10 };

/* Ten pages to a table of level 1, ten of these to one of level 2, and so on up. */
static uint64_t spread(unsigned i)
{
  unsigned tables = i / IN_A_TABLE;
  return i % IN_A_TABLE * 51 * PAGE + tables % 10 * 50 * HUGE_2 + tables / 10 % 10 * 50 * HUGE_3 +
         tables / 100 * HUGE_4;
}

START_TEST(a_large_tree_gives_back_all_that_it_owned)
{
  test_teardown();
  struct test_config config;
  test_config_init(&config);
  config.ram = 128 * MIB;
  config.sim.allocator = _i == 0 ? FM_ALLOCATOR_BUDDY : FM_ALLOCATOR_BITMAP;
  space_setup_config(&config);

  fm_paddr frames[SHARED];
  for (unsigned i = 0; i < SHARED; i++)
    frames[i] = new_frame();
  for (unsigned i = 0; i < MAPPINGS; i++) {
    struct fm_frame frame = fm_frame_of_slot(fm_slot_at(frames[i % SHARED]));
    struct fm_pt_cursor cursor;
    if (ops->pt_lock(test_kernel(), space, spread(i), spread(i) + PAGE, &cursor) != FM_PT_OK ||
        ops->pt_map(&cursor, ops->frame_into_raw(ops->frame_clone(frame)), 1, user_page(), true,
                    NULL) != FM_PT_OK)
      ck_abort_msg("mapping %u is refused", i);
    ops->pt_unlock(&cursor);
  }
  expect_good_tree();
  ck_assert_uint_eq(nodes_below(fm_slot_paddr(space.root.slot), FM_PT_LEVELS),
                    100 + 1000 + MAPPINGS / IN_A_TABLE);
  for (unsigned i = 0; i < SHARED; i++)
    ck_assert_uint_eq(fm_slot_at(frames[i])->ref_count, 1 + MAPPINGS / SHARED);
  ops->space_drop(test_kernel(), space);
  space.root.slot = NULL;
  for (unsigned i = 0; i < SHARED; i++) {
    ck_assert_uint_eq(fm_slot_at(frames[i])->ref_count, 1);
    ops->frame_drop(test_kernel(), ops->frame_from_raw(frames[i]));
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("space_model");
  TCase *tc = tcase_create("model");
  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, space_teardown);
  tcase_add_loop_test(tc, every_page_is_what_the_model_says, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_large_tree_gives_back_all_that_it_owned, 0, 2);
  suite_add_tcase(suite, tc);
  return suite;
}
