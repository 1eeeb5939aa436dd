/* SPDX-License-Identifier: MPL-2.0 */
/* refcounts: who holds what after a sequence of claim, clone, get and drop. */
#include <inttypes.h>

#include "sim/exercise/internal.h"

#define FRAMES  2
#define BASE    UINT64_C(0x345000)
#define HANDLES 20u

struct state {
  sim_exercise *exercise;
  struct sim_rng *rng;
  GString *script;
  guint live[HANDLES]; /* frame of handle h<i>, + 1; 0: dropped */
  guint made;
  guint counts[FRAMES]; /* as a student would keep them: to draw commands that work */
  guint most;
  guint freed;
};

static uint64_t address(guint frame)
{
  return BASE + frame * UINT64_C(0x1000);
}

static bool pick_live(struct state *state, guint *ret)
{
  guint live = 0;
  for (guint i = 0; i < state->made; i++)
    live += state->live[i] != 0;
  if (live == 0)
    return false;
  guint nth = (guint)sim_rng_below(state->rng, live);
  for (guint i = 0; i < state->made; i++)
    if (state->live[i] != 0 && nth-- == 0)
      *ret = i;
  return true;
}

static void grow(struct state *state, guint frame)
{
  state->live[state->made++] = frame + 1;
  state->counts[frame]++;
  state->most = MAX(state->most, state->counts[frame]);
}

static void draw_command(struct state *state)
{
  guint h = 0;
  guint frame = (guint)sim_rng_below(state->rng, FRAMES);
  uint64_t what = sim_rng_below(state->rng, 5);
  bool any = pick_live(state, &h);
  if (state->counts[frame] == 0 && state->made < HANDLES && what < 3) {
    sim_exercise_command(state->exercise, state->script, "claim 0x%" PRIx64 " -> h%u",
                         address(frame), state->made);
    grow(state, frame);
  } else if (any && (what >= 3 || state->made == HANDLES)) {
    sim_exercise_command(state->exercise, state->script, "drop h%u", h);
    frame = state->live[h] - 1;
    state->live[h] = 0;
    state->freed += --state->counts[frame] == 0;
  } else if (any && what == 2) {
    frame = state->live[h] - 1;
    sim_exercise_command(state->exercise, state->script, "get 0x%" PRIx64 " -> h%u", address(frame),
                         state->made);
    grow(state, frame);
  } else if (any) {
    sim_exercise_command(state->exercise, state->script, "clone h%u -> h%u", h, state->made);
    grow(state, state->live[h] - 1);
  }
}

static void ask(struct state *state, guint frame)
{
  g_autofree char *number = g_strdup_printf("0x%" PRIx64, address(frame));
  bool used = state->counts[frame] != 0;
  g_autofree char *text =
      used ? g_strdup_printf("references to frame %s here", number)
           : g_strdup_printf("state of frame %s here (unused, busy, shared or unique)", number);
  g_autofree char *expression = g_strdup_printf("%s %s", used ? "refcount" : "state", number);
  sim_exercise_ask_machine(state->exercise, state->script, text, expression,
                           used ? "claim gives 1; clone and get add one each; each drop takes one"
                                : "the drop that takes the last reference makes it unused");
}

bool sim_exercise_refcounts(sim_exercise *exercise, struct sim_rng *rng)
{
  g_autoptr(GString) script =
      g_string_new("framesim 1\nmachine { ram 8M  kernel 2M 1M  allocator none }\nboot\n");
  struct state state = {exercise, rng, script, {0}, 0, {0}, 0, 0};
  guint asked = 0;
  sim_exercise_say(exercise, "Two frames are unused at first.  Handles are h0, h1, ...");
  for (guint i = 0; i < exercise->size; i++) {
    for (guint k = 0; k < 3; k++)
      draw_command(&state);
    asked = (guint)sim_rng_below(rng, FRAMES);
    ask(&state, asked);
  }
  ask(&state, FRAMES - 1 - asked);
  g_string_append(script, "end expecting leak");
  for (guint i = 0; i < state.made; i++)
    g_string_append_printf(script, "%s h%u", i == 0 ? "" : ",", i);
  if (state.made == 0 || state.most < 2 || (exercise->size > 2 && state.freed == 0))
    return false;
  struct sim_exercise_run *run = sim_exercise_run(exercise, script->str);
  if (run == NULL)
    return false;
  sim_exercise_run_free(run);
  return true;
}
