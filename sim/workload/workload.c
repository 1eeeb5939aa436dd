/* SPDX-License-Identifier: MPL-2.0 */
/* What all kinds have in common: blocks, operations, counts, and the end. */
#include "sim/workload/workload.h"

#include "sim/error.h"
#include "sim/workload/internal.h"

/* ---- Draws ---- */

bool workload_goes_on(const sim_workload *w)
{
  return w->counts.ops < workload_number(w, SIM_WORKLOAD_OPS) && (w->stop == NULL || *w->stop == 0);
}

bool workload_chance(sim_workload *w, uint64_t percent)
{
  return sim_rng_below(&w->choices, 100) < percent;
}

guint workload_below(sim_workload *w, guint limit)
{
  return (guint)sim_rng_below(&w->choices, limit);
}

uint8_t workload_order(sim_workload *w)
{
  uint64_t drawn = sim_rng_below(&w->sizes, w->weights);
  uint8_t order = 0;
  for (; drawn >= w->spec.weights[order]; order++)
    drawn -= w->spec.weights[order];
  return order;
}

uint32_t workload_cpu(sim_workload *w)
{
  return (uint32_t)sim_rng_below(&w->places, w->cpus);
}

uint32_t workload_other_cpu(sim_workload *w, uint32_t cpu)
{
  bool other = sim_rng_below(&w->places, 100) < workload_number(w, SIM_WORKLOAD_REMOTE);
  if (w->cpus == 1 || !other)
    return cpu;
  return (cpu + 1 + (uint32_t)sim_rng_below(&w->places, w->cpus - 1)) % w->cpus;
}

uint64_t workload_share_frames(const sim_workload *w)
{
  return w->free_bytes / FM_PAGE_SIZE * workload_number(w, SIM_WORKLOAD_SHARE) / 100;
}

void workload_shuffle(sim_workload *w, GArray *group)
{
  uint32_t *ids = &g_array_index(group, uint32_t, 0);
  for (guint i = group->len; i > 1; i--) {
    guint other = workload_below(w, i);
    uint32_t id = ids[i - 1];
    ids[i - 1] = ids[other];
    ids[other] = id;
  }
}

/* ---- Groups and blocks ---- */

static void free_group(gpointer group)
{
  g_array_unref(group);
}

GArray *workload_group(sim_workload *w, guint at)
{
  while (w->groups->len <= at)
    g_ptr_array_add(w->groups, g_array_new(FALSE, FALSE, sizeof(uint32_t)));
  return w->groups->pdata[at];
}

static uint32_t add_block(sim_workload *w, const struct block *block)
{
  if (w->spare->len > 0) {
    uint32_t id = workload_id(w->spare, w->spare->len - 1);
    g_array_set_size(w->spare, w->spare->len - 1);
    *workload_block(w, id) = *block;
    return id;
  }
  g_array_append_vals(w->blocks, block, 1);
  return w->blocks->len - 1;
}

/* ---- Operations ---- */

static void enter(sim_workload *w, uint32_t cpu)
{
  if (cpu == w->on_cpu)
    return;
  sim_cpu_enter(w->machine, cpu);
  w->on_cpu = cpu;
}

static struct fm_segment segment_of(const struct block *block)
{
  uint64_t start = block->frame * FM_PAGE_SIZE;
  return (struct fm_segment){fm_range_of(start, start + (FM_PAGE_SIZE << block->order))};
}

static bool take_frames(sim_workload *w, uint8_t order, uint64_t *ret_frame)
{
  const struct fm_alloc_options options = {.type = w->type, .dirty = true};
  struct fm_frame frame = {NULL};
  struct fm_segment segment;

  if (order != 0) {
    if (w->ops->segment_alloc(w->kernel, &options, UINT64_C(1) << order, &segment) != FM_ALLOC_OK)
      return false;
    *ret_frame = fm_pfn_of_paddr(segment.range.start).nr;
    return true;
  }
  if (w->ops->frame_alloc(w->kernel, &options, &frame) != FM_ALLOC_OK)
    return false;
  *ret_frame = fm_pfn_of_paddr(fm_frame_paddr(frame)).nr;
  return true;
}

bool workload_take(sim_workload *w, uint32_t cpu, uint8_t order, uint32_t *ret_id)
{
  struct sim_workload_counts *counts = &w->counts;
  struct block block = {.refs = 1, .cpu = cpu, .order = order};

  enter(w, cpu);
  counts->ops++;
  if (!take_frames(w, order, &block.frame)) {
    counts->failed++;
    return false;
  }
  counts->allocs++;
  counts->live_blocks++;
  counts->live_frames += UINT64_C(1) << order;
  counts->peak_blocks = MAX(counts->peak_blocks, counts->live_blocks);
  counts->peak_frames = MAX(counts->peak_frames, counts->live_frames);
  *ret_id = add_block(w, &block);
  return true;
}

void workload_clone(sim_workload *w, uint32_t cpu, uint32_t id)
{
  struct block *block = workload_block(w, id);

  enter(w, cpu);
  if (block->order == 0)
    (void)w->ops->frame_clone(
        fm_frame_of_slot(fm_slot_at(fm_paddr_of(block->frame * FM_PAGE_SIZE))));
  else
    (void)w->ops->segment_clone(segment_of(block));
  block->refs++;
  w->counts.ops++;
  w->counts.clones++;
}

/* One reference less. */
static void drop(sim_workload *w, uint32_t id)
{
  struct block *block = workload_block(w, id);
  const struct block old = *block;

  if (--block->refs == 0) {
    w->counts.live_blocks--;
    w->counts.live_frames -= UINT64_C(1) << old.order;
    g_array_append_val(w->spare, id);
  }
  if (old.order == 0)
    w->ops->frame_drop(w->kernel, w->ops->frame_from_raw(fm_paddr_of(old.frame * FM_PAGE_SIZE)));
  else
    w->ops->segment_drop(w->kernel, segment_of(&old));
}

void workload_give(sim_workload *w, uint32_t cpu, uint32_t id)
{
  enter(w, cpu);
  w->counts.ops++;
  w->counts.frees++;
  w->counts.remote += workload_block(w, id)->cpu != cpu ? 1 : 0;
  drop(w, id);
}

void workload_give_somewhere(sim_workload *w, uint32_t id)
{
  workload_give(w, workload_other_cpu(w, workload_block(w, id)->cpu), id);
}

/* ---- Life ---- */

static void start_streams(sim_workload *w, uint64_t seed)
{
  const char *stream = w->spec.stream != NULL ? w->spec.stream : w->spec.kind->name;
  g_autofree char *sizes = g_strdup_printf("workload %s sizes", stream);
  g_autofree char *places = g_strdup_printf("workload %s CPUs", stream);
  g_autofree char *choices = g_strdup_printf("workload %s choices", stream);

  sim_rng_init(&w->sizes, seed, sizes);
  sim_rng_init(&w->places, seed, places);
  sim_rng_init(&w->choices, seed, choices);
}

sim_workload *sim_workload_new(sim_machine *machine, const struct sim_workload_spec *spec,
                               uint64_t seed, GError **error)
{
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  uint64_t cpus = spec->numbers[SIM_WORKLOAD_CPUS];

  if (!sim_workload_spec_check(spec, error))
    return NULL;
  if (cpus > kernel->cpus) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "%u CPUs cannot take part: the machine has %u",
                (unsigned)cpus, kernel->cpus);
    return NULL;
  }
  sim_workload *w = g_new0(sim_workload, 1);
  w->machine = machine;
  w->ops = sim_machine_ops(machine);
  w->kernel = kernel;
  w->spec = *spec;
  w->spec.stream = g_strdup(spec->stream);
  w->type = fm_meta_empty(FM_META_ANON);
  w->cpus = cpus != 0 ? (uint32_t)cpus : kernel->cpus;
  w->on_cpu = UINT32_MAX;
  for (guint order = 0; order < SIM_WORKLOAD_ORDERS; order++)
    w->weights += spec->weights[order];
  w->free_bytes = w->ops->free_bytes(kernel);
  w->blocks = g_array_new(FALSE, FALSE, sizeof(struct block));
  w->spare = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  w->groups = g_ptr_array_new_with_free_func(free_group);
  start_streams(w, seed);
  return w;
}

void sim_workload_set_stop(sim_workload *w, const volatile sig_atomic_t *stop)
{
  w->stop = stop;
}

void sim_workload_operate(void *workload)
{
  sim_workload *w = workload;
  w->spec.kind->operate(w);
}

void sim_workload_release(void *workload)
{
  sim_workload *w = workload;
  for (uint32_t id = 0; id < w->blocks->len; id++)
    while (workload_block(w, id)->refs > 0) {
      enter(w, workload_block(w, id)->cpu);
      w->counts.released++;
      drop(w, id);
    }
}

const struct sim_workload_counts *sim_workload_counts(const sim_workload *w)
{
  return &w->counts;
}

uint32_t sim_workload_cpus(const sim_workload *w)
{
  return w->cpus;
}

bool sim_workload_is_settled(const sim_workload *w, uint64_t *ret_found, uint64_t *ret_before)
{
  *ret_found = w->ops->free_bytes(w->kernel);
  *ret_before = w->free_bytes;
  return *ret_found == *ret_before;
}

sim_workload *sim_workload_free(sim_workload *w)
{
  if (w == NULL)
    return NULL;
  g_array_unref(w->blocks);
  g_array_unref(w->spare);
  g_ptr_array_unref(w->groups);
  sim_workload_spec_clear(&w->spec);
  g_free(w);
  return NULL;
}
