/* SPDX-License-Identifier: MPL-2.0 */
/* What came of a run: what is wrong with it, and what is counted. */
#include <inttypes.h>
#include <string.h>

#include "sim/explore/internal.h"

/* ---- What is wrong ---- */

static const char *thread_name(const sim_explore *explore, uint32_t thread)
{
  return explore->program->threads[thread].name;
}

static void tell_race(sim_explore *explore)
{
  const struct sim_race *race = &explore->memory.race;
  uint64_t where = (uint64_t)(uintptr_t)race->where;
  const sim_machine *machine = explore->program->machine;
  g_string_printf(explore->text, "data race: %s:%s and %s:%s are not ordered",
                  thread_name(explore, race->thread[0]), fm_site_info(race->site[0])->name,
                  thread_name(explore, race->thread[1]), fm_site_info(race->site[1])->name);
  if (machine == NULL)
    return;
  if (where - FM_META_WINDOW < machine->meta_mapped)
    g_string_append_printf(
        explore->text, " (byte %" PRIu64 " of the slot of frame 0x%" PRIx64 ")",
        where % FM_SLOT_SIZE,
        fm_slot_paddr((const struct fm_slot *)(uintptr_t)(where & ~(uint64_t)63)).raw);
  else if (where - FM_LINEAR_WINDOW < machine->linear_mapped)
    g_string_append_printf(explore->text, " (physical address 0x%" PRIx64 ")",
                           where - FM_LINEAR_WINDOW);
}

/* Whether all who are left wait for a lock that nobody will give back. */
static bool is_deadlock(sim_explore *explore)
{
  const struct sim_graph *graph = explore->graph;
  g_string_assign(explore->text, "deadlock:");
  const char *between = " ";
  for (uint32_t i = 0; i < explore->nr_threads; i++) {
    const struct sim_explore__thread *thread = &explore->threads[i];
    if (thread->state == SIM_THREAD_ENDED)
      continue;
    const struct sim_ask ask = {.site = thread->blocked_at};
    if (thread->state != SIM_THREAD_BLOCKED || !sim_run_waits(explore, &ask) || thread->done == 0)
      return false;
    const struct sim_node *node = &graph->nodes[i][thread->done - 1];
    if (sim_after(graph, node->ask.loc, node->rf) != SIM_REF_INITIAL)
      return false;
    g_string_append_printf(explore->text, "%s%s waits at %s", between, thread_name(explore, i),
                           fm_site_info(thread->blocked_at)->name);
    if (node->rf != SIM_REF_INITIAL)
      g_string_append_printf(explore->text, " for %s",
                             thread_name(explore, sim_ref_thread(node->rf)));
    between = ", ";
  }
  return true;
}

static enum sim_explore_kind find_complete(sim_explore *explore)
{
  const struct sim_explore_program *program = explore->program;
  sim_run_settle(explore);
  g_string_truncate(explore->text, 0);
  bool holds = program->judge == NULL || program->judge(explore, explore->text, program->data);
  explore->look = sim_execution_free(explore->look);
  return holds ? SIM_EXPLORE_NOTHING : SIM_EXPLORE_JUDGED;
}

enum sim_explore_kind sim_record_find(sim_explore *explore, enum sim_run_end end)
{
  const sim_machine *machine = explore->program->machine;
  if (end == SIM_RUN_FOUND && explore->panic_thread < SIM_EXPLORE_THREADS) {
    g_string_printf(explore->text, "%s: %s", thread_name(explore, explore->panic_thread),
                    explore->threads[explore->panic_thread].trap.text);
    return SIM_EXPLORE_PANIC;
  }
  if (explore->memory.race.found) {
    tell_race(explore);
    return SIM_EXPLORE_RACE;
  }
  if (machine != NULL && machine->findings->len > explore->findings_before) {
    g_string_assign(explore->text, g_ptr_array_index(machine->findings, explore->findings_before));
    return SIM_EXPLORE_ASSERTION;
  }
  if (end == SIM_RUN_COMPLETE)
    return find_complete(explore);
  if (end == SIM_RUN_BLOCKED && is_deadlock(explore))
    return SIM_EXPLORE_DEADLOCK;
  return SIM_EXPLORE_NOTHING;
}

/* ---- Counting ---- */

struct sim_part *sim_record_part(sim_explore *explore)
{
  GArray *parts = explore->parts;
  if (parts->len == 0 ||
      g_array_index(parts, struct sim_part, parts->len - 1).part != explore->part) {
    struct sim_part part = {.part = explore->part};
    g_array_append_val(parts, part);
  }
  return &g_array_index(parts, struct sim_part, parts->len - 1);
}

static void count_blocked(sim_explore *explore)
{
  uint32_t blind = 0;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    if (explore->threads[i].state == SIM_THREAD_BLOCKED)
      blind |= 1u << i;
  struct sim_blocked blocked = {sim_graph_hash(explore->graph, blind), explore->part};
  gint64 key = (gint64)blocked.hash;
  if (g_hash_table_contains(explore->blocked, &key))
    return;
  g_hash_table_insert(explore->blocked, g_memdup2(&key, sizeof(key)),
                      g_memdup2(&blocked, sizeof(blocked)));
  g_array_append_val(explore->blocked_list, blocked);
}

static void note_best(sim_explore *explore, struct sim_best *best, enum sim_explore_kind kind,
                      const struct sim_explore_token *tokens, uint32_t nr_tokens, uint32_t nodes)
{
  g_free(best->tokens);
  g_free(best->text);
  *best = (struct sim_best){.found = true,
                            .part = explore->part,
                            .nr_tokens = nr_tokens,
                            .nodes = nodes,
                            .tokens = g_memdup2(tokens, nr_tokens * sizeof(*tokens)),
                            .text = g_strdup(explore->text->str),
                            .kind = kind};
}

static void note_finding(sim_explore *explore, enum sim_explore_kind kind)
{
  uint32_t nr_tokens;
  uint32_t nodes = 0;
  for (uint32_t i = 0; i < explore->nr_threads; i++)
    nodes += explore->graph->count[i];
  struct sim_explore_token *tokens = sim_order_tokens(explore, &nr_tokens);
  const struct sim_best *best = &explore->shortest;
  if (!explore->first.found || explore->part < explore->first.part)
    note_best(explore, &explore->first, kind, tokens, nr_tokens, nodes);
  if (!best->found || nr_tokens < best->nr_tokens ||
      (nr_tokens == best->nr_tokens &&
       (nodes < best->nodes || (nodes == best->nodes && explore->part < best->part))))
    note_best(explore, &explore->shortest, kind, tokens, nr_tokens, nodes);
  g_free(tokens);
}

bool sim_record_end(sim_explore *explore, enum sim_run_end end)
{
  if (explore->part == UINT32_MAX) { /* so early that it is a part by itself */
    explore->part = explore->next_part++;
    if (!sim_workers_claim(explore, explore->part))
      return true;
  }
  if (end == SIM_RUN_LEFT)
    return true;
  sim_record_part(explore)->runs++;
  if (end == SIM_RUN_BROKEN)
    return false;
  if (end == SIM_RUN_STEPS)
    explore->limit = "steps";
  enum sim_explore_kind kind = sim_record_find(explore, end);
  if (end == SIM_RUN_COMPLETE) {
    sim_record_part(explore)->complete++;
    (void)sim_workers_count(explore, 1);
  }
  if (end == SIM_RUN_BLOCKED)
    count_blocked(explore);
  if (kind == SIM_EXPLORE_NOTHING)
    return true;
  sim_record_part(explore)->findings++;
  note_finding(explore, kind);
  if (explore->options.all)
    return true;
  sim_workers_found(explore, explore->part);
  return false;
}
