/* SPDX-License-Identifier: MPL-2.0 */
/* regions: what normalisation makes of a firmware map. */
#include <inttypes.h>

#include "sim/exercise/internal.h"

#define REGIONS_MAX (SIM_EXERCISE_SIZE_MAX + 2)

static const enum fm_region_type types[] = {FM_REGION_USABLE,     FM_REGION_USABLE,
                                            FM_REGION_RESERVED,   FM_REGION_RECLAIMABLE,
                                            FM_REGION_BAD_MEMORY, FM_REGION_NONVOLATILE_SLEEP};

/* One after the other, with gaps and overlaps, and ends that cut pages. */
static void draw_map(struct fm_region *given, guint count, struct sim_rng *rng)
{
  uint64_t at = sim_rng_below(rng, 4) * 0x1000;
  for (guint i = 0; i < count; i++) {
    uint64_t size = (1 + sim_rng_below(rng, 12)) * 0x1000;
    if (sim_rng_below(rng, 3) == 0)
      size += 0x400 * (1 + sim_rng_below(rng, 3));
    given[i] = (struct fm_region){
        .base = at, .size = size, .type = types[sim_rng_below(rng, G_N_ELEMENTS(types))]};
    uint64_t how = sim_rng_below(rng, 3);
    at += how == 0   ? size
          : how == 1 ? size + (1 + sim_rng_below(rng, 4)) * 0x1000
                     : size / 0x2000 * 0x1000;
  }
}

static const struct fm_region *find(const struct fm_regions *regions, uint64_t address)
{
  for (uint32_t i = 0; i < regions->count; i++)
    if (address >= regions->at[i].base && address < fm_region_end(&regions->at[i]))
      return &regions->at[i];
  return NULL;
}

/* What the given regions say about an address, before anything is aligned. */
static guint say_nothing_or_more(const struct fm_region *given, guint count, uint64_t address)
{
  guint covers = 0;
  for (guint i = 0; i < count; i++)
    covers += address >= given[i].base && address < fm_region_end(&given[i]);
  return covers;
}

static char *reason_of(guint covers)
{
  return g_strdup(covers == 0   ? "no region covers it as given; it is unknown unless one that is "
                                  "not usable grows to whole pages over it"
                  : covers == 1 ? "one region covers it; usable ones shrink to whole pages, all "
                                  "others grow"
                                : "several regions cover it: the least usable type wins");
}

/* Addresses that are told apart: overlaps and holes, and the pages that an end cuts. */
static bool ask_addresses(sim_exercise *exercise, struct sim_rng *rng,
                          const struct fm_region *given, guint count,
                          const struct fm_regions *regions)
{
  bool overlap = false;
  bool hole = false;
  uint64_t end = fm_region_end(&regions->at[regions->count - 1]);
  for (guint i = 0, draws = 0; i < exercise->size && draws < 40 * exercise->size; draws++) {
    const struct fm_region *near = &given[sim_rng_below(rng, count)];
    uint64_t address = fm_page_down(sim_rng_below(rng, 2) == 0 ? near->base : fm_region_end(near));
    if (address >= end)
      address = end - FM_PAGE_SIZE;
    const struct fm_region *found = find(regions, address);
    guint covers = say_nothing_or_more(given, count, address);
    if (found == NULL)
      return false;
    overlap |= covers > 1;
    hole |= found->type == FM_REGION_UNKNOWN;
    g_autofree char *text = g_strdup_printf("type of the page at 0x%" PRIx64, address);
    if (sim_exercise_has(exercise, text))
      continue;
    i++;
    sim_exercise_ask(exercise, g_steal_pointer(&text),
                     g_strdup(fm_region_type_name((enum fm_region_type)found->type)),
                     reason_of(covers));
  }
  return exercise->size < 3 || overlap || hole;
}

bool sim_exercise_regions(sim_exercise *exercise, struct sim_rng *rng)
{
  struct fm_region given[REGIONS_MAX];
  g_autofree struct fm_regions *regions = g_new0(struct fm_regions, 1);
  guint count = exercise->size + 2;
  uint64_t usable = 0;
  draw_map(given, count, rng);
  if (fm_ops_native.regions_normalise(given, count, regions) != FM_REGION_OK)
    return false;
  sim_exercise_say(exercise, "A firmware map (ends are excluded):");
  for (guint i = 0; i < count; i++)
    sim_exercise_say(exercise, "      0x%05" PRIx64 "-0x%05" PRIx64 "  %s", given[i].base,
                     fm_region_end(&given[i]),
                     fm_region_type_name((enum fm_region_type)given[i].type));
  sim_exercise_say(exercise, "Types, least usable first: bad-memory, unknown, nonvolatile-sleep, "
                             "reserved,\nreclaimable, usable.  It is normalised: usable regions "
                             "shrink to whole pages of\n0x1000, all others grow; the least usable "
                             "type wins; neighbours of one type merge.");
  if (!ask_addresses(exercise, rng, given, count, regions))
    return false;
  sim_exercise_ask(exercise, g_strdup("regions after normalisation, holes from 0 on included"),
                   g_strdup_printf("%u", regions->count),
                   g_strdup("every hole from address 0 on is a region, too: unknown"));
  for (uint32_t i = 0; i < regions->count; i++)
    usable += regions->at[i].type == FM_REGION_USABLE ? regions->at[i].size / FM_PAGE_SIZE : 0;
  sim_exercise_ask(exercise, g_strdup("usable pages in all"), g_strdup_printf("%" PRIu64, usable),
                   g_strdup("whole pages of usable regions that no other region covers"));
  return regions->count > 2;
}
