/* SPDX-License-Identifier: MPL-2.0 */
/* Names and the handles they own: each handle has one owner, and none gets lost. */
#include <string.h>

#include "tests/unit/run_support.h"

#define MACHINE "machine { ram 8M  kernel 2M 1M  allocator none }\nboot\n"

static const struct sim_handle *handle_of(const struct run *run, const char *name)
{
  const struct sim_binding *binding = g_hash_table_lookup(run->run->names, name);
  ck_assert_msg(binding != NULL, "%s is not bound", name);
  ck_assert_msg(binding->kind == SIM_BINDING_HANDLE, "%s owns no handle", name);
  return binding->handle;
}

START_TEST(test_a_handle_knows_who_made_it)
{
  struct run *run = run_body(MACHINE "claim @1400 unique -> a[1 + 2]\nend expecting leak a");
  const struct sim_handle *handle = handle_of(run, "a[3]");

  run_must_hold(run);
  ck_assert_int_eq(handle->kind, SIM_HANDLE_UNIQUE);
  ck_assert_uint_eq(handle->frame.raw, 1400 * 4096);
  ck_assert_uint_eq(handle->step, 2);
  ck_assert_uint_eq(sim_place_line(handle->place), 4);
  ck_assert_str_eq(handle->name, "a[3]");
  run_free(run);
}
END_TEST

START_TEST(test_a_consumed_name_still_tells_its_frame)
{
  struct run *run = run_body(MACHINE "claim @1400 -> f\ndrop f\nexpect paddr f == @1400");
  const struct sim_binding *binding = g_hash_table_lookup(run->run->names, "f");

  run_must_hold(run);
  ck_assert_int_eq(binding->kind, SIM_BINDING_GONE);
  ck_assert_uint_eq(binding->gone.raw, 1400 * 4096);
  ck_assert_uint_eq(binding->gone_step, 3);
  run_free(run);
}
END_TEST

START_TEST(test_a_consumed_name_may_be_bound_again)
{
  struct run *run = run_body(MACHINE "claim @1400 -> f\ndrop f\nclaim @1401 -> f\n"
                                     "end expecting leak f");

  run_must_hold(run);
  ck_assert_uint_eq(handle_of(run, "f")->frame.raw, 1401 * 4096);
  run_free(run);
}
END_TEST

START_TEST(test_a_handle_may_keep_its_name)
{
  static const struct {
    const char *commands;
    enum sim_handle_kind kind;
  } cases[] = {
      {"unique f", SIM_HANDLE_UNIQUE},
      {"unique f -> f", SIM_HANDLE_UNIQUE},
      {"unique f; shared f -> f", SIM_HANDLE_FRAME},
      {"into_raw f", SIM_HANDLE_RAW},
      {"into_raw f -> f", SIM_HANDLE_RAW},
      {"unique f; into_raw f", SIM_HANDLE_RAW_UNIQUE},
      {"into_raw f; from_raw f -> f", SIM_HANDLE_FRAME},
      {"unique f; into_raw f; from_raw f unique -> f", SIM_HANDLE_UNIQUE},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *body =
        g_strdup_printf(MACHINE "claim @1400 -> f\n%s\nend expecting leak f", cases[i].commands);
    struct run *run = run_body(body);
    run_must_hold(run);
    ck_assert_msg(handle_of(run, "f")->kind == cases[i].kind, "%s", cases[i].commands);
    run_free(run);
  }
}
END_TEST

/* Two forgotten references of one frame: the one that is named comes back. */
START_TEST(test_from_raw_takes_the_reference_that_it_names)
{
  struct run *run = run_body(MACHINE "claim @1400 -> f\nclone f -> g\n"
                                     "into_raw f -> p\ninto_raw g -> q\n"
                                     "from_raw q -> h\nend expecting leak p, h");

  run_must_hold(run);
  ck_assert_int_eq(handle_of(run, "p")->kind, SIM_HANDLE_RAW);
  ck_assert_int_eq(handle_of(run, "h")->kind, SIM_HANDLE_FRAME);
  run_free(run);
}
END_TEST

/* Whatever would take the last name from a handle is refused before anything happens. */
static const char *const losses[] = {
    "claim @1401 -> f",        "get @1400 -> f",      "clone f -> f",    "clone g -> f",
    "get @1402 -> x or f",     "claim @1401 -> f[0]", "from_raw r -> f", "unique u -> f",
    "into_raw g -> f",         "alloc -> f",          "shared v -> f",   "claim @1401 -> x or p",
    "repeat 1 { get f -> f }",
};

START_TEST(test_no_handle_is_lost_to_a_name)
{
  const char *command = losses[_i];
  g_autofree char *body = g_strdup_printf(
      MACHINE "pool p\nclaim @1400 -> f\nclaim @1403 -> f[0]\nget f -> g\nclaim @1404 -> r\n"
              "into_raw r\nclaim @1405 -> u\nclaim @1406 unique -> v\n%s",
      command);
  struct run *run = run_body(body);
  struct fm_slot_view view;

  ck_assert_msg(run->verdict == SIM_VERDICT_UNUSABLE, "%s: verdict %d", command, run->verdict);
  fm_slot_view(run->run->kernel, fm_slot_at(fm_paddr_of(1400 * 4096)), &view);
  ck_assert_uint_eq(view.ref_count, 2);
  fm_slot_view(run->run->kernel, fm_slot_at(fm_paddr_of(1401 * 4096)), &view);
  ck_assert_int_eq(view.state, FM_STATE_UNUSED);
  g_autoptr(GPtrArray) handles = sim_run_handles(run->run);
  ck_assert_uint_eq(handles->len, 6);
  run_free(run);
}
END_TEST

START_TEST(test_handles_come_in_the_order_in_which_they_were_made)
{
  struct run *run = run_body(MACHINE "pool p\nfor i in 0..20 { claim @1400 + i * 4K -> a[i]\n"
                                     "get @1400 -> p }\nget @1400\nend expecting leak a, p");
  g_autoptr(GPtrArray) handles = sim_run_handles(run->run);

  ck_assert_int_eq(run->verdict, SIM_VERDICT_VIOLATED); /* the one without a name */
  ck_assert_uint_eq(run->summary.findings, 1);
  ck_assert_uint_eq(handles->len, 41);
  for (guint i = 0; i < handles->len; i++)
    ck_assert_uint_eq(((const struct sim_handle *)handles->pdata[i])->step, 3 + i);
  run_free(run);
}
END_TEST

START_TEST(test_a_forgotten_reference_is_found_by_frame_and_kind)
{
  struct run *run = run_body(MACHINE "claim @1400 -> f\ninto_raw f\n"
                                     "claim @1401 unique -> u\ninto_raw u\n"
                                     "claim @1402 -> g\nend expecting leak f, u, g");
  const fm_paddr shared = fm_paddr_of(1400 * 4096);
  const fm_paddr unique = fm_paddr_of(1401 * 4096);

  run_must_hold(run);
  ck_assert_ptr_nonnull(sim_run_find_handle(run->run, SIM_HANDLE_RAW, shared));
  ck_assert_ptr_null(sim_run_find_handle(run->run, SIM_HANDLE_RAW_UNIQUE, shared));
  ck_assert_ptr_nonnull(sim_run_find_handle(run->run, SIM_HANDLE_RAW_UNIQUE, unique));
  ck_assert_ptr_null(sim_run_find_handle(run->run, SIM_HANDLE_RAW, unique));
  ck_assert_ptr_null(sim_run_find_handle(run->run, SIM_HANDLE_RAW, fm_paddr_of(1402 * 4096)));
  run_free(run);
}
END_TEST

START_TEST(test_a_fresh_machine_has_no_handles)
{
  struct run *run = run_body(MACHINE "pool p\nclaim @1400 -> f\nclaim @1401 -> p\nclaim @1402\n"
                                     "boot\nclaim @1403 -> f\ndrop f");
  g_autoptr(GPtrArray) handles = sim_run_handles(run->run);

  run_must_hold(run);
  ck_assert_uint_eq(handles->len, 0);
  run_free(run);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("handles");
  TCase *core = tcase_create("core");

  tcase_add_test(core, test_a_handle_knows_who_made_it);
  tcase_add_test(core, test_a_consumed_name_still_tells_its_frame);
  tcase_add_test(core, test_a_consumed_name_may_be_bound_again);
  tcase_add_test(core, test_a_handle_may_keep_its_name);
  tcase_add_test(core, test_from_raw_takes_the_reference_that_it_names);
  tcase_add_loop_test(core, test_no_handle_is_lost_to_a_name, 0, G_N_ELEMENTS(losses));
  tcase_add_test(core, test_handles_come_in_the_order_in_which_they_were_made);
  tcase_add_test(core, test_a_forgotten_reference_is_found_by_frame_and_kind);
  tcase_add_test(core, test_a_fresh_machine_has_no_handles);
  suite_add_tcase(suite, core);
  return suite;
}
