/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Which events a process is killed at: each named point of each command that comes by it once
 * at least; of the rest, three in four lie in the middle of their step.
 */
#include <stdio.h>

#include "sim/rng.h"
#include "tests/crash/kill.h"

static const char machine[] = "framesim 1\nmachine { ram 8M  cpus 2  kernel 2M 1M  allocator ";

/* ---- Choosing ---- */

static bool is_inside(const struct kill_script *script, guint event)
{
  const struct kill_event *events = (const struct kill_event *)(void *)script->events->data;
  return event >= 2 && event + 2 < script->events->len &&
         events[event - 2].step == events[event].step &&
         events[event + 2].step == events[event].step;
}

/* One event for each pair of command and point, drawn from those that there are. */
static GArray *choose(const struct kill_script *script, struct sim_rng *rng, guint kills)
{
  GArray *chosen = g_array_new(FALSE, FALSE, sizeof(guint));
  g_autoptr(GHashTable) pairs = g_hash_table_new(NULL, NULL);  /* pair + 1 -> seen so far */
  g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL); /* pair + 1 -> index + 1 */
  for (guint i = 0; i < script->events->len; i++) {
    const struct kill_event *event = &g_array_index(script->events, struct kill_event, i);
    gpointer pair = GUINT_TO_POINTER(event->verb * (FM_SITE_COUNT + 1) + event->site + 1);
    guint seen = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, pair)) + 1;
    g_hash_table_insert(pairs, pair, GUINT_TO_POINTER(seen));
    if (seen == 1) {
      g_array_append_val(chosen, i);
      g_hash_table_insert(places, pair, GUINT_TO_POINTER(chosen->len));
    } else if (sim_rng_below(rng, seen) == 0) {
      g_array_index(chosen, guint, GPOINTER_TO_UINT(g_hash_table_lookup(places, pair)) - 1) = i;
    }
  }
  if (kills < chosen->len) /* of sanitizers: not all pairs */
    while (chosen->len > kills)
      g_array_remove_index_fast(chosen, (guint)sim_rng_below(rng, chosen->len));
  while (chosen->len < kills) {
    guint event = (guint)sim_rng_below(rng, script->events->len);
    if (is_inside(script, event) || sim_rng_below(rng, 3) == 0)
      g_array_append_val(chosen, event);
  }
  return chosen;
}

void kill_all(const char *allocator, const char *work, guint kills)
{
  const char *wanted = g_getenv("FM_TEST_KILLS");
  if (wanted != NULL)
    kills = (guint)g_ascii_strtoull(wanted, NULL, 10);
  g_autofree char *text = g_strconcat(machine, allocator, " }\n", work, NULL);
  struct kill_script *script = kill_reference(text);
  struct sim_rng rng;
  sim_rng_init(&rng, 0, allocator);
  g_autoptr(GArray) chosen = choose(script, &rng, kills);
  for (guint i = 0; i < chosen->len; i++) {
    guint event = g_array_index(chosen, guint, i);
    kill_at(script, event);
    /* One in eight repairs dies itself, one in sixteen twice. */
    for (guint again = 0; i % 8 == 0 && again < 1 + i / 8 % 2; again++)
      kill_repair_at(script, (guint)sim_rng_below(&rng, 400));
    kill_verify(script, event);
  }
  fprintf(stderr, "# allocator %s: killed at %u of %u events\n", allocator, chosen->len,
          script->events->len);
  kill_script_free(script);
}
