/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/compare/writes.h"

static bool is_write(const struct fm_access *access)
{
  switch (access->kind) {
  case FM_ACCESS_STORE:
  case FM_ACCESS_ADD:
  case FM_ACCESS_SUB:
  case FM_ACCESS_WRITE:
    return true;
  case FM_ACCESS_CAS:
    return access->done;
  default:
    return false;
  }
}

static void after(struct sim_observer *observer, const struct fm_access *access)
{
  struct sim_writes *writes = (struct sim_writes *)observer;
  uint64_t slot = ((uint64_t)(uintptr_t)access->where - FM_META_WINDOW) / sizeof(struct fm_slot);

  if ((uint64_t)(uintptr_t)access->where < FM_META_WINDOW || slot >= writes->nr_frames ||
      !is_write(access))
    return;
  uint8_t who = (uint8_t)(fm_port_this_cpu.id + 1);
  writes->writes++;
  if (writes->last[slot] != 0 && writes->last[slot] != who) {
    writes->moved++;
    writes->shared_slots += writes->shared[slot] == 0 ? 1 : 0;
    writes->shared[slot] = 1;
  }
  writes->last[slot] = who;
}

static void spin(struct sim_observer *observer, enum fm_site site)
{
  (void)observer;
  (void)site;
  fm_port_panic("a lock is held that nobody will give back");
}

void sim_writes_init(struct sim_writes *writes, const sim_machine *machine)
{
  uint64_t frames = sim_machine_kernel(machine)->nr_frames;
  *writes = (struct sim_writes){.observer = {.after = after, .spin = spin}, .nr_frames = frames};
  writes->last = g_new0(uint8_t, frames);
  writes->shared = g_new0(uint8_t, frames);
}

void sim_writes_clear(struct sim_writes *writes)
{
  g_clear_pointer(&writes->last, g_free);
  g_clear_pointer(&writes->shared, g_free);
}

void sim_writes_begin(struct sim_writes *writes)
{
  sim_observer = &writes->observer;
  fm_port_this_cpu.alone = true;
}

void sim_writes_end(struct sim_writes *writes)
{
  (void)writes;
  sim_observer = NULL;
  fm_port_this_cpu.alone = false;
}
