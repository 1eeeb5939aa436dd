/* SPDX-License-Identifier: MPL-2.0 */
/* The verbs that look, check and tamper: show, check, note, poke. */
#include <inttypes.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/script/interp.h"

/* False: the message was given. */
static bool has_slot(sim_run *run, const struct sim_expr *expr, uint64_t address)
{
  bool aligned = fm_is_page_aligned(address);
  if (aligned && address < run->kernel->max_paddr)
    return true;
  (void)sim_run_error(run, expr->place, NULL, "0x%" PRIx64 " has no slot: it is %s", address,
                      aligned ? "not below max_paddr" : "no multiple of 4096");
  return false;
}

/* ---- show ---- */

static enum sim_flow show_frame(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "frame");
  uint64_t address;
  if (!sim_run_address(run, expr, &address))
    return SIM_FLOW_STOP;
  if (!has_slot(run, expr, address))
    return SIM_FLOW_STOP;

  fm_paddr frame = fm_paddr_of(address);
  const struct fm_slot *slot = fm_slot_at(frame);
  struct fm_slot_view view;
  fm_slot_view(run->kernel, slot, &view);
  g_autofree char *state = sim_view_to_string(&view);
  g_autoptr(GString) storage = g_string_new(NULL);
  for (size_t i = 0; i < sizeof(slot->storage); i++)
    g_string_append_printf(storage, "%s%02x", i % 8 == 0 ? " " : "", slot->storage[i]);
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      frame 0x%" PRIx64 ", slot at 0x%" PRIx64 ": %s\n"
               "        ref_count  0x%016" PRIx64 "\n"
               "        vtable_ptr 0x%016" PRIx64 "%s\n"
               "        in_list    0x%016" PRIx64 "\n"
               "        storage   %s",
               address, fm_frame_to_meta(frame).raw, state, view.ref_count, view.vtable_ptr,
               view.state == FM_STATE_UNUSED ? " (means nothing while unused)" : "", view.in_list,
               storage->str);
  return SIM_FLOW_NEXT;
}

void sim_run_show_handles(sim_run *run)
{
  static const char *const kinds[] = {
      [SIM_HANDLE_FRAME] = "shared",
      [SIM_HANDLE_UNIQUE] = "unique",
      [SIM_HANDLE_RAW] = "forgotten",
      [SIM_HANDLE_RAW_UNIQUE] = "forgotten, unique",
  };
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      %u live handle%s", handles->len,
               handles->len == 1 ? "" : "s");
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    sim_run_text(run, SIM_TEXT_OUTPUT,
                 "        %-12s frame 0x%-12" PRIx64 " %s, made in step %" PRIu64, handle->name,
                 handle->frame.raw, kinds[handle->kind], handle->step);
  }
}

static void show_frames(sim_run *run)
{
  struct sim_census census;
  sim_machine_census(run->machine, &census);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      frames by state and type");
  for (uint32_t number = 0; number < run->kernel->nr_vtables; number++)
    if (census.types[number] != 0)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        shared  %-12s %12" PRIu64,
                   fm_kernel_vtable(run->kernel, number)->name, census.types[number]);
  const struct {
    const char *name;
    uint64_t frames;
  } rest[] = {{"unique", census.unique},
              {"busy", census.busy},
              {"broken", census.broken},
              {"unused", census.unused}};
  for (gsize i = 0; i < G_N_ELEMENTS(rest); i++)
    if (rest[i].frames != 0)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        %-20s %12" PRIu64, rest[i].name, rest[i].frames);
}

static void show_regions(sim_run *run)
{
  const struct fm_regions *regions = &run->kernel->regions;
  for (uint32_t i = 0; i < regions->count; i++)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      0x%012" PRIx64 "-0x%012" PRIx64 " %s",
                 regions->at[i].base, fm_region_end(&regions->at[i]),
                 fm_region_type_name((enum fm_region_type)regions->at[i].type));
}

static void show_machine(sim_run *run)
{
  const struct fm_kernel *kernel = run->kernel;
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      %" PRIu64 " frames up to 0x%" PRIx64 ", %u CPU%s, allocator %s, 0x%" PRIx64
               " bytes free\n"
               "      kernel image 0x%" PRIx64 "-0x%" PRIx64 ", slots 0x%" PRIx64 "-0x%" PRIx64,
               kernel->nr_frames, kernel->max_paddr, kernel->cpus, kernel->cpus == 1 ? "" : "s",
               fm_allocator_name((enum fm_allocator_kind)kernel->allocator),
               sim_machine_ops(run->machine)->free_bytes(kernel), kernel->image_base,
               kernel->image_base + kernel->image_size, kernel->meta_start,
               kernel->meta_start + kernel->meta_size);
  if (sim_machine_panic(run->machine) != NULL)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      dead: %s", sim_machine_panic(run->machine));
}

enum sim_flow sim_verb_show(sim_run *run, const struct sim_command *command)
{
  if (sim_command_arg(command, "frame") != NULL)
    return show_frame(run, command);
  const char *what = sim_command_flag(command);
  if (strcmp(what, "handles") == 0)
    sim_run_show_handles(run);
  else if (strcmp(what, "frames") == 0)
    show_frames(run);
  else if (strcmp(what, "regions") == 0)
    show_regions(run);
  else if (strcmp(what, "machine") == 0)
    show_machine(run);
  else {
    g_autofree char *digest = sim_machine_digest(run->machine);
    sim_run_text(run, SIM_TEXT_OUTPUT, "      digest %s", digest);
  }
  return SIM_FLOW_NEXT;
}

enum sim_flow sim_verb_note(sim_run *run, const struct sim_command *command)
{
  struct sim_value value;
  if (!sim_run_value(run, sim_command_expr(command, "STRING"), &value))
    return SIM_FLOW_STOP;
  g_autofree char *text =
      value.kind == SIM_VALUE_STRING ? g_strdup(value.text) : sim_value_to_string(&value);
  sim_run_text(run, SIM_TEXT_OUTPUT, "%s", text);
  return SIM_FLOW_NEXT;
}

/* ---- check ---- */

struct check {
  sim_run *run;
  const struct sim_command *command;
  GHashTable *holders; /* frame number + 1 -> how many */
  uint64_t shown;
};

static uint64_t holders_of(fm_paddr frame, void *data)
{
  const struct check *check = data;
  return GPOINTER_TO_SIZE(
      g_hash_table_lookup(check->holders, GSIZE_TO_POINTER(fm_pfn_of_paddr(frame).nr + 1)));
}

static void report_fault(const struct sim_audit_fault *fault, void *data)
{
  struct check *check = data;
  if (check->shown++ >= SIM_FINDINGS_MAX)
    return;
  if (fault->expected != 0 || strcmp(fault->clause, "count.holders") == 0)
    sim_run_finding(check->run, check->command->place, "VIOLATED", &fault->frame,
                    "%s: frame 0x%" PRIx64 ": %s (count 0x%" PRIx64 ", holders %" PRIu64 ")",
                    fault->clause, fault->frame.raw, fault->text, fault->count, fault->expected);
  else
    sim_run_finding(check->run, check->command->place, "VIOLATED", &fault->frame,
                    "%s: frame 0x%" PRIx64 ": %s (count 0x%" PRIx64 ")", fault->clause,
                    fault->frame.raw, fault->text, fault->count);
}

enum sim_flow sim_verb_check(sim_run *run, const struct sim_command *command)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  g_autoptr(GHashTable) holders = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    gpointer key = GSIZE_TO_POINTER(fm_pfn_of_paddr(handle->frame).nr + 1);
    gsize count = GPOINTER_TO_SIZE(g_hash_table_lookup(holders, key));
    g_hash_table_insert(holders, key, GSIZE_TO_POINTER(count + 1));
  }
  struct check check = {.run = run, .command = command, .holders = holders};
  uint64_t faults = sim_audit(run->machine, holders_of, &check, report_fault, &check);
  if (faults == 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " frames checked, nothing wrong",
                 run->kernel->nr_frames);
  else if (faults > SIM_FINDINGS_MAX)
    sim_run_text(run, SIM_TEXT_OUTPUT, "      %" PRIu64 " faults, of which the first %u are told",
                 faults, SIM_FINDINGS_MAX);
  return SIM_FLOW_NEXT;
}

/* ---- poke ---- */

enum sim_flow sim_verb_poke(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *where = sim_command_expr(command, "ADDR");
  const char *field = sim_command_flag(command);
  const struct sim_expr *at = sim_command_expr(command, "at");
  uint64_t address;
  uint64_t value;
  uint64_t offset = 0;
  if (!sim_run_address(run, where, &address) ||
      !sim_run_number(run, sim_command_expr(command, "="), &value) ||
      (at != NULL && !sim_run_number(run, at, &offset)))
    return SIM_FLOW_STOP;
  if (!has_slot(run, where, address))
    return SIM_FLOW_STOP;
  bool storage = strcmp(field, "storage") == 0;
  if (at != NULL && (!storage || offset > FM_META_MAX_SIZE - sizeof(value)))
    return sim_run_error(run, at->place, NULL,
                         storage ? "the storage has 40 bytes, so a number fits at 0 to 32"
                                 : "'at' is for the storage only");

  struct fm_slot *slot = fm_slot_at(fm_paddr_of(address));
  sim_run_touch(run, fm_paddr_of(address));
  sim_run_note_change(run, fm_paddr_of(address));
  sim_run_find_touch(run, fm_paddr_of(address))->wrote_other = true;
  if (storage)
    memcpy(slot->storage + offset, &value, sizeof(value));
  else if (strcmp(field, "ref_count") == 0)
    __atomic_store_n(&slot->ref_count, value, __ATOMIC_RELAXED);
  else if (strcmp(field, "vtable_ptr") == 0)
    slot->vtable_ptr = value;
  else
    __atomic_store_n(&slot->in_list, value, __ATOMIC_RELAXED);
  return SIM_FLOW_NEXT;
}
