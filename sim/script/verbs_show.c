/* SPDX-License-Identifier: MPL-2.0 */
/* The verb that looks: show. */
#include <inttypes.h>
#include <string.h>

#include "sim/script/operate.h"
#include "sim/script/verbs.h"
#include "sim/script/verbs_show.h"

/* False: the message was given. */
bool sim_run_has_slot(sim_run *run, const struct sim_expr *expr, uint64_t address)
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
  if (!sim_run_has_slot(run, expr, address))
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

/* What a handle stands for: "frame 0x2345000  shared". */
static char *describe_handle(const struct sim_handle *handle)
{
  static const char *const kinds[SIM_HANDLE_KINDS] = {
      [SIM_HANDLE_FRAME] = "shared",    [SIM_HANDLE_UNIQUE] = "unique",
      [SIM_HANDLE_RAW] = "forgotten",   [SIM_HANDLE_RAW_UNIQUE] = "forgotten, unique",
      [SIM_HANDLE_SEGMENT] = "segment", [SIM_HANDLE_RAW_SEGMENT] = "forgotten segment",
      [SIM_HANDLE_REF] = "borrowed",    [SIM_HANDLE_READER] = "reader",
      [SIM_HANDLE_WRITER] = "writer",
  };
  const char *kind = kinds[handle->kind];
  const struct fm_slot *at = handle->cursor.at.slot;
  switch (handle->kind) {
  case SIM_HANDLE_SEGMENT:
  case SIM_HANDLE_RAW_SEGMENT:
    return g_strdup_printf("frame 0x%-12" PRIx64 " %s of %" PRIu64 " frame%s", handle->frame.raw,
                           kind, handle->size / FM_PAGE_SIZE,
                           handle->size == FM_PAGE_SIZE ? "" : "s");
  case SIM_HANDLE_LIST:
    return g_strdup_printf("%-20s list of %" PRIu64 " frame%s", "",
                           sim_handle_look_list(handle)->size,
                           sim_handle_look_list(handle)->size == 1 ? "" : "s");
  case SIM_HANDLE_CURSOR:
    if (at == NULL)
      return g_strdup_printf("%-20s cursor in %s", "ghost", handle->lender->name);
    return g_strdup_printf("frame 0x%-12" PRIx64 " cursor in %s", fm_slot_paddr(at).raw,
                           handle->lender->name);
  case SIM_HANDLE_PROCESS:
    return g_strdup_printf("%-20s process with %u area%s", "", handle->process->areas->len,
                           handle->process->areas->len == 1 ? "" : "s");
  case SIM_HANDLE_READER:
    return g_strdup_printf("at    0x%-12" PRIx64 " %s of %s, %" PRIu64 " bytes left",
                           handle->reader.at.raw, kind, handle->lender->name, handle->reader.left);
  case SIM_HANDLE_WRITER:
    return g_strdup_printf("at    0x%-12" PRIx64 " %s of %s, %" PRIu64 " bytes left",
                           handle->writer.at.raw, kind, handle->lender->name, handle->writer.left);
  default:
    return g_strdup_printf("frame 0x%-12" PRIx64 " %s", handle->frame.raw, kind);
  }
}

void sim_run_show_handles(sim_run *run)
{
  g_autoptr(GPtrArray) handles = sim_run_handles(run);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      %u live handle%s", handles->len,
               handles->len == 1 ? "" : "s");
  for (guint i = 0; i < handles->len; i++) {
    const struct sim_handle *handle = handles->pdata[i];
    g_autofree char *text = describe_handle(handle);
    sim_run_text(run, SIM_TEXT_OUTPUT, "        %-12s %s, made in step %" PRIu64, handle->name,
                 text, handle->step);
  }
}

/* ---- Segments and lists ---- */

#define FRAMES_SHOWN 32u

static char *state_of(const sim_run *run, fm_paddr frame)
{
  struct fm_slot_view view;
  fm_slot_view(run->kernel, fm_slot_at(frame), &view);
  return sim_view_to_string(&view);
}

/* Runs of frames in the same state, one line each. */
static enum sim_flow show_segment(sim_run *run, const struct sim_command *command)
{
  const struct sim_handle *handle =
      sim_call_handle(run, command, "segment", SIM_KIND(SEGMENT) | SIM_KIND(RAW_SEGMENT), true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  struct fm_range range = sim_handle_range(handle);
  uint64_t all = handle->size / FM_PAGE_SIZE;
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "      segment 0x%" PRIx64 "-0x%" PRIx64 ": %" PRIu64 " frame%s", range.start.raw,
               range.end.raw, all, all == 1 ? "" : "s");
  uint64_t frames;
  guint lines = 0;
  for (fm_paddr at = range.start; at.raw < range.end.raw; at.raw += frames * FM_PAGE_SIZE) {
    g_autofree char *state = state_of(run, at);
    for (frames = 1; at.raw + frames * FM_PAGE_SIZE < range.end.raw; frames++) {
      g_autofree char *next = state_of(run, fm_paddr_add(at, frames * FM_PAGE_SIZE));
      if (strcmp(state, next) != 0)
        break;
    }
    if (lines++ < FRAMES_SHOWN)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        %8" PRIu64 " from 0x%" PRIx64 ": %s", frames,
                   at.raw, state);
  }
  if (lines > FRAMES_SHOWN)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and %u runs more", lines - FRAMES_SHOWN);
  return SIM_FLOW_NEXT;
}

static enum sim_flow show_list(sim_run *run, const struct sim_command *command)
{
  const struct sim_handle *handle = sim_call_handle(run, command, "list", SIM_KIND(LIST), true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  const struct fm_list *list = sim_handle_look_list(handle);
  g_autofree char *id =
      list->id != 0 ? g_strdup_printf("id %" PRIu64, list->id) : g_strdup("no id yet");
  sim_run_text(run, SIM_TEXT_OUTPUT, "      list %s: %" PRIu64 " frame%s, %s%s", handle->name,
               list->size, list->size == 1 ? "" : "s", id,
               list->size > 1 ? ", front to back:" : "");
  struct sim_list_walk walk = sim_list_walk_begin(list);
  fm_paddr frame;
  for (guint i = 0; i < FRAMES_SHOWN && sim_list_walk_next(&walk, &frame); i++) {
    g_autofree char *state = state_of(run, frame);
    sim_run_text(run, SIM_TEXT_OUTPUT, "        frame 0x%-12" PRIx64 " %s", frame.raw, state);
  }
  if (walk.lost != 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and then a link that leads to no slot: 0x%" PRIx64,
                 walk.lost);
  else if (walk.left != 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and %" PRIu64 " more", walk.left);
  return SIM_FLOW_NEXT;
}

/* ---- The whole machine ---- */

static void show_frames(sim_run *run)
{
  struct sim_census census;
  sim_machine_census(run->machine, &census);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      frames by state and type");
  for (uint32_t number = 0; number < run->kernel->nr_vtables; number++)
    if (census.types[number] != 0)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        shared  %-12s %12" PRIu64,
                   fm_kernel_vtable(run->kernel, number)->name, census.types[number]);
  for (uint32_t number = 0; number < run->kernel->nr_vtables; number++)
    if (census.unique_types[number] != 0)
      sim_run_text(run, SIM_TEXT_OUTPUT, "        unique  %-12s %12" PRIu64,
                   fm_kernel_vtable(run->kernel, number)->name, census.unique_types[number]);
  const struct {
    const char *name;
    uint64_t frames;
  } rest[] = {{"busy", census.busy}, {"broken", census.broken}, {"unused", census.unused}};
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
  if (sim_command_arg(command, "segment") != NULL)
    return show_segment(run, command);
  if (sim_command_arg(command, "list") != NULL)
    return show_list(run, command);
  if (sim_command_arg(command, "cpu") != NULL)
    return sim_show_cpu(run, command);
  if (sim_command_arg(command, "map") != NULL)
    return sim_show_map(run, command);
  if (sim_command_arg(command, "tree") != NULL)
    return sim_show_tree(run, command);
  if (sim_command_arg(command, "tlb") != NULL)
    return sim_show_tlb(run, command);
  const char *what = sim_command_flag(command);
  if (strcmp(what, "handles") == 0)
    sim_run_show_handles(run);
  else if (strcmp(what, "freelist") == 0)
    sim_show_freelist(run);
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
