/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two real CPUs in one address space, through the native operations: side by side in the
 * same tables, and over each other, with whole tables taken while the other is on its way
 * through them.
 *
 * Each frame has the address that it is mapped at written into it by a plain access, and read
 * by whoever takes it out; so the thread sanitizer sees each order that is too weak.
 */
#include <fm_config.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/space_support.h"

enum { CPUS = 2, ROUNDS = FM_UNDER_TSAN ? 60000 : 300000, REGIONS = 4, PAGES = REGIONS * 512 };

#define SEED  UINT64_C(20240721)
#define FIRST VA
#define END   (VA + REGIONS * HUGE_2)
#define RAM   (64 * MIB)

struct cpu {
  uint32_t id;
  struct sim_rng rng;
  uint64_t allocs;
  uint64_t drops;  /* of metadata, on this CPU */
  uint64_t tables; /* that it took */
  uint64_t broken; /* things that must never be seen */
  const char *what;
  uint64_t there[PAGES]; /* side by side: the frame that this CPU mapped, + 1, or 0 */
  struct fm_pt_item items[2 * PAGES];
  enum sim_end end;
};

static struct cpu cpus[CPUS];
static pthread_barrier_t barrier;
static fm_meta_id type;

static void on_destroy(struct fm_kernel *kernel, void *meta)
{
  (void)kernel;
  (void)meta;
  cpus[fm_port_this_cpu.id].drops++;
}

static const struct fm_meta_type counted = {
    .name = "counted", .size = 8, .align = 8, .flags = FM_META_DESTROY, .destroy = on_destroy};

static void setup(void)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = RAM;
  config.sim.allocator = FM_ALLOCATOR_BITMAP; /* the other one falls to crumbs */
  config.sim.cpus = CPUS;
  space_setup_config(&config);
  type = test_register(&counted);
  memset(cpus, 0, sizeof(cpus));
}

static void see(struct cpu *self, bool good, const char *what)
{
  if (good)
    return;
  self->broken++;
  self->what = what;
}

/* ---- Frames that know where they are mapped ---- */

static uint64_t *mark_of(fm_paddr frame)
{
  return fm_linear(frame, sizeof(uint64_t));
}

static fm_paddr new_marked(struct cpu *self, uint64_t va)
{
  struct fm_frame frame = {NULL};
  const struct fm_alloc_options options = {.type = type, .dirty = true};
  if (ops->frame_alloc(test_kernel(), &options, &frame) != FM_ALLOC_OK)
    fm_port_panic("there is no memory");
  self->allocs++;
  *mark_of(fm_slot_paddr(frame.slot)) = va;
  return ops->frame_into_raw(frame);
}

/* All that a table holds, after it was taken out. */
static void look_at_table(struct cpu *self, fm_paddr node, uint32_t level, uint64_t va)
{
  see(self, fm_node_meta(node)->level == level, "a taken table has another level");
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++, va += fm_pt_page_size(level)) {
    fm_pte pte = {__atomic_load_n(&entries_of(node)[i].raw, __ATOMIC_RELAXED)};
    if (fm_pte_is_table(pte, level))
      look_at_table(self, fm_pte_paddr(pte), level - 1, va);
    else if (fm_pte_is_valid(pte))
      see(self, *mark_of(fm_pte_paddr(pte)) == va, "a page of a taken table is another one");
  }
}

/* ---- What a CPU does ---- */

/* While we have a node's lock nobody can take it out: it is where the tree says. */
static struct fm_pt_cursor lock_checked(struct cpu *self, uint64_t start, uint64_t end)
{
  struct fm_pt_cursor cursor;
  if (ops->pt_lock(test_kernel(), space, start, end, &cursor) != FM_PT_OK)
    fm_port_panic("a range is refused");
  fm_paddr node = fm_slot_paddr(space.root.slot);
  for (uint32_t level = FM_PT_LEVELS; level > cursor.guard; level--) {
    const fm_pte *entry = &entries_of(node)[fm_pt_index(start, level)];
    fm_pte pte = {__atomic_load_n(&entry->raw, __ATOMIC_ACQUIRE)};
    if (!fm_pte_is_table(pte, level)) {
      see(self, false, "a locked table is not in the tree");
      return cursor;
    }
    node = fm_pte_paddr(pte);
  }
  see(self, node.raw == cursor.path[cursor.guard].raw, "another table is in the tree");
  see(self, fm_node_meta(node)->level == cursor.guard, "a locked table has another level");
  return cursor;
}

/* The frame, + 1, or 0: something is there already. */
static uint64_t map_one(struct cpu *self, uint64_t va)
{
  fm_paddr frame = new_marked(self, va);
  struct fm_pt_cursor cursor = lock_checked(self, va, va + PAGE);
  enum fm_pt_error error = ops->pt_map(&cursor, frame, 1, user_page(), true, NULL);
  struct fm_pt_item item;
  ops->pt_move(&cursor, va);
  ops->pt_query(&cursor, &item);
  see(self, item.kind == FM_PT_TRACKED && (item.paddr.raw == frame.raw) == (error == FM_PT_OK),
      "a page is not where it was mapped");
  ops->pt_unlock(&cursor);
  if (error == FM_PT_OK)
    return frame.raw + 1;
  ops->frame_drop(test_kernel(), ops->frame_from_raw(frame));
  return 0;
}

static unsigned take_range(struct cpu *self, uint64_t start, uint64_t end)
{
  unsigned count = 0;
  struct fm_pt_cursor cursor = lock_checked(self, start, end);
  while (ops->pt_take(&cursor, end, &self->items[count]) == FM_PT_OK &&
         self->items[count].kind != FM_PT_NOTHING)
    count++;
  see(self, cursor.va == end, "a range was not taken to its end");
  ops->pt_unlock(&cursor);
  for (unsigned i = 0; i < count; i++) {
    const struct fm_pt_item *item = &self->items[i];
    if (item->kind == FM_PT_TABLE)
      look_at_table(self, item->paddr, item->level - 1, item->va);
    else
      see(self, *mark_of(item->paddr) == item->va, "a taken page is another one");
    self->tables += item->kind == FM_PT_TABLE;
    ops->pt_drop_taken(test_kernel(), item);
  }
  return count;
}

static void protect_range(struct cpu *self, uint64_t start, uint64_t end)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock_checked(self, start, end);
  do {
    if (ops->pt_protect(&cursor, end, FM_PAGE_WRITE, FM_PAGE_ACCESSED, &item) != FM_PT_OK)
      fm_port_panic("a range is not protected");
    if (item.kind != FM_PT_NOTHING)
      see(self, *mark_of(item.paddr) == item.va, "a protected page is another one");
  } while (item.kind != FM_PT_NOTHING);
  ops->pt_unlock(&cursor);
}

static void look_at(struct cpu *self, uint64_t va)
{
  struct fm_pt_item item;
  struct fm_pt_cursor cursor = lock_checked(self, va, va + PAGE);
  ops->pt_query(&cursor, &item);
  if (item.kind != FM_PT_NOTHING)
    see(self, *mark_of(item.paddr) == va, "a page is another one");
  ops->pt_unlock(&cursor);
}

static void one_round(struct cpu *self)
{
  /* Few pages, so that the CPUs meet. */
  uint64_t region = FIRST + sim_rng_below(&self->rng, REGIONS) / 2 * HUGE_2;
  uint64_t va = region + sim_rng_below(&self->rng, 8) * PAGE;
  uint64_t what = sim_rng_below(&self->rng, 32);
  if (what < 12)
    (void)map_one(self, va);
  else if (what < 20)
    look_at(self, va);
  else if (what < 23)
    (void)take_range(self, va, va + 2 * PAGE);
  else if (what < 29)
    (void)take_range(self, region, region + HUGE_2);
  else if (what < 30)
    (void)take_range(self, region - PAGE, region + HUGE_2 + PAGE);
  else if (what < 31)
    (void)take_range(self, FIRST, FIRST + HUGE_3);
  else
    protect_range(self, va, va + HUGE_2);
}

/* The tables that one CPU takes wait for the other one, if the host stops that on its way. */
static void wait_for_memory(void)
{
  while (ops->free_bytes(test_kernel()) < RAM / 4)
    (void)sched_yield();
}

static void run_over_each_other(void *data)
{
  for (unsigned i = 0; i < ROUNDS; i++) {
    wait_for_memory();
    one_round(data);
  }
}

/* Side by side: each CPU has every other run of 64 pages, in all tables. */
static bool is_mine(const struct cpu *self, unsigned index)
{
  return index / 64 % CPUS == self->id;
}

static void take_mine(struct cpu *self, unsigned index, unsigned count)
{
  unsigned expected = 0;
  for (unsigned i = index; i < index + count; i++) {
    expected += self->there[i] != 0;
    self->there[i] = 0;
  }
  unsigned taken = take_range(self, FIRST + index * PAGE, FIRST + (index + count) * PAGE);
  see(self, taken == expected, "the other CPU took our pages, or gave us its own");
}

static void run_side_by_side(void *data)
{
  struct cpu *self = data;
  for (unsigned round = 0; round < ROUNDS; round++) {
    unsigned index = (unsigned)sim_rng_below(&self->rng, PAGES);
    uint64_t what = sim_rng_below(&self->rng, 16);
    if (!is_mine(self, index)) {
      look_at(self, FIRST + index * PAGE); /* the other one's: whatever there is */
    } else if (what < 10) {
      uint64_t frame = map_one(self, FIRST + index * PAGE);
      see(self, (frame != 0) == (self->there[index] == 0), "a page of ours came or went");
      if (frame != 0)
        self->there[index] = frame;
    } else if (what < 12) {
      take_mine(self, index - index % 64, 64);
    } else {
      take_mine(self, index, 1);
    }
  }
}

/* ---- The tests ---- */

static void (*run_body)(void *data);

static void *thread_main(void *data)
{
  struct cpu *self = data;
  sim_cpu_enter(test_machine, self->id);
  (void)pthread_barrier_wait(&barrier);
  self->end = sim_guard_run(test_machine, run_body, self);
  return NULL;
}

static void run_threads(void (*body)(void *data))
{
  pthread_t host[CPUS];
  run_body = body;
  ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, CPUS), 0);
  for (uint32_t id = 0; id < CPUS; id++) {
    g_autofree char *name = g_strdup_printf("cpu %u", id);
    cpus[id].id = id;
    sim_rng_init(&cpus[id].rng, SEED, name);
  }
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_create(&host[id], NULL, thread_main, &cpus[id]), 0);
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_int_eq(pthread_join(host[id], NULL), 0);
  ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
  for (uint32_t id = 0; id < CPUS; id++) {
    ck_assert_msg(cpus[id].end == SIM_END_DONE, "seed %llu: %s", (unsigned long long)SEED,
                  sim_machine_panic(test_machine));
    ck_assert_msg(cpus[id].broken == 0, "seed %llu: CPU %u: %llu times, the last: %s",
                  (unsigned long long)SEED, id, (unsigned long long)cpus[id].broken, cpus[id].what);
  }
}

/* What is mapped, and what was allocated and not dropped. */
static void expect_sums(void)
{
  uint64_t mapped = 0, alive = 0;
  ck_assert_uint_eq(test_kernel()->grace_readers, 0);
  ck_assert_uint_eq(test_kernel()->grace_waiting, 0);
  expect_good_tree();
  for (uint64_t va = FIRST; va < END; va += PAGE)
    if (table_at(va, 1).raw != 0 && fm_pte_is_valid(entry_at(va, 1))) {
      mapped++;
      ck_assert_uint_eq(test_slot(fm_pte_paddr(entry_at(va, 1)).raw)->ref_count, 1);
    }
  for (uint32_t id = 0; id < CPUS; id++)
    alive += cpus[id].allocs - cpus[id].drops;
  ck_assert_uint_eq(mapped, alive);
}

START_TEST(cpus_that_take_tables_from_under_each_other_lose_no_frame)
{
  run_threads(run_over_each_other);
  for (uint32_t id = 0; id < CPUS; id++)
    ck_assert_uint_gt(cpus[id].tables, ROUNDS / 100);
  expect_sums();
}
END_TEST

START_TEST(cpus_side_by_side_do_not_see_each_other)
{
  run_threads(run_side_by_side);
  for (unsigned i = 0; i < PAGES; i++) {
    const struct cpu *owner = &cpus[i / 64 % CPUS];
    uint64_t va = FIRST + i * PAGE;
    fm_pte pte = table_at(va, 1).raw != 0 ? entry_at(va, 1) : (fm_pte){0};
    if ((fm_pte_is_valid(pte) ? fm_pte_paddr(pte).raw + 1 : 0) != owner->there[i])
      ck_abort_msg("page %u leads to 0x%llx, not 0x%llx", i, (unsigned long long)pte.raw,
                   (unsigned long long)owner->there[i]);
  }
  expect_sums();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("race_space");
  TCase *tc = tcase_create("race");
  tcase_set_timeout(tc, 100);
  tcase_add_checked_fixture(tc, setup, space_teardown);
  tcase_add_test(tc, cpus_that_take_tables_from_under_each_other_lose_no_frame);
  tcase_add_test(tc, cpus_side_by_side_do_not_see_each_other);
  suite_add_tcase(suite, tc);
  return suite;
}
