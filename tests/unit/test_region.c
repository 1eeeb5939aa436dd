/* SPDX-License-Identifier: MPL-2.0 */
/* The rules of normalisation, one by one; tests/model/test_region_model.c has the rest. */
#include <fm/region.h>
#include <stdio.h>
#include <string.h>

#include "tests/suite.h"

#define PAGE FM_PAGE_SIZE

static struct fm_region region(uint64_t base, uint64_t size, enum fm_region_type type)
{
  return (struct fm_region){.base = base, .size = size, .type = type};
}

/* "0x0-0x2000 usable, ..." or the name of the failure. */
static const char *normalise(const struct fm_region *regions, size_t count)
{
  static const char *const failures[] = {"ok", "empty", "too many", "too many pieces", "past end"};
  static struct fm_regions result;
  static char text[4096];
  size_t used = 0;

  enum fm_region_status status = fm_regions_normalise(regions, count, &result);
  if (status != FM_REGION_OK)
    return failures[status];
  text[0] = '\0';
  for (uint32_t i = 0; i < result.count && used < sizeof(text); i++) {
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%s0x%llx-0x%llx %s",
                             i > 0 ? ", " : "", (unsigned long long)result.at[i].base,
                             (unsigned long long)fm_region_end(&result.at[i]),
                             fm_region_type_name(result.at[i].type));
  }
  return text;
}

#define expect(text, ...)                                                                          \
  do {                                                                                             \
    const struct fm_region list_[] = {__VA_ARGS__};                                                \
    ck_assert_str_eq(normalise(list_, sizeof(list_) / sizeof(list_[0])), text);                    \
  } while (0)

#define USABLE(base, size)   region(base, size, FM_REGION_USABLE)
#define RESERVED(base, size) region(base, size, FM_REGION_RESERVED)
#define BAD(base, size)      region(base, size, FM_REGION_BAD_MEMORY)
#define RECLAIM(base, size)  region(base, size, FM_REGION_RECLAIMABLE)

START_TEST(type_names_go_there_and_back)
{
  const char *name = fm_region_type_name((enum fm_region_type)_i);

  ck_assert_ptr_nonnull(name);
  ck_assert_int_eq(fm_region_type_by_name(name), _i);
}
END_TEST

START_TEST(type_names_are_those_of_the_reference_data)
{
  ck_assert_str_eq(fm_region_type_name(FM_REGION_BAD_MEMORY), "bad-memory");
  ck_assert_str_eq(fm_region_type_name(FM_REGION_NONVOLATILE_SLEEP), "nonvolatile-sleep");
  ck_assert_str_eq(fm_region_type_name(FM_REGION_RECLAIMABLE), "reclaimable");
  ck_assert_str_eq(fm_region_type_name(FM_REGION_USABLE), "usable");
}
END_TEST

START_TEST(other_names_and_numbers_are_no_type)
{
  ck_assert_ptr_null(fm_region_type_name(FM_REGION_TYPES));
  ck_assert_ptr_null(fm_region_type_name((enum fm_region_type) - 1));
  ck_assert_int_eq(fm_region_type_by_name(""), FM_REGION_TYPES);
  ck_assert_int_eq(fm_region_type_by_name("usabl"), FM_REGION_TYPES);
  ck_assert_int_eq(fm_region_type_by_name("usables"), FM_REGION_TYPES);
  ck_assert_int_eq(fm_region_type_by_name("Usable"), FM_REGION_TYPES);
}
END_TEST

START_TEST(usable_regions_shrink_to_whole_pages)
{
  expect("0x0-0x2000 unknown, 0x2000-0x4000 usable", USABLE(0x1001, 0x3000 - 1));
  expect("0x0-0x9f000 usable", USABLE(0, 0x9fc00));
}
END_TEST

START_TEST(other_regions_grow_to_whole_pages)
{
  expect("0x0-0x1000 unknown, 0x1000-0x4000 reserved, 0x4000-0x6000 usable",
         RESERVED(0x1fff, 0x1002), RESERVED(0x3fff, 1), USABLE(0x4000, 0x2000));
  expect("0x0-0x1000 unknown, 0x1000-0x3000 reclaimable", RECLAIM(0x1fff, 0x1001));
}
END_TEST

START_TEST(the_least_usable_type_wins_where_regions_overlap)
{
  expect(
      "0x0-0x2000 usable, 0x2000-0x4000 bad-memory, 0x4000-0x6000 reserved, 0x6000-0x8000 usable",
      USABLE(0, 0x8000), RESERVED(0x3000, 0x3000), BAD(0x2000, 0x2000));
}
END_TEST

START_TEST(every_type_loses_against_its_lower_neighbour)
{
  enum fm_region_type high = (enum fm_region_type)_i, low = (enum fm_region_type)(_i - 1);
  char text[64];

  snprintf(text, sizeof(text), "0x0-0x2000 %s", fm_region_type_name(low));
  expect(text, region(0, 2 * PAGE, high), region(0, 2 * PAGE, low));
  expect(text, region(0, 2 * PAGE, low), region(0, 2 * PAGE, high));
}
END_TEST

START_TEST(holes_are_unknown_from_zero_on)
{
  expect("0x0-0x1000 unknown, 0x1000-0x2000 usable, 0x2000-0x5000 unknown, 0x5000-0x6000 usable",
         USABLE(0x5000, 0x1000), USABLE(0x1000, 0x1000));
}
END_TEST

START_TEST(neighbours_of_one_type_are_merged)
{
  expect("0x0-0x4000 usable", USABLE(0, 0x1000), USABLE(0x1000, 0x1000), USABLE(0x1800, 0x2800));
  expect("0x0-0x3000 unknown, 0x3000-0x4000 usable", region(0x1000, 0x1000, FM_REGION_UNKNOWN),
         USABLE(0x3000, 0x1000));
}
END_TEST

START_TEST(a_usable_region_without_a_whole_page_still_is_a_boundary)
{
  /* Limit 0x1000; the only boundary is the rounded-up start, and it is not clipped. */
  expect("0x0-0x2000 unknown", USABLE(0x1001, 0x10));
  /* With its page a part of a larger hole, nothing shows. */
  expect("0x0-0x4000 unknown, 0x4000-0x5000 usable", USABLE(0x1001, 0x10), USABLE(0x4000, 0x1000));
  /* Limit 0x3000, and the hole below it reaches past it. */
  expect("0x0-0x2000 reserved, 0x2000-0x4000 unknown", RESERVED(0, 0x2000), USABLE(0x3001, 0x10));
  expect("0x0-0x3000 reserved", RESERVED(0, 0x3000), USABLE(0x3001, 0x10));
}
END_TEST

START_TEST(zero_bytes_at_an_unaligned_base_are_a_page_unless_usable)
{
  expect("0x0-0x1000 unknown, 0x1000-0x2000 reserved, 0x2000-0x4000 unknown, 0x4000-0x5000 usable",
         RESERVED(0x1800, 0), USABLE(0x4000, 0x1000));
  expect("0x0-0x5000 usable", RESERVED(0x1000, 0), USABLE(0, 0x5000));
  expect("0x0-0x5000 usable", USABLE(0x1800, 0), USABLE(0, 0x5000));
}
END_TEST

START_TEST(an_unaligned_last_region_is_kept_whole_if_it_begins_below_the_limit)
{
  expect("0x0-0x1000 unknown, 0x1000-0x4000 reserved", RESERVED(0x1000, 0x2001));
}
END_TEST

START_TEST(an_unaligned_last_region_vanishes_if_it_begins_at_the_limit)
{
  expect("0x0-0x3000 usable", USABLE(0, 0x3000), RESERVED(0x3000, 0xfff));
  expect("0x0-0x3000 usable, 0x3000-0x4000 reserved", USABLE(0, 0x3000), RESERVED(0x3000, 0x1000));
}
END_TEST

START_TEST(less_than_a_page_in_all_gives_an_empty_list)
{
  struct fm_region small = RESERVED(0, 0xfff);
  struct fm_regions result;

  ck_assert_int_eq(fm_regions_normalise(&small, 1, &result), FM_REGION_OK);
  ck_assert_uint_eq(result.count, 0);
}
END_TEST

START_TEST(no_region_at_all_is_a_failure)
{
  ck_assert_str_eq(normalise(NULL, 0), "empty");
}
END_TEST

/* `count` regions of one page, each `step` pages from the last. */
static const struct fm_region *ladder(size_t count, uint64_t step)
{
  static struct fm_region list[FM_REGIONS_MAX + 1];

  for (size_t i = 0; i < count; i++)
    list[i] = USABLE(i * step * PAGE, PAGE);
  return list;
}

START_TEST(exactly_512_regions_are_accepted)
{
  ck_assert_str_eq(normalise(ladder(512, 1), 512), "0x0-0x200000 usable");
  ck_assert_str_eq(normalise(ladder(513, 1), 513), "too many");
}
END_TEST

START_TEST(exactly_512_pieces_before_merging_are_accepted)
{
  static struct fm_region list[257];

  /* 256 islands, the first not at 0: 256 holes. */
  for (size_t i = 0; i < 256; i++)
    list[i] = USABLE((2 * i + 1) * PAGE, PAGE);
  struct fm_regions result;
  ck_assert_int_eq(fm_regions_normalise(list, 256, &result), FM_REGION_OK);
  ck_assert_uint_eq(result.count, 512);

  list[256] = USABLE(512 * PAGE, PAGE); /* touches the last: one piece more, none when merged */
  ck_assert_str_eq(normalise(list, 257), "too many pieces");
}
END_TEST

START_TEST(ends_that_do_not_fit_64_bits_are_refused)
{
  const uint64_t last_page = UINT64_MAX - 0xfff;

  expect("past end", USABLE(last_page, PAGE));
  expect("past end", USABLE(last_page, UINT64_MAX));
  expect("past end", USABLE(0, PAGE), RESERVED(UINT64_MAX, 1));
  expect("past end", RESERVED(last_page, 1)); /* rounded up */
  expect("past end", RESERVED(last_page + 1, 0));
  expect("past end", USABLE(last_page + 1, 0)); /* its start is rounded up */
}
END_TEST

START_TEST(the_last_page_but_one_is_accepted)
{
  const uint64_t last_page = UINT64_MAX - 0xfff;

  expect("0x0-0xffffffffffffe000 unknown, 0xffffffffffffe000-0xfffffffffffff000 reserved",
         RESERVED(last_page - PAGE, PAGE));
  expect("0x0-0xfffffffffffff000 usable", USABLE(0, UINT64_MAX));
}
END_TEST

START_TEST(a_failure_leaves_the_result_alone)
{
  struct fm_regions result, before;
  const struct fm_region bad = RESERVED(UINT64_MAX, 1);

  memset(&result, 0x5a, sizeof(result));
  before = result;
  ck_assert_int_eq(fm_regions_normalise(&bad, 1, &result), FM_REGION_PAST_END);
  ck_assert_int_eq(fm_regions_normalise(&bad, 0, &result), FM_REGION_EMPTY);
  ck_assert_int_eq(fm_regions_normalise(ladder(513, 1), 513, &result), FM_REGION_TOO_MANY);
  ck_assert_int_eq(fm_regions_normalise(ladder(512, 2), 512, &result), FM_REGION_TOO_MANY_PIECES);
  ck_assert_mem_eq(&result, &before, sizeof(result));
}
END_TEST

START_TEST(what_is_not_used_of_the_result_is_zero)
{
  static const struct fm_region zero;
  const struct fm_region one = USABLE(0, PAGE);
  struct fm_regions result;

  memset(&result, 0x5a, sizeof(result));
  ck_assert_int_eq(fm_regions_normalise(&one, 1, &result), FM_REGION_OK);
  ck_assert_uint_eq(result.count, 1);
  ck_assert_uint_eq(result.reserved, 0);
  for (size_t i = 1; i < FM_REGIONS_MAX; i++)
    ck_assert_mem_eq(&result.at[i], &zero, sizeof(zero));
}
END_TEST

static TCase *rules(void)
{
  TCase *tc = tcase_create("normalise");

  tcase_add_test(tc, usable_regions_shrink_to_whole_pages);
  tcase_add_test(tc, other_regions_grow_to_whole_pages);
  tcase_add_test(tc, the_least_usable_type_wins_where_regions_overlap);
  tcase_add_loop_test(tc, every_type_loses_against_its_lower_neighbour, 1, FM_REGION_TYPES);
  tcase_add_test(tc, holes_are_unknown_from_zero_on);
  tcase_add_test(tc, neighbours_of_one_type_are_merged);
  tcase_add_test(tc, a_usable_region_without_a_whole_page_still_is_a_boundary);
  tcase_add_test(tc, zero_bytes_at_an_unaligned_base_are_a_page_unless_usable);
  tcase_add_test(tc, an_unaligned_last_region_is_kept_whole_if_it_begins_below_the_limit);
  tcase_add_test(tc, an_unaligned_last_region_vanishes_if_it_begins_at_the_limit);
  tcase_add_test(tc, less_than_a_page_in_all_gives_an_empty_list);
  return tc;
}

static TCase *limits(void)
{
  TCase *tc = tcase_create("limits");

  tcase_add_test(tc, no_region_at_all_is_a_failure);
  tcase_add_test(tc, exactly_512_regions_are_accepted);
  tcase_add_test(tc, exactly_512_pieces_before_merging_are_accepted);
  tcase_add_test(tc, ends_that_do_not_fit_64_bits_are_refused);
  tcase_add_test(tc, the_last_page_but_one_is_accepted);
  tcase_add_test(tc, a_failure_leaves_the_result_alone);
  tcase_add_test(tc, what_is_not_used_of_the_result_is_zero);
  return tc;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("region");
  TCase *names = tcase_create("names");

  tcase_add_loop_test(names, type_names_go_there_and_back, 0, FM_REGION_TYPES);
  tcase_add_test(names, type_names_are_those_of_the_reference_data);
  tcase_add_test(names, other_names_and_numbers_are_no_type);
  suite_add_tcase(suite, names);
  suite_add_tcase(suite, rules());
  suite_add_tcase(suite, limits());
  return suite;
}
