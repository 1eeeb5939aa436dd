/* SPDX-License-Identifier: MPL-2.0 */
/* Writes the deferred slots of a RAM file, so that whoever reads the file finds them there. */
#include "sim/error.h"
#include "sim/internal.h"

struct materialise {
  sim_machine *machine;
  uint64_t written;
};

/* What the table says of a slot comes first: it is what readers of the file trust. */
static void run_materialise(void *data)
{
  struct materialise *job = data;
  struct fm_kernel *kernel = job->machine->kernel;
  struct fm_chunk_run run;
  for (uint64_t i = 0; kernel->chunks != 0 && i < kernel->nr_frames; i += run.frames) {
    fm_paddr frame = fm_paddr_of(i * FM_PAGE_SIZE);
    run = fm_chunk_look(kernel, frame);
    if (run.state == FM_CHUNK_WRITTEN)
      continue;
    run.frames = MIN(run.frames, FM_CHUNK_PAGE);
    if (job->machine->ops->chunk_reach(kernel, frame))
      job->written += run.frames;
  }
  __atomic_store_n(&kernel->slot_bound, kernel->max_paddr, __ATOMIC_RELEASE);
  kernel->chunks = 0;
}

static uint64_t deferred_bytes(const struct fm_kernel *kernel)
{
  uint64_t slots = 0;
  struct fm_chunk_run run;
  for (uint64_t i = 0; kernel->chunks != 0 && i < kernel->nr_frames; i += run.frames) {
    run = fm_chunk_look(kernel, fm_paddr_of(i * FM_PAGE_SIZE));
    slots += run.state == FM_CHUNK_WRITTEN ? 0 : run.frames;
  }
  return slots * FM_SLOT_SIZE;
}

bool sim_machine_materialise(const char *path, uint64_t *ret_slots, GError **error)
{
  g_autoptr(sim_machine) machine = sim_machine_open_writable(path, FM_STAGE_METADATA, error);
  if (machine == NULL || !sim_preflight(path, deferred_bytes(machine->kernel), 0, error))
    return false;
  struct materialise job = {.machine = machine};
  if (sim_guard_run(machine, run_materialise, &job) != SIM_END_DONE) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT,
                "%s: %s\nhint: what was written stays good; free some room and do it again", path,
                machine->panic);
    return false;
  }
  *ret_slots = job.written;
  return true;
}
