/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite pt.  Pages mapped through cursors, by the native functions that a kernel would call,
 * beside the one thing that a tracked page cannot do without: one more reference on its frame.
 *
 * A range is mapped by one cursor into an empty space, so its tables are made on the way.
 * What undoes a round is not measured.
 */
#include <fm/frame_alloc.h>
#include <fm/segment.h>
#include <fm/space.h>
#include <stdlib.h>

#include "tools/bench.h"

#define RANGE     (UINT64_C(1) << 30) /* bytes */
#define PAGES     UINT64_C(262144)    /* of 4 KiB in it */
#define HUGES     UINT64_C(512)       /* of 2 MiB */
#define HUGE      (RANGE / HUGES)
#define AT        (UINT64_C(8) * RANGE)
#define HOT_LOOPS 20000u

struct bench {
  struct fm_kernel *kernel;
  struct fm_space space;
  struct fm_segment segment; /* PAGES frames */
};

static const struct fm_page_prop prop = {FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER,
                                         FM_CACHE_WRITE_BACK};

static struct fm_pt_cursor lock(const struct bench *bench, uint64_t start, uint64_t size)
{
  struct fm_pt_cursor cursor;
  if (fm_pt_lock(bench->kernel, bench->space, start, start + size, &cursor) != FM_PT_OK)
    abort();
  return cursor;
}

static void map(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level, bool tracked)
{
  if (fm_pt_map(cursor, paddr, level, prop, tracked, NULL) != FM_PT_OK)
    abort();
}

static void unmap(const struct bench *bench, uint64_t start, uint64_t size)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock(bench, start, size);
  do {
    if (fm_pt_take(&cursor, start + size, &item) != FM_PT_OK)
      abort();
    fm_pt_drop_taken(bench->kernel, &item);
  } while (cursor.va < start + size);
  fm_pt_unlock(&cursor);
}

/* ---- One round of each measurement: nanoseconds per page ---- */

static struct fm_frame frame_at(const struct bench *bench, uint64_t index)
{
  return fm_frame_from_raw(fm_paddr_add(bench->segment.range.start, index * FM_PAGE_SIZE));
}

static double increment(struct bench *bench)
{
  double start = bench_now_ns();
  for (uint64_t i = 0; i < PAGES; i++)
    (void)fm_frame_clone(frame_at(bench, i));
  double ns = bench_now_ns() - start;
  for (uint64_t i = 0; i < PAGES; i++)
    fm_frame_drop(bench->kernel, frame_at(bench, i));
  return ns / (double)PAGES;
}

/* The page at an end of a table that is full but for it; each time locked anew. */
static double map_and_unmap(struct bench *bench)
{
  fm_paddr paddr = bench->segment.range.start;
  struct fm_pt_cursor cursor = lock(bench, AT, HUGE - FM_PAGE_SIZE);
  while (cursor.va < cursor.end)
    map(&cursor, paddr, 1, false);
  fm_pt_unlock(&cursor);

  uint64_t va = AT + HUGE - FM_PAGE_SIZE;
  double start = bench_now_ns();
  for (unsigned i = 0; i < HOT_LOOPS; i++) {
    cursor = lock(bench, va, FM_PAGE_SIZE);
    map(&cursor, paddr, 1, false);
    fm_pt_unlock(&cursor);
    unmap(bench, va, FM_PAGE_SIZE);
  }
  double ns = bench_now_ns() - start;
  unmap(bench, AT, RANGE);
  return ns / HOT_LOOPS;
}

static double map_untracked(struct bench *bench)
{
  fm_paddr paddr = bench->segment.range.start;
  double start = bench_now_ns();
  struct fm_pt_cursor cursor = lock(bench, AT, RANGE);
  for (uint64_t i = 0; i < PAGES; i++, paddr.raw += FM_PAGE_SIZE)
    map(&cursor, paddr, 1, false);
  fm_pt_unlock(&cursor);
  double ns = bench_now_ns() - start;
  unmap(bench, AT, RANGE);
  return ns / (double)PAGES;
}

static double map_tracked(struct bench *bench)
{
  double start = bench_now_ns();
  struct fm_pt_cursor cursor = lock(bench, AT, RANGE);
  for (uint64_t i = 0; i < PAGES; i++)
    map(&cursor, fm_frame_into_raw(fm_frame_clone(frame_at(bench, i))), 1, true);
  fm_pt_unlock(&cursor);
  double ns = bench_now_ns() - start;
  unmap(bench, AT, RANGE);
  return ns / (double)PAGES;
}

static double map_huge(struct bench *bench)
{
  fm_paddr paddr = bench->segment.range.start;
  double start = bench_now_ns();
  struct fm_pt_cursor cursor = lock(bench, AT, RANGE);
  for (; cursor.va < cursor.end; paddr.raw += HUGE)
    map(&cursor, paddr, 2, false);
  fm_pt_unlock(&cursor);
  double ns = bench_now_ns() - start;
  unmap(bench, AT, RANGE);
  return ns / (double)HUGES;
}

/* ---- Measuring ---- */

struct measurement {
  const char *name;
  double (*round)(struct bench *bench);
};

static const struct measurement measurements[] = {
    {"inc of a frame", increment},
    {"map+unmap 4 KiB", map_and_unmap},
    {"1 GiB by 4 KiB, untracked", map_untracked},
    {"1 GiB by 4 KiB, tracked", map_tracked},
    {"1 GiB by 2 MiB, untracked", map_huge},
};

enum { ROWS = G_N_ELEMENTS(measurements) };

/* They take turns, so that a slow moment of the host meets one round of each. */
static void measure(struct bench *bench, unsigned rounds, GArray *ret_rows)
{
  g_autofree double *ns = g_new(double, ROWS *rounds);
  g_autofree double *bare = g_new(double, ROWS *rounds);

  for (unsigned i = 0; i < ROWS; i++)
    (void)measurements[i].round(bench); /* warm */
  for (unsigned round = 0; round < rounds; round++)
    for (unsigned i = 0; i < ROWS; i++) {
      bare[i * rounds + round] = increment(bench);
      ns[i * rounds + round] = measurements[i].round(bench);
    }
  for (unsigned i = 0; i < ROWS; i++) {
    struct bench_row row =
        bench_row_of(measurements[i].name, ns + i * rounds, bare + i * rounds, rounds);
    g_array_append_val(ret_rows, row);
  }
}

GArray *bench_pt(unsigned rounds, GError **error)
{
  const struct fm_alloc_options not_zeroed = {.dirty = true};
  g_autoptr(sim_machine) machine = bench_machine(FM_ALLOCATOR_BUDDY, 1, error);
  if (machine == NULL)
    return NULL;
  struct bench bench = {.kernel = sim_machine_kernel(machine)};
  if (fm_segment_alloc(bench.kernel, &not_zeroed, PAGES, &bench.segment) != FM_ALLOC_OK ||
      fm_space_new(bench.kernel, &bench.space) != FM_PT_OK)
    abort();
  GArray *rows = g_array_new(false, false, sizeof(struct bench_row));
  measure(&bench, rounds, rows);
  fm_space_drop(bench.kernel, bench.space);
  fm_segment_drop(bench.kernel, bench.segment);
  bench_process(machine, rounds, rows);
  return rows;
}
