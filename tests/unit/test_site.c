/* SPDX-License-Identifier: MPL-2.0 */
/* Sites: the table of names, and the accesses that each operation makes, in order. */
#include <fm/site.h>
#include <string.h>

#include "sim/hook.h"
#include "tests/support.h"

/* ---- The table ---- */

START_TEST(every_site_has_a_name_of_its_own)
{
  for (int i = 0; i < FM_SITE_COUNT; i++) {
    const struct fm_site_info *info = fm_site_info((enum fm_site)i);
    ck_assert_ptr_nonnull(strchr(info->name, '.'));
    ck_assert_uint_gt(strlen(info->text), 5);
    for (int j = 0; j < i; j++)
      ck_assert_str_ne(info->name, fm_site_info((enum fm_site)j)->name);
  }
}
END_TEST

START_TEST(orders_suit_their_kind)
{
  for (int i = 0; i < FM_SITE_COUNT; i++) {
    const struct fm_site_info *info = fm_site_info((enum fm_site)i);
    switch (info->kind) {
    case FM_ACCESS_LOAD:
      ck_assert_int_ne(info->order, FM_ORDER_RELEASE);
      break;
    case FM_ACCESS_STORE:
      ck_assert_int_ne(info->order, FM_ORDER_ACQUIRE);
      break;
    case FM_ACCESS_CAS:
    case FM_ACCESS_FENCE:
      ck_assert_int_eq(info->order, FM_ORDER_ACQUIRE);
      break;
    case FM_ACCESS_ADD:
    case FM_ACCESS_SUB:
      ck_assert_int_ne(info->order, FM_ORDER_PLAIN);
      break;
    case FM_ACCESS_READ:
    case FM_ACCESS_WRITE:
    case FM_ACCESS_CALL:
      ck_assert_int_eq(info->order, FM_ORDER_PLAIN);
      break;
    }
  }
}
END_TEST

/* ---- Recording ---- */

struct recorder {
  struct sim_observer observer;
  GString *text;  /* "site:order site:order ..." without quiet sites */
  const void *at; /* the slot that all accesses must lie in; NULL: no matter */
};

static const char *order_name(enum fm_order order)
{
  static const char *const names[] = {"plain", "rlx", "acq", "rel", "acqrel"};
  return names[order];
}

static void record(struct sim_observer *observer, const struct fm_access *access)
{
  struct recorder *self = (struct recorder *)observer;
  const struct fm_site_info *info = fm_site_info(access->site);

  ck_assert_int_eq(access->kind, info->kind);
  if (info->quiet)
    return;
  if (self->at != NULL) {
    const uint8_t *slot = self->at;
    const uint8_t *where = access->where;
    ck_assert(where >= slot && where + access->size <= slot + sizeof(struct fm_slot));
  }
  g_string_append_printf(self->text, "%s%s:%s", self->text->len != 0 ? " " : "", info->name,
                         order_name(access->order));
}

static void no_spin(struct sim_observer *observer, enum fm_site site)
{
  (void)observer;
  ck_abort_msg("spins at %s", fm_site_info(site)->name);
}

static struct recorder recorder;

static void begin(const void *slot)
{
  recorder = (struct recorder){
      .observer = {.after = record, .spin = no_spin}, .text = g_string_new(NULL), .at = slot};
  sim_observer = &recorder.observer;
}

static void expect(const char *accesses)
{
  sim_observer = NULL;
  ck_assert_str_eq(recorder.text->str, accesses);
  g_string_free(recorder.text, TRUE);
}

static const struct fm_ops *ops;

static void setup(void)
{
  test_setup_without_allocator();
  ops = test_use_build(1);
}

static void teardown(void)
{
  sim_observer = NULL;
  test_teardown();
}

START_TEST(a_claim_publishes_last)
{
  struct fm_link_meta meta = {0};
  fm_meta_id type = FM_META_ID(FM_META_LINK, struct fm_link_meta);
  bool unique = _i != 0;
  struct fm_slot *got;

  begin(test_slot(TEST_FRAME));
  (void)ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), type, &meta, unique, &got);
  expect(unique ? "claim.cas:acq claim.vtable:plain claim.meta:plain claim.publish:rlx"
                : "claim.cas:acq claim.vtable:plain claim.meta:plain claim.publish:rel");
}
END_TEST

START_TEST(a_claim_without_metadata_writes_none)
{
  struct fm_slot *got;

  begin(test_slot(TEST_FRAME));
  (void)ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), test_anon(), NULL, false, &got);
  expect("claim.cas:acq claim.vtable:plain claim.publish:rel");
}
END_TEST

START_TEST(refusals_touch_the_count_once)
{
  struct fm_slot *got;

  (void)test_claim_unique(TEST_FRAME, test_anon(), NULL);
  begin(test_slot(TEST_FRAME));
  (void)ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), test_anon(), NULL, false, &got);
  expect("claim.cas:acq");
  begin(test_slot(TEST_FRAME));
  (void)ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got);
  expect("get.load:rlx");
}
END_TEST

START_TEST(get_and_clone_do_one_write_each)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct fm_slot *got;

  begin(frame.slot);
  (void)ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got);
  expect("get.load:rlx get.cas:acq");
  begin(frame.slot);
  (void)ops->frame_clone(frame);
  expect("clone.inc:rlx");
  begin(frame.slot);
  (void)ops->frame_count(frame);
  expect("count.load:rlx");
}
END_TEST

START_TEST(only_the_last_drop_goes_beyond_the_count)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);

  (void)ops->frame_clone(frame);
  begin(frame.slot);
  ops->frame_drop(test_kernel(), frame);
  expect("drop.dec:rel");
  begin(frame.slot);
  ops->frame_drop(test_kernel(), frame);
  expect("drop.dec:rel drop.fence:acq drop.vtable:plain drop.meta:plain drop.unused:rel "
         "drop.dealloc:plain");
}
END_TEST

START_TEST(conversions_do_one_access)
{
  struct fm_frame frame = test_claim(TEST_FRAME, test_anon(), NULL);
  struct fm_unique unique;

  begin(frame.slot);
  ck_assert(ops->unique_from_frame(frame, &unique));
  expect("unique.cas:acq");
  begin(frame.slot);
  frame = ops->unique_share(unique);
  expect("unique.publish:rel");
  (void)ops->frame_clone(frame);
  begin(frame.slot);
  ck_assert(!ops->unique_from_frame(frame, &unique));
  expect("unique.cas:acq");
}
END_TEST

START_TEST(repurpose_leaves_the_count_alone)
{
  struct fm_link_meta meta = {0};
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_anon(), NULL);

  begin(unique.slot);
  ops->unique_repurpose(test_kernel(), unique, FM_META_ID(FM_META_LINK, struct fm_link_meta),
                        &meta);
  expect("drop.vtable:plain repurpose.drop:plain repurpose.write:plain repurpose.write:plain");
}
END_TEST

START_TEST(a_unique_frame_ends_through_busy)
{
  struct fm_unique unique = test_claim_unique(TEST_FRAME, test_anon(), NULL);

  begin(unique.slot);
  ops->unique_drop(test_kernel(), unique);
  expect("unique.zero:rlx drop.vtable:plain drop.meta:plain drop.unused:rel drop.dealloc:plain");
  unique = test_claim_unique(TEST_FRAME, test_anon(), NULL);
  begin(unique.slot);
  ops->unique_reset(test_kernel(), unique);
  expect("reset.zero:rel drop.vtable:plain drop.meta:plain drop.unused:rel");
}
END_TEST

START_TEST(an_access_says_what_it_saw)
{
  struct fm_access access = {
      .site = FM_SITE_GET_LOAD, .kind = FM_ACCESS_CAS, .order = FM_ORDER_ACQUIRE, .size = 8};
  uint64_t word = 5;

  access.where = &word;
  access.expected = 4;
  access.operand = 9;
  fm_hook_access(&access);
  ck_assert(!access.done);
  ck_assert_uint_eq(access.seen, 5);
  ck_assert_uint_eq(word, 5);
  access.expected = 5;
  fm_hook_access(&access);
  ck_assert(access.done);
  ck_assert_uint_eq(access.seen, 5);
  ck_assert_uint_eq(word, 9);
  access.kind = FM_ACCESS_SUB;
  access.operand = 2;
  fm_hook_access(&access);
  ck_assert_uint_eq(access.seen, 9);
  ck_assert_uint_eq(word, 7);
}
END_TEST

START_TEST(the_native_build_has_no_hooks)
{
  struct fm_slot *got;

  ops = test_use_build(0);
  begin(NULL);
  (void)ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME), test_anon(), NULL, false, &got);
  (void)ops->get(test_kernel(), fm_paddr_of(TEST_FRAME), &got);
  ops->frame_drop(test_kernel(), fm_frame_of_slot(got));
  ops->frame_drop(test_kernel(), fm_frame_of_slot(got));
  expect("");
  ck_assert_str_eq(ops->build, "native");
  ck_assert_str_eq(fm_ops_instrumented.build, "instrumented");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("site");
  TCase *table = tcase_create("table");
  TCase *tc = tcase_create("accesses");

  tcase_add_test(table, every_site_has_a_name_of_its_own);
  tcase_add_test(table, orders_suit_their_kind);
  suite_add_tcase(suite, table);

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, a_claim_publishes_last, 0, 2);
  tcase_add_test(tc, a_claim_without_metadata_writes_none);
  tcase_add_test(tc, refusals_touch_the_count_once);
  tcase_add_test(tc, get_and_clone_do_one_write_each);
  tcase_add_test(tc, only_the_last_drop_goes_beyond_the_count);
  tcase_add_test(tc, conversions_do_one_access);
  tcase_add_test(tc, repurpose_leaves_the_count_alone);
  tcase_add_test(tc, a_unique_frame_ends_through_busy);
  tcase_add_test(tc, an_access_says_what_it_saw);
  tcase_add_test(tc, the_native_build_has_no_hooks);
  suite_add_tcase(suite, tc);
  return suite;
}
