/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/audit/audit.h"

#include <stdarg.h>

/* ---- What the parts share ---- */

void audit_note(struct audit *audit, fm_paddr frame, enum sim_audit_clause clause, uint64_t found,
                uint64_t expected, const char *format, ...)
{
  struct sim_audit_fault fault = {.frame = frame,
                                  .clause = sim_audit_clause_name(clause),
                                  .text = sim_audit_clause_text(clause),
                                  .count = found,
                                  .expected = expected,
                                  .number = clause};
  va_list arguments;
  va_start(arguments, format);
  (void)g_vsnprintf(fault.place, sizeof(fault.place), format, arguments);
  va_end(arguments);
  g_array_append_val(audit->faults, fault);
}

fm_paddr audit_home(const void *state)
{
  return fm_paddr_of(fm_page_down((uint64_t)(uintptr_t)state - FM_LINEAR_WINDOW));
}

bool audit_is_usable(const struct audit *audit, uint64_t start, uint64_t end)
{
  const struct fm_regions *regions = &audit->kernel->regions;
  if (end > audit->kernel->max_paddr)
    return false;
  for (uint32_t i = 0; i < regions->count && regions->at[i].base <= start; i++)
    if (start < fm_region_end(&regions->at[i]))
      return regions->at[i].type == FM_REGION_USABLE && end <= fm_region_end(&regions->at[i]);
  return false;
}

gint audit_by_number(gconstpointer left, gconstpointer right)
{
  uint64_t a = *(const uint64_t *)left;
  uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* ---- The order of faults ---- */

/* By frame, then by clause; what is left decides between faults of the same kind. */
static gint by_frame(gconstpointer left, gconstpointer right)
{
  const struct sim_audit_fault *a = left;
  const struct sim_audit_fault *b = right;
  if (a->frame.raw != b->frame.raw)
    return a->frame.raw < b->frame.raw ? -1 : 1;
  if (a->number != b->number)
    return a->number < b->number ? -1 : 1;
  int places = g_strcmp0(a->place, b->place);
  if (places != 0)
    return places;
  return a->count < b->count ? -1 : a->count > b->count;
}

struct merge {
  struct audit *audit;
  struct sim_audit_result *result;
  guint told; /* faults of structures that are told */
};

static void tell(const struct merge *merge, const struct sim_audit_fault *fault)
{
  const struct sim_audit_options *options = merge->audit->options;
  merge->result->faults++;
  merge->result->by_clause[fault->number]++;
  if (options->report != NULL)
    options->report(fault, options->data);
}

/* Tells of structures below this address, or of all. */
static void tell_structures(struct merge *merge, uint64_t below)
{
  const GArray *faults = merge->audit->faults;
  while (merge->told < faults->len) {
    const struct sim_audit_fault *fault =
        &g_array_index(faults, struct sim_audit_fault, merge->told);
    if (fault->frame.raw >= below)
      return;
    tell(merge, fault);
    merge->told++;
  }
}

/* A slot's own fault comes before those of what lies in the frame. */
static void merge_stretch(const GArray *faults, uint64_t end, void *data)
{
  struct merge *merge = data;
  const struct sim_audit_options *options = merge->audit->options;
  for (guint i = 0; i < faults->len; i++) {
    const struct sim_audit_fault *fault = &g_array_index(faults, struct sim_audit_fault, i);
    tell_structures(merge, fault->frame.raw);
    tell(merge, fault);
  }
  tell_structures(merge, end * FM_PAGE_SIZE);
  if (options->progress != NULL)
    options->progress(end, merge->audit->kernel->nr_frames, options->data);
}

/* ---- All of it ---- */

static void audit_allocator(struct audit *audit)
{
  const struct fm_kernel *kernel = audit->kernel;
  if (kernel->stage < FM_STAGE_ALLOCATOR)
    return;
  if (kernel->allocator == FM_ALLOCATOR_BUDDY)
    audit_buddy(audit);
  else if (kernel->allocator == FM_ALLOCATOR_BITMAP)
    audit_bitmap(audit);
}

void sim_audit_run(const sim_machine *machine, const struct sim_audit_options *options,
                   struct sim_audit_result *ret)
{
  g_autoptr(GArray) faults = g_array_new(FALSE, FALSE, sizeof(struct sim_audit_fault));
  g_autoptr(GArray) chunks = g_array_new(FALSE, FALSE, sizeof(struct audit_chunk));
  g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g_autoptr(GArray) extents = g_array_new(FALSE, FALSE, sizeof(struct audit_extent));
  g_autoptr(GArray) tables = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  struct audit audit = {.machine = machine,
                        .kernel = machine->kernel,
                        .options = options,
                        .faults = faults,
                        .chunks = chunks,
                        .ids = ids,
                        .extents = extents,
                        .tables = tables};
  struct sim_audit_result result = {0};
  struct merge merge = {&audit, &result, 0};

  audit_allocator(&audit);
  audit_durable(&audit);
  audit_trees(&audit);
  audit_find_extents(&audit);
  if (options->holders != NULL)
    audit_find_tables(&audit);
  g_array_sort(faults, by_frame);
  audit_all_slots(&audit, merge_stretch, &merge);
  tell_structures(&merge, UINT64_MAX);
  *ret = result;
}

/* The head of a free chunk, about which only the lists have something to say. */
static bool is_free_head(const struct fm_kernel *kernel, fm_paddr frame)
{
  struct fm_slot_view view;
  fm_slot_view(kernel, fm_slot_at(frame), &view);
  return view.state == FM_STATE_UNIQUE && view.vtable != NULL &&
         view.vtable->number == FM_META_FREE_HEAD && kernel->allocator == FM_ALLOCATOR_BUDDY;
}

void sim_audit_frames(const sim_machine *machine, const struct sim_audit_options *options,
                      const fm_paddr *frames, size_t count, struct sim_audit_result *ret)
{
  g_autoptr(GArray) faults = g_array_new(FALSE, FALSE, sizeof(struct sim_audit_fault));
  g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  g_autoptr(GArray) extents = g_array_new(FALSE, FALSE, sizeof(struct audit_extent));
  g_autoptr(GArray) tables = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  const struct audit_extent all = {0, machine->kernel->nr_frames * FM_SLOT_SIZE};
  struct audit audit = {.machine = machine,
                        .kernel = machine->kernel,
                        .options = options,
                        .faults = faults,
                        .chunks = none,
                        .ids = none,
                        .extents = extents,
                        .tables = tables};
  struct sim_audit_result result = {0};
  const struct merge merge = {&audit, &result, 0};

  g_array_append_val(extents, all);
  if (options->holders != NULL)
    audit_find_tables(&audit);
  for (size_t i = 0; i < count; i++) {
    uint64_t nr = fm_pfn_of_paddr(frames[i]).nr;
    if (!is_free_head(machine->kernel, frames[i]))
      audit_slots(&audit, nr, nr + 1, faults);
  }
  for (guint i = 0; i < faults->len; i++)
    tell(&merge, &g_array_index(faults, struct sim_audit_fault, i));
  *ret = result;
}

uint64_t sim_audit(const sim_machine *machine, sim_audit_holders holders, void *holders_data,
                   sim_audit_report report, void *data)
{
  const struct sim_audit_options options = {.holders = holders,
                                            .holders_data = holders_data,
                                            .report = report,
                                            .data = data,
                                            .threads = 1};
  struct sim_audit_result result;
  sim_audit_run(machine, &options, &result);
  return result.faults;
}
