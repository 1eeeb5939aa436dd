/* SPDX-License-Identifier: MPL-2.0 */
/* cow: who shares which frames after forks and writes. */
#include <inttypes.h>

#include "sim/exercise/internal.h"

#define PROCESSES 4u
#define PAGES     3u

static const char *const names[PROCESSES] = {"p", "q", "r", "s"};

static uint64_t page_address(guint page)
{
  return UINT64_C(0x1000) * (page + 1);
}

/* The frame behind a page of a process; 0: none. */
static uint64_t frame_of(const sim_run *run, guint process, guint page)
{
  const struct sim_process *at = sim_os_processes(run->os)->pdata[process];
  struct sim_request request = {.va = page_address(page), .user = true, .quiet = true};
  struct sim_translation walk;
  struct sim_fault fault;
  if (!sim_mmu_walk(run->machine, fm_slot_paddr(at->space.root.slot), request, &walk, &fault))
    return 0;
  return fm_page_down(walk.paddr.raw);
}

static guint draw_commands(sim_exercise *exercise, GString *script, struct sim_rng *rng,
                           guint pages)
{
  guint processes = 1;
  guint writes = 0;
  for (guint i = 0; i < exercise->size + 2; i++) {
    guint who = (guint)sim_rng_below(rng, processes);
    if (processes < PROCESSES && (i == 0 || sim_rng_below(rng, 3) == 0)) {
      sim_exercise_command(exercise, script, "fork %s -> %s", names[who], names[processes]);
      processes++;
    } else {
      writes++;
      sim_exercise_command(exercise, script, "write %s at 0x%" PRIx64 " %u", names[who],
                           page_address((guint)sim_rng_below(rng, pages)), i + 10);
    }
  }
  return writes == 0 ? 0 : processes;
}

static void ask_values(sim_exercise *exercise, GString *script, struct sim_rng *rng,
                       guint processes, guint pages)
{
  guint first = (guint)sim_rng_below(rng, (uint64_t)processes * pages);
  for (guint i = 0; i < MIN(MIN(exercise->size, 4), processes * pages); i++) {
    guint who = (first + i) % (processes * pages) / pages;
    guint page = (first + i) % (processes * pages) % pages;
    g_string_append_printf(script, "read %s at 0x%" PRIx64 " -> x%u\n", names[who],
                           page_address(page), i);
    g_autofree char *text =
        g_strdup_printf("what %s reads at 0x%" PRIx64, names[who], page_address(page));
    g_autofree char *name = g_strdup_printf("x%u", i);
    sim_exercise_ask_machine(
        exercise, script, text, name,
        "a fork copies what was there; after it, each sees only its own writes");
  }
}

/* How many frames there are behind all pages, and how many share each of some. */
static bool ask_frames(sim_exercise *exercise, const sim_run *run, struct sim_rng *rng,
                       guint processes, guint pages)
{
  g_autoptr(GHashTable) frames = g_hash_table_new(NULL, NULL);
  guint most = 0;
  for (guint who = 0; who < processes; who++)
    for (guint page = 0; page < pages; page++)
      g_hash_table_add(frames, GSIZE_TO_POINTER(frame_of(run, who, page)));
  if (g_hash_table_contains(frames, NULL))
    return false;
  guint first = (guint)sim_rng_below(rng, (uint64_t)processes * pages);
  for (guint i = 0; i < MIN(MIN(exercise->size, 4), processes * pages); i++) {
    guint who = (first + i) % (processes * pages) / pages;
    guint page = (first + i) % (processes * pages) % pages;
    uint64_t frame = frame_of(run, who, page);
    struct fm_slot_view slot;
    fm_slot_view(run->kernel, fm_slot_at(fm_paddr_of(frame)), &slot);
    most = MAX(most, (guint)slot.ref_count);
    sim_exercise_ask(exercise,
                     g_strdup_printf("references to the frame behind %s's page 0x%" PRIx64,
                                     names[who], page_address(page)),
                     g_strdup_printf("%" PRIu64, slot.ref_count),
                     g_strdup("one for each process that still maps it: fork adds one, a write to "
                              "a shared frame makes a copy and gives one up"));
  }
  sim_exercise_ask(exercise, g_strdup("frames behind all pages of all processes"),
                   g_strdup_printf("%u", g_hash_table_size(frames)),
                   g_strdup("the pages of the first process, and one for each copy that a write "
                            "made; the last owner of a frame writes without a copy"));
  guint copies = g_hash_table_size(frames) - pages;
  return copies != 0 &&
         (exercise->size < 3 || g_hash_table_size(frames) < processes * pages || most > 1);
}

bool sim_exercise_cow(sim_exercise *exercise, struct sim_rng *rng)
{
  g_autoptr(GString) script =
      g_string_new("framesim 1\nmachine { ram 32M  kernel 2M 1M }\nboot\nprocess p\n");
  guint pages = exercise->size < 3 ? 1 : exercise->size < 6 ? 2 : PAGES;
  sim_exercise_say(exercise, "Process p has %u private page%s, written before:", pages,
                   pages == 1 ? "" : "s");
  g_string_append_printf(script, "map p at 0x1000 size %uK\n", 4 * pages);
  for (guint page = 0; page < pages; page++)
    sim_exercise_command(exercise, script, "write p at 0x%" PRIx64 " %u", page_address(page),
                         page + 1);
  sim_exercise_say(exercise, "Then:");
  guint processes = draw_commands(exercise, script, rng, pages);
  if (processes < 2)
    return false;
  sim_exercise_say(exercise, "In the end:");
  ask_values(exercise, script, rng, processes, pages);
  g_string_append(script, "end expecting leak p");
  for (guint i = 1; i < processes; i++)
    g_string_append_printf(script, ", %s", names[i]);
  struct sim_exercise_run *run = sim_exercise_run(exercise, script->str);
  if (run == NULL)
    return false;
  bool good = ask_frames(exercise, run->run, rng, processes, pages);
  sim_exercise_run_free(run);
  return good;
}
