/* SPDX-License-Identifier: MPL-2.0 */
/* Thread groups: adjacent thread blocks, run by a schedule or one after the other. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/interp.h"

struct member {
  sim_run *run;
  const struct sim_command *command;
  const struct sim_block *body;
  struct sim_cpu cpu;
  enum sim_flow flow;
};

struct group {
  sim_run *run;
  GPtrArray *members; /* struct member */
};

static void member_free(gpointer data)
{
  struct member *member = data;
  sim_cpu_clear(&member->cpu);
  g_free(member);
}

static void member_body(void *data)
{
  struct member *member = data;
  member->flow = sim_run_block(member->run, member->body);
  if (member->cpu.orphaned)
    member->flow = SIM_FLOW_NEXT; /* the kernel is dead, which somebody else answers for */
}

/* ---- Making the group ---- */

static enum sim_flow add_member(struct group *group, const struct sim_command *command)
{
  sim_run *run = group->run;
  const struct sim_arg *label = sim_command_arg(command, "LABEL");
  const struct sim_expr *cpu = sim_command_expr(command, "cpu");
  uint64_t id = group->members->len; /* unless it says: its place in the group */

  for (guint i = 0; i < group->members->len; i++)
    if (strcmp(((struct member *)group->members->pdata[i])->cpu.name, label->word) == 0)
      return sim_run_error(run, label->place, NULL, "two threads of one group are called '%s'",
                           label->word);
  if (cpu != NULL && !sim_run_number(run, cpu, &id))
    return SIM_FLOW_STOP;
  for (guint i = 0; i < group->members->len; i++)
    if (((struct member *)group->members->pdata[i])->cpu.id == id)
      return sim_run_error(
          run, cpu != NULL ? cpu->place : command->place,
          "the threads of a group run at the same time, so each has a CPU of its own",
          "CPU %" PRIu64 " has a thread of this group already", id);
  if (id >= run->kernel->cpus) {
    g_autofree char *hint = g_strdup_printf("machine { cpus %" PRIu64 " }", id + 1);
    return sim_run_error(run, cpu != NULL ? cpu->place : command->place, hint,
                         "there is no CPU %" PRIu64 ": the machine has %u", id, run->kernel->cpus);
  }
  struct member *member = g_new0(struct member, 1);
  member->run = run;
  member->command = command;
  member->body = sim_command_block(command, "BLOCK");
  sim_cpu_init(&member->cpu, label->word, (uint32_t)id);
  g_ptr_array_add(group->members, member);
  return SIM_FLOW_NEXT;
}

/* ---- Letting one of them go on ---- */

static enum sim_sched_stop let_run(struct group *group, guint index,
                                   const struct sim_schedule_token *token, enum fm_site site)
{
  sim_run *run = group->run;
  struct member *member = group->members->pdata[index];
  struct sim_cpu *before = run->cpu;

  run->cpu = &member->cpu;
  enum sim_sched_stop stop = token != NULL && token->kind == SIM_SCHEDULE_COUNT
                                 ? sim_sched_run_points(run->sched, index, token->count)
                                 : sim_sched_run_to(run->sched, index, site);
  run->cpu = before;
  return stop;
}

static enum sim_flow explain_stuck(struct group *group, guint index, struct sim_place place)
{
  const struct member *member = group->members->pdata[index];
  enum fm_site site = sim_sched_last_site(group->run->sched, index);
  group->run->waits = true;
  return sim_run_error(group->run, place, "let another thread go on first, then this one",
                       "thread %s waits at %s for something that another thread must do",
                       member->cpu.name,
                       site < FM_SITE_COUNT ? fm_site_info(site)->name : "its start");
}

/* Whether the group must not go on: an error, --until, or a thread that ended the run as the
 * main program would (an answer that nobody expected, a panic, `end`). */
static bool is_over(const struct group *group)
{
  for (guint i = 0; i < group->members->len; i++)
    if (((const struct member *)group->members->pdata[i])->flow != SIM_FLOW_NEXT)
      return true;
  return group->run->script_error || group->run->stopped_early || group->run->interrupted ||
         group->run->findings >= SIM_FINDINGS_MAX;
}

static enum sim_flow run_to_end(struct group *group, guint index, struct sim_place place)
{
  if (sim_sched_has_ended(group->run->sched, index))
    return SIM_FLOW_NEXT;
  if (let_run(group, index, NULL, FM_SITE_COUNT) == SIM_SCHED_STUCK)
    return explain_stuck(group, index, place);
  return is_over(group) ? SIM_FLOW_STOP : SIM_FLOW_NEXT;
}

static bool find_member(const struct group *group, const char *name, guint *ret)
{
  for (guint i = 0; i < group->members->len; i++)
    if (strcmp(((struct member *)group->members->pdata[i])->cpu.name, name) == 0) {
      *ret = i;
      return true;
    }
  return false;
}

static enum sim_flow run_token(struct group *group, const struct sim_schedule_token *token,
                               guint number)
{
  sim_run *run = group->run;
  guint index;
  if (!find_member(group, token->thread, &index))
    return sim_run_error(run, token->place, NULL,
                         "schedule step %u: no thread of this group is called '%s'", number,
                         token->thread);
  if (token->kind == SIM_SCHEDULE_ALL)
    return run_to_end(group, index, token->place);
  if (sim_sched_has_ended(run->sched, index))
    return sim_run_error(run, token->place, NULL, "schedule step %u: %s has ended already", number,
                         token->thread);

  enum fm_site site =
      token->kind == SIM_SCHEDULE_POINT ? sim_site_by_name(token->point) : FM_SITE_COUNT;
  enum sim_sched_stop stop = let_run(group, index, token, site);
  if (is_over(group))
    return SIM_FLOW_STOP;
  if (stop == SIM_SCHED_STUCK)
    return explain_stuck(group, index, token->place);
  if (stop == SIM_SCHED_REACHED)
    return SIM_FLOW_NEXT;
  g_autofree char *goal = token->kind == SIM_SCHEDULE_POINT
                              ? g_strdup_printf("it came to %s", token->point)
                              : g_strdup_printf("it had done %" PRIu64 " points", token->count);
  return sim_run_error(run, token->place, "the points of a command: framesim help VERB",
                       "schedule step %u: %s ended before %s", number, token->thread, goal);
}

static enum sim_flow run_schedule(struct group *group, const struct sim_command *schedule)
{
  guint number = 1;
  const struct sim_schedule_token *token = sim_command_arg(schedule, "SCHEDULE")->schedule;
  for (; token != NULL; token = token->next, number++)
    if (run_token(group, token, number) != SIM_FLOW_NEXT)
      return SIM_FLOW_STOP;
  return SIM_FLOW_NEXT;
}

/* ---- The whole group ---- */

static enum sim_flow run_members(struct group *group, const struct sim_command *schedule)
{
  sim_run *run = group->run;
  enum sim_flow flow = SIM_FLOW_NEXT;

  for (guint i = 0; i < group->members->len; i++) {
    struct member *member = group->members->pdata[i];
    sim_sched_add(run->sched, member->cpu.id, member_body, member);
  }
  if (schedule != NULL)
    flow = run_schedule(group, schedule);
  /* What the schedule left over runs to its end, in the order of the blocks. */
  for (guint i = 0; i < group->members->len && flow == SIM_FLOW_NEXT; i++) {
    const struct member *member = group->members->pdata[i];
    flow = run_to_end(group, i, member->command->place);
  }
  return flow;
}

/* Where each thread stands when the run was stopped in the middle. */
static void tell_where(const struct group *group)
{
  sim_run *run = group->run;
  for (guint i = 0; i < group->members->len; i++) {
    const struct member *member = group->members->pdata[i];
    enum fm_site site = sim_sched_last_site(run->sched, i);
    const char *where = sim_sched_has_ended(run->sched, i) ? "has ended"
                        : site == FM_SITE_COUNT            ? "has not begun"
                                                           : "rests right after";
    bool named = !sim_sched_has_ended(run->sched, i) && site != FM_SITE_COUNT;
    sim_run_text(run, SIM_TEXT_STEP, "      thread %s (CPU %u) %s%s%s", member->cpu.name,
                 member->cpu.id, where, named ? " " : "", named ? fm_site_info(site)->name : "");
    for (guint t = 0; named && t < member->cpu.touched->len; t++) {
      const struct sim_touch *touch = &g_array_index(member->cpu.touched, struct sim_touch, t);
      struct fm_slot_view now;
      fm_slot_view(run->kernel, fm_slot_at(touch->frame), &now);
      g_autofree char *state = sim_view_to_string(&now);
      sim_run_text(run, SIM_TEXT_STEP, "        frame 0x%" PRIx64 ": %s now", touch->frame.raw,
                   state);
    }
  }
}

enum sim_flow sim_run_group(sim_run *run, const struct sim_command *first,
                            const struct sim_command **ret_next)
{
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(member_free);
  struct group group = {.run = run, .members = members};
  const struct sim_command *command = first;

  if (run->kernel == NULL)
    return sim_run_error(run, first->place, "boot", "threads need a booted machine");
  if (run->cpu != &run->main)
    return sim_run_error(run, first->place, NULL, "a thread cannot have threads of its own");
  if (run->options.group != NULL) {
    *ret_next = NULL;
    return run->options.group(run, first, run->options.group_data) ? SIM_FLOW_NEXT : SIM_FLOW_STOP;
  }
  for (; command != NULL && command->statement == SIM_STATEMENT_THREAD; command = command->next)
    if (add_member(&group, command) != SIM_FLOW_NEXT)
      return SIM_FLOW_STOP;
  const struct sim_command *schedule = NULL;
  if (command != NULL && command->statement == SIM_STATEMENT_SCHEDULE) {
    schedule = command;
    command = command->next;
  }
  if (run->options.schedule != NULL)
    schedule = sim_run_outer_schedule(run->options.schedule);
  *ret_next = command;

  run->sched = sim_sched_new(run->machine, sim_run_watch, run);
  enum sim_flow flow = run_members(&group, schedule);
  if (run->stopped_early)
    tell_where(&group);
  /* Freeing lets threads that still rest return; they must find the run over. */
  struct sim_cpu *main_cpu = run->cpu;
  if (flow != SIM_FLOW_NEXT)
    run->abandoning = true;
  run->sched = sim_sched_free(run->sched);
  run->abandoning = false;
  run->cpu = main_cpu;
  return flow;
}
