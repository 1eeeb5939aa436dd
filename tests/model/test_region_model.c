/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Random maps against a model that paints pages.
 *
 * The model is written from the rules alone: it asks of each page by itself what covers
 * it, and knows edges only as marks on an array.  It does not sweep, and shares no
 * arithmetic with src/boot/region.c.
 *
 * Another seed: FM_TEST_SEED=N.  A failure names the seed and the round.
 */
#include <fm/region.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/suite.h"

enum {
  MODEL_PAGES = 2048, /* all maps lie below */
  BYTES = 4096,       /* of a page, written out on purpose */
  ROUNDS = 6000,
  LARGE_ROUNDS = 300,
};

struct model {
  enum fm_region_status status;
  unsigned end;                  /* first page that is not part of the answer */
  uint8_t type[MODEL_PAGES + 2]; /* of each page below end */
  bool is_edge[MODEL_PAGES + 2]; /* a region starts or ends at this page */
};

static uint64_t seed_in_use;
static uint64_t state;

/* SplitMix64. */
static uint64_t next_random(void)
{
  uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static unsigned below(unsigned bound)
{
  return (unsigned)(next_random() % bound);
}

static void start_round(unsigned round)
{
  state = seed_in_use ^ ((uint64_t)round << 32);
}

/* Mostly at or around the edge of a page. */
static unsigned random_bytes(unsigned pages)
{
  static const unsigned odd[] = {0, 0, 0, 1, BYTES - 1, 0x400, 0xc00};
  unsigned offset = below(4) == 0 ? below(BYTES) : odd[below(7)];

  return below(pages) * BYTES + offset;
}

static size_t random_map(struct fm_region *ret, unsigned max_count, unsigned pages,
                         unsigned max_size)
{
  size_t count = 1 + below(max_count);

  for (size_t i = 0; i < count; i++) {
    memset(&ret[i], 0, sizeof(ret[i]));
    ret[i].base = random_bytes(pages);
    ret[i].size = below(6) == 0 ? below(BYTES) : random_bytes(max_size);
    ret[i].type = below(FM_REGION_TYPES);
  }
  return count;
}

/* ---- The model ---- */

/* Does the region own page `page`, by the rule of its type? */
static bool owns(const struct fm_region *region, unsigned page)
{
  uint64_t first = (uint64_t)page * BYTES, last = first + BYTES - 1;
  uint64_t begin = region->base, end = region->base + region->size;

  if (region->type == FM_REGION_USABLE)
    return begin <= first && last < end; /* only what it has whole */
  if (region->size == 0)
    return begin > first && begin <= last; /* nothing, but not on a page's first byte */
  return begin <= last && first < end;     /* whatever it touches */
}

static void mark_edges(struct model *model, const struct fm_region *region)
{
  bool any = false;

  for (unsigned page = 0; page <= MODEL_PAGES; page++) {
    bool here = owns(region, page), before = page > 0 && owns(region, page - 1);
    any = any || here;
    if (here != before)
      model->is_edge[page] = true;
  }
  if (any)
    return;
  /* Without a page only the start counts: the first page edge at or above the base. */
  for (unsigned page = 0; page <= MODEL_PAGES; page++) {
    if ((uint64_t)page * BYTES >= region->base) {
      model->is_edge[page] = true;
      return;
    }
  }
}

static unsigned least_type(const struct fm_region *regions, size_t count, unsigned page)
{
  for (unsigned type = 0; type < FM_REGION_TYPES; type++) {
    for (size_t i = 0; i < count; i++) {
      if (regions[i].type == type && owns(&regions[i], page))
        return type;
    }
  }
  return FM_REGION_UNKNOWN;
}

/* Whole pages below the highest byte that any region names. */
static unsigned limit_pages(const struct fm_region *regions, size_t count)
{
  uint64_t highest = 0;

  for (size_t i = 0; i < count; i++)
    highest =
        regions[i].base + regions[i].size > highest ? regions[i].base + regions[i].size : highest;
  return (unsigned)(highest / BYTES);
}

static void paint(struct model *model, const struct fm_region *regions, size_t count)
{
  unsigned limit = limit_pages(regions, count), pieces = limit > 0 ? 1 : 0;

  memset(model, 0, sizeof(*model));
  for (size_t i = 0; i < count; i++)
    mark_edges(model, &regions[i]);
  for (unsigned page = 0; page < limit; page++) {
    model->type[page] = (uint8_t)least_type(regions, count, page);
    if (page > 0 && model->is_edge[page])
      pieces++;
  }
  /* The last piece goes on to the next edge. */
  model->end = limit;
  while (limit > 0 && !model->is_edge[model->end]) {
    model->type[model->end] = model->type[limit - 1];
    model->end++;
    ck_assert_uint_le(model->end, MODEL_PAGES);
  }
  model->status = pieces > FM_REGIONS_MAX ? FM_REGION_TOO_MANY_PIECES : FM_REGION_OK;
}

/* ---- The comparison ---- */

static void check_shape(const struct fm_regions *result, unsigned round)
{
  uint64_t at = 0;

  for (uint32_t i = 0; i < result->count; i++) {
    const struct fm_region *region = &result->at[i];
    ck_assert_msg(region->base == at, "seed %llu round %u: a gap or overlap before region %u",
                  (unsigned long long)seed_in_use, round, i);
    ck_assert_msg(region->size > 0 && region->base % BYTES == 0 && region->size % BYTES == 0,
                  "seed %llu round %u: region %u is not made of pages",
                  (unsigned long long)seed_in_use, round, i);
    ck_assert_msg(i == 0 || region->type != result->at[i - 1].type,
                  "seed %llu round %u: regions %u and %u are not merged",
                  (unsigned long long)seed_in_use, round, i - 1, i);
    at = region->base + region->size;
  }
}

static void compare(const struct model *model, const struct fm_regions *result, unsigned round)
{
  unsigned page = 0;

  for (uint32_t i = 0; i < result->count; i++) {
    uint64_t end = (result->at[i].base + result->at[i].size) / BYTES;
    for (; page < end; page++)
      ck_assert_msg(page < model->end && model->type[page] == result->at[i].type,
                    "seed %llu round %u: page %u is type %u, the model (to page %u) says %u",
                    (unsigned long long)seed_in_use, round, page, result->at[i].type, model->end,
                    model->type[page]);
  }
  ck_assert_msg(page == model->end, "seed %llu round %u: ends at page %u, the model at %u",
                (unsigned long long)seed_in_use, round, page, model->end);
}

static void run_round(const struct fm_region *regions, size_t count, unsigned round, unsigned *seen)
{
  static struct model model;
  static struct fm_regions result;

  paint(&model, regions, count);
  enum fm_region_status status = fm_regions_normalise(regions, count, &result);
  ck_assert_msg(status == model.status, "seed %llu round %u: status %d, the model says %d",
                (unsigned long long)seed_in_use, round, (int)status, (int)model.status);
  seen[status]++;
  if (status != FM_REGION_OK)
    return;
  check_shape(&result, round);
  compare(&model, &result, round);
}

START_TEST(small_random_maps_agree_with_painted_pages)
{
  struct fm_region regions[12];
  unsigned seen[FM_REGION_PAST_END + 1] = {0};

  for (unsigned round = 0; round < ROUNDS; round++) {
    start_round(round);
    size_t count = random_map(regions, 12, 24, 10);
    run_round(regions, count, round, seen);
  }
  ck_assert_uint_eq(seen[FM_REGION_OK], ROUNDS);
}
END_TEST

START_TEST(large_random_maps_agree_with_painted_pages)
{
  static struct fm_region regions[FM_REGIONS_MAX];
  unsigned seen[FM_REGION_PAST_END + 1] = {0};

  for (unsigned round = 0; round < LARGE_ROUNDS; round++) {
    start_round(round);
    size_t count = random_map(regions, FM_REGIONS_MAX, MODEL_PAGES - 8, 4);
    run_round(regions, count, round, seen);
  }
  /* Both sides of the limit were met. */
  ck_assert_uint_gt(seen[FM_REGION_OK], LARGE_ROUNDS / 10);
  ck_assert_uint_gt(seen[FM_REGION_TOO_MANY_PIECES], LARGE_ROUNDS / 10);
}
END_TEST

START_TEST(a_normalised_map_normalises_to_itself)
{
  struct fm_region regions[12];
  static struct fm_regions once, twice;

  for (unsigned round = 0; round < ROUNDS; round++) {
    start_round(round);
    size_t count = random_map(regions, 12, 24, 10);
    ck_assert_int_eq(fm_regions_normalise(regions, count, &once), FM_REGION_OK);
    if (once.count == 0)
      continue;
    ck_assert_int_eq(fm_regions_normalise(once.at, once.count, &twice), FM_REGION_OK);
    ck_assert_msg(memcmp(&once, &twice, sizeof(once)) == 0, "seed %llu round %u",
                  (unsigned long long)seed_in_use, round);
  }
}
END_TEST

START_TEST(the_order_of_the_regions_does_not_matter)
{
  struct fm_region regions[12], turned[12];
  static struct fm_regions left, right;

  for (unsigned round = 0; round < ROUNDS; round++) {
    start_round(round);
    size_t count = random_map(regions, 12, 24, 10);
    for (size_t i = 0; i < count; i++)
      turned[count - 1 - i] = regions[i];
    ck_assert_int_eq(fm_regions_normalise(regions, count, &left), FM_REGION_OK);
    ck_assert_int_eq(fm_regions_normalise(turned, count, &right), FM_REGION_OK);
    ck_assert_msg(memcmp(&left, &right, sizeof(left)) == 0, "seed %llu round %u",
                  (unsigned long long)seed_in_use, round);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("region model");
  TCase *tc = tcase_create("random maps");
  const char *seed = getenv("FM_TEST_SEED");

  seed_in_use = seed != NULL ? strtoull(seed, NULL, 0) : 1;
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, small_random_maps_agree_with_painted_pages);
  tcase_add_test(tc, large_random_maps_agree_with_painted_pages);
  tcase_add_test(tc, a_normalised_map_normalises_to_itself);
  tcase_add_test(tc, the_order_of_the_regions_does_not_matter);
  suite_add_tcase(suite, tc);
  return suite;
}
