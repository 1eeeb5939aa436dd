/* SPDX-License-Identifier: MPL-2.0 */
/* interleave: what two CPUs get from one frame in one exact order. */
#include <inttypes.h>
#include <string.h>

#include "sim/exercise/internal.h"

/* Points of the two operations; a drop that is not the last one has only its first. */
#define DROP_POINTS 6u
#define GET_POINTS  2u

/* One race on a fresh frame: A drops, B gets.  The answers have the race's number. */
static void draw_race(sim_exercise *exercise, GString *script, GString *leaks, struct sim_rng *rng,
                      guint race)
{
  guint holders = 1 + (guint)(sim_rng_below(rng, 4) == 0);
  guint a = (guint)sim_rng_below(rng, holders == 1 ? DROP_POINTS : 2);
  guint b = (guint)sim_rng_below(rng, GET_POINTS);
  guint64 frame = 0x345000 + race * UINT64_C(0x1000);
  g_autoptr(GString) order = g_string_new("schedule");
  g_string_append_printf(leaks, "%s f%u, h%u", race == 0 ? "" : ",", race, race);
  if (holders == 2)
    g_string_append_printf(leaks, ", g%u", race);
  bool b_first = sim_rng_below(rng, 2) == 0;
  sim_exercise_say(exercise, "Race %u:", race + 1);
  sim_exercise_command(exercise, script, "claim 0x%" PRIx64 " -> f%u", frame, race);
  if (holders == 2)
    sim_exercise_command(exercise, script, "clone f%u -> g%u", race, race);
  sim_exercise_command(exercise, script, "thread A%u cpu 0 { drop f%u }", race, race);
  sim_exercise_command(exercise, script, "thread B%u cpu 1 { get 0x%" PRIx64 " -> h%u or b%u }",
                       race, frame, race, race);
  if (b_first && b != 0)
    g_string_append_printf(order, " B%u:%u", race, b);
  if (a != 0)
    g_string_append_printf(order, " A%u:%u", race, a);
  if (!b_first && b != 0)
    g_string_append_printf(order, " B%u:%u", race, b);
  bool a_ends = sim_rng_below(rng, 2) == 0;
  g_string_append_printf(order, " %c%u:* %c%u:*", a_ends ? 'A' : 'B', race, a_ends ? 'B' : 'A',
                         race);
  sim_exercise_command(exercise, script, "%s", order->str);
  g_autofree char *name = g_strdup_printf("b%u", race);
  g_autofree char *answer = g_strdup_printf("answer of B%u (Ok, Unused or Busy)", race);
  g_autofree char *state =
      g_strdup_printf("state of frame 0x%" PRIx64 " then (unused or shared)", frame);
  g_autofree char *query = g_strdup_printf("state 0x%" PRIx64, frame);
  sim_exercise_ask_machine(
      exercise, script, answer, name,
      "get answers by the count that it sees; between the last drop.dec and drop.unused that is "
      "busy; if the count changes before get.cas, get reads it again");
  sim_exercise_ask_machine(exercise, script, state, query,
                           "shared if a handle is left: that of B if it got one, or another one");
}

/* Whether B does not always get the same answer. */
static bool answers_differ(const sim_exercise *exercise)
{
  const GArray *all = exercise->questions;
  const char *first = g_array_index(all, struct sim_exercise_question, 0).answer;
  for (guint i = 2; i < all->len; i += 2)
    if (strcmp(g_array_index(all, struct sim_exercise_question, i).answer, first) != 0)
      return true;
  return all->len == 2;
}

bool sim_exercise_interleave(sim_exercise *exercise, struct sim_rng *rng)
{
  g_autoptr(GString) script =
      g_string_new("framesim 1\nmachine { ram 8M  kernel 2M 1M  cpus 2  allocator none }\nboot\n");
  g_autoptr(GString) leaks = g_string_new("end expecting leak");
  guint races = MIN(exercise->size, 8);
  sim_exercise_say(exercise,
                   "A:3 lets A make three more accesses, A:* lets it go on to its end.\n"
                   "  get makes    get.load  get.cas (which fails if the count has changed; then\n"
                   "               again get.load)\n"
                   "  drop makes   drop.dec, and for the last reference drop.fence drop.vtable\n"
                   "               drop.meta drop.unused drop.dealloc");
  for (guint i = 0; i < races; i++)
    draw_race(exercise, script, leaks, rng, i);
  g_string_append(script, leaks->str);
  struct sim_exercise_run *run = sim_exercise_run(exercise, script->str);
  if (run == NULL)
    return false;
  sim_exercise_run_free(run);
  return answers_differ(exercise);
}
