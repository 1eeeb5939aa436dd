/* SPDX-License-Identifier: MPL-2.0 */
/* What a run sees of each access: the points it tells, and where it stops. */
#include <inttypes.h>

#include "sim/script/interp.h"

static char *number_text(uint64_t number)
{
  return number < 4096 ? g_strdup_printf("%" PRIu64, number)
                       : g_strdup_printf("0x%" PRIx64, number);
}

static char *count_text(uint64_t count)
{
  enum fm_count_state state = fm_count_state(count);
  if (state == FM_STATE_SHARED)
    return g_strdup_printf("%" PRIu64, count);
  if (state == FM_STATE_ILLEGAL)
    return g_strdup_printf("0x%" PRIx64, count);
  return g_strdup(fm_count_state_name(state));
}

/* What an access did: "1 -> busy" to a count, "saw 0x1003" of anything else. */
static char *describe_access(const struct fm_access *access, bool is_count)
{
  char *(*const text)(uint64_t) = is_count ? count_text : number_text;
  g_autofree char *seen = text(access->seen);
  g_autofree char *operand = text(access->operand);
  g_autofree char *sum = NULL;
  switch (access->kind) {
  case FM_ACCESS_LOAD:
    return g_strdup_printf("saw %s", seen);
  case FM_ACCESS_STORE:
    return g_strdup_printf("= %s", operand);
  case FM_ACCESS_CAS:
    return access->done ? g_strdup_printf("%s -> %s", seen, operand)
                        : g_strdup_printf("saw %s, not changed", seen);
  case FM_ACCESS_ADD:
    sum = text(access->seen + access->operand);
    return g_strdup_printf("%s -> %s", seen, sum);
  case FM_ACCESS_SUB:
    sum = text(access->seen - access->operand);
    return g_strdup_printf("%s -> %s", seen, sum);
  default:
    return g_strdup("");
  }
}

static bool is_in_slots(const sim_run *run, uint64_t address)
{
  return address >= FM_META_WINDOW &&
         address < FM_META_WINDOW + run->kernel->nr_frames * FM_SLOT_SIZE;
}

static bool is_count(const sim_run *run, const struct fm_access *access)
{
  uint64_t address = (uint64_t)(uintptr_t)access->where;
  return is_in_slots(run, address) && address % FM_SLOT_SIZE == offsetof(struct fm_slot, ref_count);
}

static bool is_lock(enum fm_site site)
{
  return site == FM_SITE_ALLOC_LOCK || site == FM_SITE_ALLOC_UNLOCK || site == FM_SITE_PT_LOCK ||
         site == FM_SITE_PT_UNLOCK;
}

static fm_paddr frame_of(uint64_t address)
{
  return fm_slot_paddr((const struct fm_slot *)(uintptr_t)(address & ~(FM_SLOT_SIZE - 1)));
}

static void note_other_write(sim_run *run, uint64_t address)
{
  struct sim_touch *touch =
      is_in_slots(run, address) ? sim_run_find_touch(run, frame_of(address)) : NULL;
  if (touch == NULL)
    return;
  sim_run_note_change(run, touch->frame);
  touch->wrote_other = true;
}

/* Remembers what this command itself did to a count. */
static void note_write(sim_run *run, const struct fm_access *access)
{
  uint64_t address = (uint64_t)(uintptr_t)access->where;
  if (access->kind == FM_ACCESS_WRITE) {
    note_other_write(run, address);
    return;
  }
  bool writes = access->kind == FM_ACCESS_STORE || access->kind == FM_ACCESS_ADD ||
                access->kind == FM_ACCESS_SUB || (access->kind == FM_ACCESS_CAS && access->done);
  if (!writes || !is_in_slots(run, address) ||
      address % FM_SLOT_SIZE != offsetof(struct fm_slot, ref_count))
    return;
  fm_paddr frame = frame_of(address);
  struct sim_touch *touch = sim_run_find_touch(run, frame);
  if (touch == NULL)
    return;
  if (!touch->wrote && access->kind != FM_ACCESS_STORE) {
    touch->before.ref_count = access->seen;
    touch->before.state = fm_count_state(access->seen);
  }
  sim_run_note_change(run, frame);
  touch->wrote = true;
  touch->count_after = access->kind == FM_ACCESS_ADD   ? access->seen + access->operand
                       : access->kind == FM_ACCESS_SUB ? access->seen - access->operand
                                                       : access->operand;
}

void sim_run_watch(const struct fm_access *access, guint thread, void *data)
{
  sim_run *run = data;
  const struct fm_site_info *info = fm_site_info(access->site);
  (void)thread;

  if (run->sched != NULL)
    note_write(run, access);
  if (run->until_site == access->site && run->cpu->step == run->options.until_step) {
    run->stopped_early = true;
    sim_run_text(run, SIM_TEXT_STEP, "%4" PRIu64 "  %s%sstopped right after %s", run->cpu->step,
                 run->cpu == &run->main ? "" : run->cpu->name, run->cpu == &run->main ? "" : ": ",
                 info->name);
    if (run->sched != NULL)
      sim_sched_request_stop(run->sched);
  }
  if (!run->options.points || info->quiet)
    return;
  /* A compare-exchange that fails is a relaxed load. */
  bool failed = access->kind == FM_ACCESS_CAS && !access->done;
  enum fm_order order = failed ? FM_ORDER_RELAXED : access->order;
  g_autofree char *what =
      is_lock(access->site) ? g_strdup("") : describe_access(access, is_count(run, access));
  g_autofree char *line = g_strdup_printf("      %s%s%" PRIu64 ".%-16s %-8s %-22s %s",
                                          run->cpu == &run->main ? "" : run->cpu->name,
                                          run->cpu == &run->main ? "" : ": ", run->cpu->step,
                                          info->name, fm_order_name(order), what, info->text);
  sim_run_text(run, SIM_TEXT_POINT, "%s", line);
}
