/* SPDX-License-Identifier: MPL-2.0 */
/* The loader's plan: where the image goes, and refusals that say what would help. */
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/support.h"

static sim_bootmap *map;
static struct sim_config config;
static struct sim_plan plan;

static void setup(void)
{
  map = sim_bootmap_new_ram(TEST_RAM);
  g_array_set_size(map->regions, 0);
  sim_config_init(&config, map);
}

static void teardown(void)
{
  map = sim_bootmap_free(map);
}

static void add(uint64_t start, uint64_t end, enum fm_region_type type)
{
  struct fm_region region = {.base = start, .size = end - start, .type = type};
  g_array_append_val(map->regions, region);
}

static void expect_refusal(enum sim_error code, const char *text)
{
  g_autoptr(GError) error = NULL;

  ck_assert(!sim_plan_make(&config, &plan, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, (int)code));
  ck_assert_msg(strstr(error->message, text) != NULL, "'%s' is not in: %s", text, error->message);
}

static void expect_plan(void)
{
  g_autoptr(GError) error = NULL;
  bool made = sim_plan_make(&config, &plan, &error);
  ck_assert_msg(made, "%s", error != NULL ? error->message : "");
}

/* ---- Where the image goes ---- */

static const struct {
  uint64_t start, end, size;
  bool fits;
  uint64_t base;
} places[] = {
    /* 128 MiB is home, */
    {0, GIB, 16 * MIB, true, 128 * MIB},
    {128 * MIB, 144 * MIB, 16 * MIB, true, 128 * MIB},
    /* else the lowest place at a multiple of 2 MiB, */
    {128 * MIB, 143 * MIB, 16 * MIB, false, 0},
    {0, 100 * MIB, 16 * MIB, true, 2 * MIB},
    {5 * MIB, 100 * MIB, 16 * MIB, true, 6 * MIB},
    {130 * MIB, 300 * MIB, 16 * MIB, true, 130 * MIB},
    {0, 2 * MIB, MIB, false, 0},
    {0, 3 * MIB, MIB, true, 2 * MIB},
    /* which ends below 2 GiB. */
    {2030 * MIB, 3 * GIB, 16 * MIB, true, 2030 * MIB},
    {2032 * MIB, 3 * GIB, 16 * MIB, false, 0},
    {0, 4 * GIB, 2 * GIB - 4 * MIB, true, 2 * MIB},
    {0, 4 * GIB, 2 * GIB - 2 * MIB, false, 0},
    {0, 4 * GIB, 2 * GIB - 130 * MIB, true, 128 * MIB},
};

START_TEST(the_image_has_its_place)
{
  struct fm_regions regions = {.count = 1};
  uint64_t base = 1234;

  regions.at[0] = (struct fm_region){.base = places[_i].start,
                                     .size = places[_i].end - places[_i].start,
                                     .type = FM_REGION_USABLE};
  ck_assert_int_eq(sim_place_kernel(&regions, places[_i].size, &base), places[_i].fits);
  ck_assert_uint_eq(base, places[_i].fits ? places[_i].base : 1234);
}
END_TEST

START_TEST(the_loader_adds_the_image_and_the_low_page)
{
  add(0, 256 * MIB, FM_REGION_USABLE);
  expect_plan();
  ck_assert_uint_eq(plan.nr_given, 3);
  ck_assert_uint_eq(plan.given[1].base, 128 * MIB);
  ck_assert_uint_eq(plan.given[1].size, 16 * MIB);
  ck_assert_uint_eq(plan.given[1].type, FM_REGION_KERNEL);
  ck_assert_uint_eq(plan.given[2].base, 0x8000);
  ck_assert_uint_eq(plan.given[2].size, 0x1000);
  ck_assert_uint_eq(plan.given[2].type, FM_REGION_RECLAIMABLE);
  ck_assert_uint_eq(plan.regions.count, 5);
  /* Before the image 127.96 MiB are usable, behind it 112. */
  ck_assert_uint_eq(plan.boot.meta_start, 0x9000);
}
END_TEST

START_TEST(an_image_that_is_given_must_be_in_order)
{
  static const struct {
    uint64_t base, size;
  } wrong[] = {
      {3 * MIB, MIB},
      {2 * MIB + 4096, MIB},
      {2 * MIB, MIB + 1},
      {2 * MIB, MIB - 4096},
      {2 * MIB, 0},
      {2 * GIB, MIB},
      {2 * GIB - 2 * MIB, 2 * MIB},
      {2 * GIB - 2 * MIB, 4 * MIB},
      {2 * MIB, UINT64_MAX - 4095},
      {UINT64_MAX - 2 * MIB + 1, MIB},
  };
  add(0, 4 * GIB, FM_REGION_USABLE);
  config.kernel_given = true;
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    config.kernel_base = wrong[i].base;
    config.kernel_size = wrong[i].size;
    expect_refusal(SIM_ERROR_USAGE, "does not work: BASE must be a multiple of 2M");
  }
  config.kernel_base = 2 * GIB - 4 * MIB;
  config.kernel_size = 2 * MIB;
  expect_plan();
}
END_TEST

START_TEST(an_image_that_is_given_must_lie_in_usable_memory)
{
  add(0, 8 * MIB, FM_REGION_USABLE);
  add(4 * MIB, 5 * MIB, FM_REGION_RESERVED);
  config.kernel_given = true;
  config.kernel_size = MIB;
  config.kernel_base = 4 * MIB;
  expect_refusal(SIM_ERROR_BOOT, "reserved memory\nhint: leave --kernel out");
  config.kernel_base = 64 * MIB;
  expect_refusal(SIM_ERROR_BOOT, "no memory\nhint: leave --kernel out");
  config.kernel_base = 2 * MIB;
  config.kernel_size = 3 * MIB;
  expect_refusal(SIM_ERROR_BOOT, "does not lie in usable memory");
  config.kernel_size = 2 * MIB;
  expect_plan();
}
END_TEST

/* ---- Refusals ---- */

START_TEST(a_map_without_a_region_is_refused)
{
  expect_refusal(SIM_ERROR_BOOT, "the map has no region");
}
END_TEST

START_TEST(a_map_without_a_place_for_the_image_says_what_there_is)
{
  add(0, MIB, FM_REGION_USABLE);
  add(2 * MIB, 6 * MIB, FM_REGION_USABLE);
  add(3 * GIB, 4 * GIB, FM_REGION_USABLE);
  expect_refusal(SIM_ERROR_BOOT, "MiB at 0x200000\nhint: a smaller image may fit");
  expect_refusal(SIM_ERROR_BOOT, "the largest usable region below 2 GiB is 4.0");
  ck_assert_uint_eq(plan.kernel_size, 0);
  ck_assert_uint_gt(plan.regions.count, 0); /* what was known so far */
  g_array_set_size(map->regions, 0);
  add(3 * GIB, 4 * GIB, FM_REGION_USABLE);
  expect_refusal(SIM_ERROR_BOOT, "there is no usable memory below 2 GiB");
}
END_TEST

START_TEST(a_map_without_room_for_the_slots_is_refused)
{
  add(2 * MIB, 3 * MIB + 0x3000, FM_REGION_USABLE);
  add(64 * MIB, 65 * MIB, FM_REGION_RECLAIMABLE);
  config.kernel_given = true;
  config.kernel_base = 2 * MIB;
  config.kernel_size = MIB;
  expect_refusal(SIM_ERROR_BOOT, "so may --top usable");
  config.top = FM_TOP_USABLE;
  expect_refusal(SIM_ERROR_BOOT, "a larger piece of usable memory would help");
  config.top = FM_TOP_PHYSICAL;
  config.cpus = 8;
  expect_refusal(SIM_ERROR_BOOT, "no room for the storage of 8 CPUs");
}
END_TEST

START_TEST(an_image_that_takes_all_memory_is_refused)
{
  add(2 * MIB, 3 * MIB, FM_REGION_USABLE);
  config.kernel_given = true;
  config.kernel_base = 2 * MIB;
  config.kernel_size = MIB;
  expect_refusal(SIM_ERROR_BOOT, "no usable memory is left");
}
END_TEST

START_TEST(a_map_beyond_the_window_is_a_limit)
{
  add(0, GIB, FM_REGION_USABLE);
  add(FM_WINDOW_ROOM, FM_WINDOW_ROOM + 4096, FM_REGION_NONVOLATILE_SLEEP);
  expect_refusal(SIM_ERROR_LIMIT, "the linear window of this build has room for");
}
END_TEST

START_TEST(too_many_regions_are_refused_with_those_of_the_loader)
{
  for (uint64_t i = 0; i < FM_REGIONS_MAX - 1; i++)
    add(i * 4096, (i + 1) * 4096, i % 2 == 0 ? FM_REGION_USABLE : FM_REGION_RESERVED);
  expect_refusal(SIM_ERROR_BOOT, "511 regions; with the 2 that the loader adds");
  config.cmdline = (struct sim_extent){0, 16};
  g_array_set_size(map->regions, FM_REGIONS_MAX - 2);
  expect_refusal(SIM_ERROR_BOOT, "510 regions; with the 3 that the loader adds");
  config.cmdline.size = 0;
  expect_refusal(SIM_ERROR_BOOT, "no place for the kernel image");
}
END_TEST

START_TEST(too_many_pieces_are_refused)
{
  /* Holes count as pieces too. */
  for (uint64_t i = 0; i < 300; i++)
    add(i * 8192, i * 8192 + 4096, FM_REGION_USABLE);
  expect_refusal(SIM_ERROR_BOOT, "fall into more than 512 pieces");
}
END_TEST

START_TEST(a_region_in_the_last_page_is_refused)
{
  add(0, GIB, FM_REGION_USABLE);
  add(UINT64_MAX - 100, UINT64_MAX, FM_REGION_RESERVED);
  expect_refusal(SIM_ERROR_BOOT, "cannot be rounded up");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("plan");
  TCase *tc = tcase_create("plan");

  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_loop_test(tc, the_image_has_its_place, 0, G_N_ELEMENTS(places));
  tcase_add_test(tc, the_loader_adds_the_image_and_the_low_page);
  tcase_add_test(tc, an_image_that_is_given_must_be_in_order);
  tcase_add_test(tc, an_image_that_is_given_must_lie_in_usable_memory);
  tcase_add_test(tc, a_map_without_a_region_is_refused);
  tcase_add_test(tc, a_map_without_a_place_for_the_image_says_what_there_is);
  tcase_add_test(tc, a_map_without_room_for_the_slots_is_refused);
  tcase_add_test(tc, an_image_that_takes_all_memory_is_refused);
  tcase_add_test(tc, a_map_beyond_the_window_is_a_limit);
  tcase_add_test(tc, too_many_regions_are_refused_with_those_of_the_loader);
  tcase_add_test(tc, too_many_pieces_are_refused);
  tcase_add_test(tc, a_region_in_the_last_page_is_refused);
  suite_add_tcase(suite, tc);
  return suite;
}
