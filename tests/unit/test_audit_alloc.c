/* SPDX-License-Identifier: MPL-2.0 */
/* Damage to the allocators' lists, chunks, pools, caches and bits, each by its name. */
#include <fm/list.h>
#include <string.h>

#include "tests/audit_support.h"

/* ---- Buddy: a list with many chunks ---- */

#define PIECE  (8 * FM_PAGE_SIZE) /* more than caches hold, so pools are asked */
#define ORDER  3
#define PIECES 64

static fm_paddr pieces[PIECES]; /* the odd ones are not given back */

static struct fm_buddy_local *pool(void)
{
  return &fm_kernel_cpu(test_kernel(), 0)->buddy;
}

static struct fm_list *list(void)
{
  return &pool()->lists[ORDER];
}

static struct fm_free_head_meta *meta(uint64_t link)
{
  return (struct fm_free_head_meta *)(void *)test_slot(frame_of_link(link))->storage;
}

/* The n-th frame of the list, as links name it. */
static uint64_t member(unsigned n)
{
  uint64_t link = list()->front;
  while (n-- != 0)
    link = meta(link)->link.next;
  ck_assert_uint_ne(link, 0);
  return link;
}

static void setup_buddy(void)
{
  struct test_config config;
  fm_paddr frame;

  test_config_init(&config);
  config.ram = 64 * MIB;
  config.stage = FM_STAGE_DONE;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  config.sim.cpus = 2;
  test_machine_boot_with(&config);
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  for (unsigned i = 0; i < PIECES; i++)
    ck_assert(ops->alloc(test_kernel(), PIECE, PIECE, &pieces[i]));
  for (unsigned i = 0; i < PIECES; i += 2)
    ops->dealloc(test_kernel(), pieces[i], PIECE);
  ck_assert(ops->alloc(test_kernel(), FM_PAGE_SIZE, FM_PAGE_SIZE, &frame));
  ck_assert_uint_ge(list()->size, 6);
  ck_assert_uint_ge(pool()->caches[0].count, 3);
}

/* ---- Links ---- */

static uint64_t link_to_nowhere(void)
{
  meta(member(2))->link.next = 0x1234;
  return frame_of_link(member(2));
}

static uint64_t link_behind_the_slots(void)
{
  meta(member(2))->link.next = fm_frame_to_meta(fm_paddr_of(64 * MIB)).raw;
  return frame_of_link(member(2));
}

static uint64_t front_is_no_slot(void)
{
  list()->front += 8;
  return frame_of(list());
}

static uint64_t wrong_way_back(void)
{
  meta(member(2))->link.prev = member(4);
  return frame_of_link(member(2));
}

static uint64_t circle(void)
{
  meta(member(3))->link.next = list()->front;
  return frame_of_link(list()->front);
}

static uint64_t short_circle(void)
{
  meta(member(3))->link.next = member(3);
  return frame_of_link(member(3));
}

static uint64_t back_in_the_middle(void)
{
  list()->back = member(2);
  return frame_of(list());
}

static uint64_t one_too_many(void)
{
  list()->size++;
  return frame_of(list());
}

/* ---- Ids ---- */

static uint64_t other_id(void)
{
  uint64_t frame = frame_of_link(member(1));
  test_slot(frame)->in_list = 12345;
  return frame;
}

static uint64_t no_id_in_a_member(void)
{
  uint64_t frame = frame_of_link(member(1));
  test_slot(frame)->in_list = 0;
  return frame;
}

static uint64_t same_id_twice(void)
{
  for (unsigned order = 0; order < FM_LOCAL_ORDERS; order++)
    if (pool()->lists[order].size == 0) {
      pool()->lists[order].id = list()->id;
      return frame_of(&test_kernel()->buddy);
    }
  ck_abort_msg("no list is empty");
}

static uint64_t id_from_the_future(void)
{
  for (unsigned order = 0; order < FM_LOCAL_ORDERS; order++)
    if (pool()->lists[order].size == 0) {
      pool()->lists[order].id = test_kernel()->next_list_id;
      return frame_of(list());
    }
  ck_abort_msg("no list is empty");
}

static uint64_t no_chunk(void)
{
  uint64_t frame = frame_of_link(member(1));
  test_slot(frame)->vtable_ptr = test_kernel()->vtables + FM_META_LINK * 64;
  return frame;
}

static uint64_t claims_to_be_inside(void)
{
  struct fm_link_meta link = {0};
  test_claim_unique(pieces[1].raw, FM_META_ID(FM_META_LINK, link), &link).slot->in_list =
      list()->id;
  return pieces[1].raw;
}

static uint64_t claims_what_was_never_drawn(void)
{
  struct fm_link_meta link = {0};
  test_claim_unique(pieces[1].raw, FM_META_ID(FM_META_LINK, link), &link).slot->in_list =
      test_kernel()->next_list_id;
  return pieces[1].raw;
}

static uint64_t head_without_its_list(void)
{
  uint64_t first = member(0), second = member(1), third = member(2);
  meta(first)->link.next = third;
  meta(third)->link.prev = first;
  list()->size--;
  pool()->size -= PIECE;
  fm_kernel_cpu(test_kernel(), 0)->free_bytes -= PIECE;
  return frame_of_link(second);
}

/* ---- Chunks ---- */

/* Puts a chunk into the pool that no allocator would have put there. */
static uint64_t forge(uint64_t frame, uint32_t order)
{
  struct fm_list *into = &pool()->lists[order];
  struct fm_slot *slot = test_slot(frame);
  uint64_t link = fm_frame_to_meta(fm_paddr_of(frame)).raw;
  const struct fm_free_head_meta head = {{0, into->front}, order};

  if (into->id == 0)
    into->id = test_kernel()->next_list_id++;
  slot->ref_count = FM_COUNT_UNIQUE;
  slot->vtable_ptr = test_kernel()->vtables + FM_META_FREE_HEAD * 64;
  slot->in_list = into->id;
  memcpy(slot->storage, &head, sizeof(head));
  if (into->front != 0)
    meta(into->front)->link.prev = link;
  else
    into->back = link;
  into->front = link;
  into->size++;
  pool()->size += FM_PAGE_SIZE << order;
  fm_kernel_cpu(test_kernel(), 0)->free_bytes += FM_PAGE_SIZE << order;
  return frame;
}

static uint64_t between_two(void)
{
  return forge(pieces[1].raw + FM_PAGE_SIZE, 1);
}

static uint64_t in_the_image(void)
{
  return forge(test_kernel()->image_base + 15 * FM_PAGE_SIZE, 0);
}

static uint64_t behind_the_end(void)
{
  return forge(64 * MIB - FM_PAGE_SIZE, 2);
}

static uint64_t inside_another(void)
{
  return forge(frame_of_link(member(1)) + 2 * FM_PAGE_SIZE, 0);
}

static uint64_t other_order(void)
{
  meta(member(1))->order = 7;
  return frame_of_link(member(1));
}

static uint64_t in_use_in_a_chunk(void)
{
  return fm_slot_paddr(test_claim(frame_of_link(member(1)) + FM_PAGE_SIZE, test_anon(), NULL).slot)
      .raw;
}

/* ---- Sums ---- */

static uint64_t larger_pool(void)
{
  pool()->size += FM_PAGE_SIZE;
  return frame_of(pool());
}

static uint64_t published_otherwise(void)
{
  test_kernel()->buddy.published_size -= FM_PAGE_SIZE;
  return frame_of(&test_kernel()->buddy);
}

static uint64_t lost_bytes(void)
{
  fm_kernel_cpu(test_kernel(), 1)->free_bytes -= FM_PAGE_SIZE;
  return frame_of(fm_kernel_cpu(test_kernel(), 0));
}

static uint64_t held_lock(void)
{
  test_kernel()->buddy.lock.held = 1;
  return frame_of(&test_kernel()->buddy);
}

/* ---- Caches ---- */

static uint64_t full_cache(void)
{
  pool()->caches[3].count = UINT64_MAX;
  return frame_of(pool());
}

static uint64_t unaligned_run(void)
{
  pool()->caches[0].runs[0]++;
  return frame_of(pool());
}

static uint64_t run_behind_the_end(void)
{
  pool()->caches[0].runs[0] = UINT64_MAX & ~FM_PAGE_MASK;
  return frame_of(pool());
}

static uint64_t same_run_twice(void)
{
  pool()->caches[0].runs[0] = pool()->caches[0].runs[1];
  return pool()->caches[0].runs[0];
}

static uint64_t run_of_a_chunk(void)
{
  pool()->caches[0].runs[0] = frame_of_link(member(1)) + FM_PAGE_SIZE;
  return pool()->caches[0].runs[0];
}

static uint64_t run_in_use(void)
{
  (void)test_claim(pool()->caches[0].runs[0], test_anon(), NULL);
  return pool()->caches[0].runs[0];
}

static const struct damage buddy_rows[] = {
    {SIM_AUDIT_LIST_LINK, link_to_nowhere, 1, true},
    {SIM_AUDIT_LIST_LINK, link_behind_the_slots, 1, true},
    {SIM_AUDIT_LIST_LINK, front_is_no_slot, 1, true},
    {SIM_AUDIT_LIST_SYMMETRIC, wrong_way_back, 1, true},
    {SIM_AUDIT_LIST_SYMMETRIC, circle, 1, true},
    {SIM_AUDIT_LIST_SYMMETRIC, short_circle, 1, true},
    {SIM_AUDIT_LIST_ENDS, back_in_the_middle, 1, true},
    {SIM_AUDIT_LIST_SIZE, one_too_many, 1, true},
    {SIM_AUDIT_LIST_ID, other_id, 1, true},
    {SIM_AUDIT_LIST_ID, no_id_in_a_member, 1, true},
    {SIM_AUDIT_LIST_UNIQUE_ID, same_id_twice, 1, true},
    {SIM_AUDIT_LIST_UNIQUE_ID, id_from_the_future, 1, true},
    {SIM_AUDIT_LIST_MEMBER, no_chunk, 1, false}, /* its id is a lost one now */
    {SIM_AUDIT_LIST_LOST, claims_to_be_inside, 1, true},
    {SIM_AUDIT_LIST_LOST, head_without_its_list, 1, true},
    {SIM_AUDIT_LIST_UNDRAWN, claims_what_was_never_drawn, 1, true},
    {SIM_AUDIT_CHUNK_ALIGNED, between_two, 1, true},
    {SIM_AUDIT_CHUNK_MEMORY, in_the_image, 1, true},
    {SIM_AUDIT_CHUNK_MEMORY, behind_the_end, 1, false}, /* unaligned, and over another one */
    {SIM_AUDIT_CHUNK_DISJOINT, inside_another, 1, true},
    {SIM_AUDIT_CHUNK_ORDER, other_order, 1, true},
    {SIM_AUDIT_FREE_IN_USE, in_use_in_a_chunk, 1, true},
    {SIM_AUDIT_POOL_SIZE, larger_pool, 1, true},
    {SIM_AUDIT_POOL_PUBLISHED, published_otherwise, 1, true},
    {SIM_AUDIT_FREE_BYTES, lost_bytes, 1, true},
    {SIM_AUDIT_LOCK_HELD, held_lock, 1, true},
    {SIM_AUDIT_CACHE_COUNT, full_cache, 1, false}, /* what it holds is not free */
    {SIM_AUDIT_CACHE_RUN, unaligned_run, 1, true},
    {SIM_AUDIT_CACHE_RUN, run_behind_the_end, 1, true},
    {SIM_AUDIT_CACHE_DISJOINT, same_run_twice, 1, true},
    {SIM_AUDIT_CACHE_DISJOINT, run_of_a_chunk, 1, true},
    {SIM_AUDIT_FREE_IN_USE, run_in_use, 1, true},
};

START_TEST(damage_to_the_buddy_allocator_is_named)
{
  expect_named(&buddy_rows[_i]);
}
END_TEST

/* What is behind a break is known from the other end. */
START_TEST(a_broken_list_does_not_hide_its_chunks)
{
  uint64_t frame = frame_of_link(list()->back) + FM_PAGE_SIZE;
  (void)link_to_nowhere();
  (void)test_claim(frame, test_anon(), NULL);
  judge(1);
  ck_assert_uint_eq(verdict.faults, 2);
  ck_assert_uint_eq(verdict.by_clause[SIM_AUDIT_LIST_LINK], 1);
  ck_assert_uint_eq(verdict.by_clause[SIM_AUDIT_FREE_IN_USE], 1);
}
END_TEST

/* ---- Bitmap ---- */

static uint64_t *words(void)
{
  return fm_kaddr_ptr(fm_kaddr_of(test_kernel()->bitmap.words));
}

static uint64_t image_is_free(void)
{
  uint64_t nr = TEST_IMAGE / FM_PAGE_SIZE + 5;
  words()[nr / 64] |= UINT64_C(1) << (nr % 64);
  return nr * FM_PAGE_SIZE;
}

static uint64_t bit_behind_the_end(void)
{
  words()[(TEST_RAM - FM_PAGE_SIZE) / FM_PAGE_SIZE / 64] |= UINT64_C(1) << 63;
  return TEST_RAM - 2 * FM_PAGE_SIZE;
}

static uint64_t hint_too_high(void)
{
  uint64_t word = TEST_FRAME / FM_PAGE_SIZE / 64;
  for (uint64_t i = 0; i < word; i++) {
    fm_kernel_cpu(test_kernel(), 0)->free_bytes -=
        (uint64_t)__builtin_popcountll(words()[i]) * FM_PAGE_SIZE;
    words()[i] = 0;
  }
  test_kernel()->bitmap.hint = word + 1;
  return word * 64 * FM_PAGE_SIZE;
}

static uint64_t lost_bit(void)
{
  uint64_t nr = TEST_FRAME / FM_PAGE_SIZE;
  words()[nr / 64] &= ~(UINT64_C(1) << (nr % 64));
  return frame_of(fm_kernel_cpu(test_kernel(), 0));
}

static uint64_t held_bitmap(void)
{
  test_kernel()->bitmap.lock.held = 1;
  return frame_of(&test_kernel()->bitmap);
}

static uint64_t free_and_in_use(void)
{
  (void)test_claim(TEST_FRAME, test_anon(), NULL);
  return TEST_FRAME;
}

static const struct damage bitmap_rows[] = {
    {SIM_AUDIT_BITMAP_MEMORY, image_is_free, 1, false},
    {SIM_AUDIT_BITMAP_MEMORY, bit_behind_the_end, 1, false}, /* the bytes are too many now */
    {SIM_AUDIT_BITMAP_HINT, hint_too_high, 1, true},
    {SIM_AUDIT_FREE_BYTES, lost_bit, 1, true},
    {SIM_AUDIT_LOCK_HELD, held_bitmap, 1, true},
    {SIM_AUDIT_FREE_IN_USE, free_and_in_use, 1, true},
};

/* One frame less than whole words, so that the last one has a bit behind the end. */
static void setup_bitmap(void)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = TEST_RAM - FM_PAGE_SIZE;
  test_machine_boot_with(&config);
}

START_TEST(damage_to_the_bitmap_is_named)
{
  expect_named(&bitmap_rows[_i]);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("audit_alloc");
  TCase *buddy = tcase_create("buddy");
  TCase *bitmap = tcase_create("bitmap");

  tcase_add_checked_fixture(buddy, setup_buddy, test_teardown);
  tcase_add_loop_test(buddy, damage_to_the_buddy_allocator_is_named, 0, G_N_ELEMENTS(buddy_rows));
  tcase_add_test(buddy, a_broken_list_does_not_hide_its_chunks);
  tcase_add_checked_fixture(bitmap, setup_bitmap, test_teardown);
  tcase_add_loop_test(bitmap, damage_to_the_bitmap_is_named, 0, G_N_ELEMENTS(bitmap_rows));
  suite_add_tcase(suite, buddy);
  suite_add_tcase(suite, bitmap);
  return suite;
}
