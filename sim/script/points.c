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

char *sim_access_seen_text(const sim_run *run, const struct fm_access *access)
{
  bool seen = access->kind == FM_ACCESS_LOAD || access->kind == FM_ACCESS_CAS ||
              access->kind == FM_ACCESS_ADD || access->kind == FM_ACCESS_SUB;
  if (!seen)
    return NULL;
  return is_count(run, access) ? count_text(access->seen) : number_text(access->seen);
}

bool sim_access_written(const struct fm_access *access, uint64_t *ret)
{
  switch (access->kind) {
  case FM_ACCESS_STORE:
    *ret = access->operand;
    return true;
  case FM_ACCESS_CAS:
    *ret = access->operand;
    return access->done;
  case FM_ACCESS_ADD:
    *ret = access->seen + access->operand;
    return true;
  case FM_ACCESS_SUB:
    *ret = access->seen - access->operand;
    return true;
  default:
    return false;
  }
}

char *sim_access_written_text(const sim_run *run, const struct fm_access *access)
{
  uint64_t written;
  if (!sim_access_written(access, &written))
    return NULL;
  return is_count(run, access) ? count_text(written) : number_text(written);
}

enum fm_order sim_access_order(const struct fm_access *access)
{
  return access->kind == FM_ACCESS_CAS && !access->done ? FM_ORDER_RELAXED : access->order;
}

/* What an access did: "1 -> busy" to a count, "saw 0x1003" of anything else. */
static char *describe_access(const sim_run *run, const struct fm_access *access)
{
  g_autofree char *seen = sim_access_seen_text(run, access);
  g_autofree char *written = sim_access_written_text(run, access);
  if (seen != NULL && written != NULL)
    return g_strdup_printf("%s -> %s", seen, written);
  if (written != NULL)
    return g_strdup_printf("= %s", written);
  if (seen == NULL)
    return g_strdup("");
  return g_strdup_printf("saw %s%s", seen, access->kind == FM_ACCESS_CAS ? ", not changed" : "");
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

bool sim_access_frame(const sim_run *run, const struct fm_access *access, fm_paddr *ret)
{
  uint64_t address = (uint64_t)(uintptr_t)access->where;
  if (is_in_slots(run, address)) {
    *ret = frame_of(address);
    return true;
  }
  if (address < FM_LINEAR_WINDOW || address - FM_LINEAR_WINDOW >= run->kernel->max_paddr)
    return false;
  *ret = fm_paddr_of(fm_page_down(address - FM_LINEAR_WINDOW));
  return true;
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
  uint64_t written;
  if (!sim_access_written(access, &written) || !is_count(run, access))
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
  touch->count_after = written;
}

static void tell_point(sim_run *run, const struct fm_access *access,
                       const struct fm_site_info *info)
{
  enum fm_order order = sim_access_order(access);
  g_autofree char *what = is_lock(access->site) ? g_strdup("") : describe_access(run, access);
  g_autofree char *line = g_strdup_printf("      %s%s%" PRIu64 ".%-16s %-8s %-22s %s",
                                          run->cpu == &run->main ? "" : run->cpu->name,
                                          run->cpu == &run->main ? "" : ": ", run->cpu->step,
                                          info->name, fm_order_name(order), what, info->text);
  sim_run_text(run, SIM_TEXT_POINT, "%s", line);
}

void sim_run_watch(const struct fm_access *access, guint thread, void *data)
{
  sim_run *run = data;
  const struct fm_site_info *info = fm_site_info(access->site);
  (void)thread;

  if (run->sched != NULL)
    note_write(run, access);
  if (run->contract != NULL)
    sim_contract_access(run->contract, access);
  if (run->until_site == access->site && run->cpu->step == run->options.until_step) {
    run->stopped_early = true;
    sim_run_text(run, SIM_TEXT_STEP, "%4" PRIu64 "  %s%sstopped right after %s", run->cpu->step,
                 run->cpu == &run->main ? "" : run->cpu->name, run->cpu == &run->main ? "" : ": ",
                 info->name);
    if (run->sched != NULL)
      sim_sched_request_stop(run->sched);
  }
  if (run->options.points && !info->quiet)
    tell_point(run, access, info);
  sim_run_tell_access(run, access); /* last: it may stop here */
}
