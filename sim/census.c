/* SPDX-License-Identifier: MPL-2.0 */
/* Looking at all slots at once: how many are what, and the digest. */
#include <sim/machine.h>
#include <string.h>

#include "sim/internal.h"

/* Counts slots that are not written. */
static void count_deferred(struct fm_chunk_run run, struct sim_census *ret)
{
  if (run.state == FM_CHUNK_UNUSED)
    ret->unused += run.frames;
  else if (run.state >= FM_CHUNK_SHARED && run.state - FM_CHUNK_SHARED < FM_META_BUILTINS)
    ret->types[run.state - FM_CHUNK_SHARED] += run.frames;
  else
    ret->broken += run.frames;
}

static void count_slot(const struct fm_kernel *kernel, fm_paddr frame, struct sim_census *ret)
{
  struct fm_slot_view view;
  fm_slot_view(kernel, fm_slot_at(frame), &view);
  if (view.state == FM_STATE_UNUSED)
    ret->unused++;
  else if (view.state == FM_STATE_BUSY)
    ret->busy++;
  else if (view.vtable == NULL)
    ret->broken++;
  else if (view.state == FM_STATE_UNIQUE) {
    ret->unique++;
    ret->unique_types[view.vtable - fm_kernel_vtable(kernel, 0)]++;
  } else
    ret->types[view.vtable - fm_kernel_vtable(kernel, 0)]++;
}

void sim_machine_census(const sim_machine *machine, struct sim_census *ret)
{
  const struct fm_kernel *kernel = machine->kernel;
  struct fm_chunk_run run;

  memset(ret, 0, sizeof(*ret));
  for (uint64_t i = 0; i < kernel->nr_frames; i += run.frames) {
    run = fm_chunk_look(kernel, fm_paddr_of(i * FM_PAGE_SIZE));
    if (run.state != FM_CHUNK_WRITTEN)
      count_deferred(run, ret);
    else
      for (uint64_t nr = i; nr < i + run.frames; nr++)
        count_slot(kernel, fm_paddr_of(nr * FM_PAGE_SIZE), ret);
  }
}

/* What two frames must have in common to be hashed as one run. */
struct run {
  uint64_t count;
  uint64_t in_list;
  const struct fm_vtable *vtable;
  uint8_t meta[FM_META_MAX_SIZE];
};

static void run_of_slot(const struct fm_kernel *kernel, const struct fm_slot *slot, struct run *ret)
{
  struct fm_slot_view view;
  fm_slot_view(kernel, slot, &view);
  ret->count = view.ref_count;
  ret->in_list = view.in_list;
  ret->vtable = view.vtable;
  memset(ret->meta, 0, sizeof(ret->meta));
  if (view.vtable != NULL)
    memcpy(ret->meta, slot->storage, MIN(view.vtable->size, FM_META_MAX_SIZE));
}

static bool run_equal(const struct run *a, const struct run *b)
{
  return a->count == b->count && a->in_list == b->in_list && a->vtable == b->vtable &&
         memcmp(a->meta, b->meta, sizeof(a->meta)) == 0;
}

/* One line per run: "frames state count type list meta". */
static void hash_run(GChecksum *sum, const struct run *run, uint64_t frames)
{
  GString *line = g_string_new(NULL);
  g_string_append_printf(line, "%" G_GUINT64_FORMAT " %s", frames,
                         fm_count_state_name(fm_count_state(run->count)));
  if (fm_count_state(run->count) == FM_STATE_SHARED ||
      fm_count_state(run->count) == FM_STATE_ILLEGAL)
    g_string_append_printf(line, " %" G_GUINT64_FORMAT, run->count);
  if (run->vtable != NULL) {
    g_string_append_printf(line, " %.*s ", (int)FM_META_NAME_SIZE, run->vtable->name);
    for (uint32_t i = 0; i < MIN(run->vtable->size, FM_META_MAX_SIZE); i++)
      g_string_append_printf(line, "%02x", run->meta[i]);
  }
  g_string_append_printf(line, " list %" G_GUINT64_FORMAT "\n", run->in_list);
  g_checksum_update(sum, (const guchar *)line->str, (gssize)line->len);
  g_string_free(line, TRUE);
}

/* How many slots from this one on are known to be equal. */
static uint64_t equal_slots(const struct fm_kernel *kernel, uint64_t first)
{
  if (kernel->chunks == 0)
    return 1;
  struct fm_chunk_run run = fm_chunk_look(kernel, fm_paddr_of(first * FM_PAGE_SIZE));
  return run.state == FM_CHUNK_WRITTEN ? 1 : run.frames;
}

char *sim_machine_digest(const sim_machine *machine)
{
  const struct fm_kernel *kernel = machine->kernel;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  struct run current = {0};
  uint64_t frames = 0;
  uint64_t step;

  for (uint64_t i = 0; i < kernel->nr_frames; i += step) {
    struct run next;
    step = equal_slots(kernel, i);
    run_of_slot(kernel, fm_slot_at(fm_paddr_of(i * FM_PAGE_SIZE)), &next);
    if (frames != 0 && !run_equal(&current, &next)) {
      hash_run(sum, &current, frames);
      frames = 0;
    }
    current = next;
    frames += step;
  }
  if (frames != 0)
    hash_run(sum, &current, frames);
  return g_strdup(g_checksum_get_string(sum));
}
