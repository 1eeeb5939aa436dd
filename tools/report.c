/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/size.h"

static void print_range(uint64_t base, uint64_t end, const char *type)
{
  g_autofree char *size = sim_size_text(end - base);
  printf("  0x%012" PRIx64 "-0x%012" PRIx64 "  %11s  %s%s%s\n", base, end, size,
         strcmp(type, "usable") == 0 ? cli_color(CLI_GREEN) : cli_color(CLI_DIM), type,
         cli_color(CLI_PLAIN));
}

static void print_title(const char *text)
{
  printf("%s%s%s\n", cli_color(CLI_BOLD), text, cli_color(CLI_PLAIN));
}

void report_map(const sim_bootmap *map)
{
  g_autofree char *title =
      g_strdup_printf("Firmware map: %s (format %s, %u region%s)", map->file, map->format,
                      map->regions->len, map->regions->len == 1 ? "" : "s");
  print_title(title);
  for (guint i = 0; i < map->regions->len; i++) {
    const struct fm_region *region = &g_array_index(map->regions, struct fm_region, i);
    print_range(region->base, fm_region_end(region),
                fm_region_type_name((enum fm_region_type)region->type));
  }
}

void report_regions(const struct fm_regions *regions)
{
  print_title("Normalised regions");
  for (uint32_t i = 0; i < regions->count; i++)
    print_range(regions->at[i].base, fm_region_end(&regions->at[i]),
                fm_region_type_name((enum fm_region_type)regions->at[i].type));
}

static void print_early(const char *name, const struct fm_early_range *range)
{
  if (range->end == 0) {
    printf("  %-12s no usable memory there\n", name);
    return;
  }
  g_autofree char *size = sim_size_text(range->next - range->start);
  printf("  %-12s 0x%012" PRIx64 "-0x%012" PRIx64 "  %s of 0x%" PRIx64 "-0x%" PRIx64 "\n", name,
         range->start, range->next, size, range->start, range->end);
}

void report_boot(const sim_machine *machine)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  g_autofree char *meta = sim_size_text(kernel->meta_size);
  uint64_t free_bytes = sim_machine_ops(machine)->free_bytes(kernel);
  g_autofree char *free_text = sim_size_text(free_bytes);

  print_title("Early allocator (handed out, of)");
  print_early("below 4 GiB", &kernel->early.low);
  print_early("from 4 GiB", &kernel->early.high);
  print_title("Machine");
  printf("  kernel image 0x%012" PRIx64 "-0x%012" PRIx64 "\n", kernel->image_base,
         kernel->image_base + kernel->image_size);
  printf("  slots        0x%012" PRIx64 "-0x%012" PRIx64 "  %s, seen at 0x%" PRIx64 "\n",
         kernel->meta_start, kernel->meta_start + kernel->meta_size, meta, FM_META_BASE);
  printf("  max_paddr    0x%012" PRIx64 "  %" PRIu64 " frames\n", kernel->max_paddr,
         kernel->nr_frames);
  printf("  CPUs         %u\n", kernel->cpus);
  printf("  allocator    %s, %s free\n",
         fm_allocator_name((enum fm_allocator_kind)kernel->allocator), free_text);
}

void report_info(const sim_machine *machine)
{
  const struct fm_boot_info *info = sim_machine_info(machine);
  g_autofree char *size = sim_size_text(info->ram_size);

  print_title("Boot");
  printf("  stage        %s\n",
         fm_boot_stage_name((enum fm_boot_stage)sim_machine_kernel(machine)->stage));
  printf("  RAM file     %s, version %u\n", size, info->version);
  printf("  image        0x%012" PRIx64 "-0x%012" PRIx64 "\n", info->image_base,
         info->image_base + info->image_size);
  printf("  regions      %u given, slots up to the last %s one\n", info->regions,
         info->top == FM_TOP_USABLE ? "usable" : "physical");
  printf("  linear map   %s pages\n", info->linear_map == FM_LINEAR_LARGEST ? "largest" : "4k");
  printf("  metadata     %s\n", info->metadata == FM_METADATA_DEFERRED ? "deferred" : "eager");
}

static void print_count(const char *state, const char *type, uint64_t frames)
{
  if (frames == 0)
    return;
  g_autofree char *size = sim_size_text(frames * FM_PAGE_SIZE);
  printf("  %-8s %-12s %12" PRIu64 "  %11s\n", state, type, frames, size);
}

void report_census(const sim_machine *machine, const char *title)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct sim_census census;
  sim_machine_census(machine, &census);

  print_title(title);
  printf("  %-8s %-12s %12s  %11s\n", "state", "type", "frames", "memory");
  for (uint32_t number = 0; number < kernel->nr_vtables; number++)
    print_count("shared", fm_kernel_vtable(kernel, number)->name, census.types[number]);
  for (uint32_t number = 0; number < kernel->nr_vtables; number++)
    print_count("unique", fm_kernel_vtable(kernel, number)->name, census.unique_types[number]);
  print_count("busy", "-", census.busy);
  print_count("broken", "-", census.broken);
  print_count("unused", "-", census.unused);
}

static const char *type_text(const struct fm_kernel *kernel, const struct fm_slot_view *view)
{
  if (view->vtable != NULL)
    return view->vtable->name;
  if (view->state == FM_STATE_UNUSED)
    return "means nothing while unused";
  if (view->state == FM_STATE_BUSY &&
      fm_kernel_vtable_of(kernel, fm_kaddr_of(view->vtable_ptr)) != NULL)
    return "being made or unmade: nobody may rely on it";
  return "no type";
}

void report_slot(const struct fm_kernel *kernel, fm_paddr frame)
{
  const struct fm_slot *slot = fm_slot_at(frame);
  struct fm_slot_view view;
  fm_slot_view(kernel, slot, &view);

  printf("%sframe 0x%" PRIx64 "%s (number %" PRIu64 "), slot at 0x%" PRIx64 "\n",
         cli_color(CLI_BOLD), frame.raw, cli_color(CLI_PLAIN), fm_pfn_of_paddr(frame).nr,
         fm_frame_to_meta(frame).raw);
  printf("  ref_count  0x%016" PRIx64 "  %s", view.ref_count, fm_count_state_name(view.state));
  if (view.state == FM_STATE_SHARED)
    printf(", %" PRIu64 " reference%s", view.ref_count, view.ref_count == 1 ? "" : "s");
  printf("\n  vtable_ptr 0x%016" PRIx64 "  %s\n", view.vtable_ptr, type_text(kernel, &view));
  printf("  in_list    0x%016" PRIx64 "  %s\n", view.in_list,
         view.in_list == 0 ? "in no list" : "id of the list");
  printf("  storage   ");
  for (size_t i = 0; i < sizeof(slot->storage); i++)
    printf("%s%02x", i % 8 == 0 ? " " : "", slot->storage[i]);
  printf("\n");
}

/* ---- JSON ---- */

void report_json_regions(JsonBuilder *json, const char *name, const struct fm_regions *regions)
{
  json_builder_set_member_name(json, name);
  json_builder_begin_array(json);
  for (uint32_t i = 0; i < regions->count; i++) {
    json_builder_begin_object(json);
    cli_json_hex(json, "base", regions->at[i].base);
    cli_json_hex(json, "end", fm_region_end(&regions->at[i]));
    cli_json_string(json, "type", fm_region_type_name((enum fm_region_type)regions->at[i].type));
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
}

static void add_range(JsonBuilder *json, uint64_t base, uint64_t end)
{
  json_builder_begin_object(json);
  cli_json_hex(json, "base", base);
  cli_json_hex(json, "end", end);
  json_builder_end_object(json);
}

void report_json_frames(JsonBuilder *json, const sim_machine *machine)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct sim_census census;
  sim_machine_census(machine, &census);

  json_builder_set_member_name(json, "types");
  json_builder_begin_object(json);
  static const uint32_t always[] = {FM_META_META_PAGE, FM_META_EARLY, FM_META_KERNEL,
                                    FM_META_RESERVED, FM_META_UNUSABLE};
  for (size_t i = 0; i < G_N_ELEMENTS(always); i++) {
    cli_json_int(json, fm_kernel_vtable(kernel, always[i])->name, census.types[always[i]]);
    census.types[always[i]] = 0;
  }
  for (uint32_t number = 0; number < kernel->nr_vtables; number++)
    if (census.types[number] != 0)
      cli_json_int(json, fm_kernel_vtable(kernel, number)->name, census.types[number]);
  json_builder_end_object(json);

  cli_json_int(json, "unused", census.unused);
  cli_json_int(json, "unique", census.unique);
  if (census.busy != 0)
    cli_json_int(json, "busy", census.busy);
  if (census.broken != 0)
    cli_json_int(json, "broken", census.broken);
  cli_json_hex(json, "free_bytes", sim_machine_ops(machine)->free_bytes(kernel));
}

JsonBuilder *report_json_boot(const sim_machine *machine, const sim_bootmap *map)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  JsonBuilder *json = cli_json_begin("boot");

  cli_json_string(json, "stage", fm_boot_stage_name((enum fm_boot_stage)kernel->stage));
  if (map != NULL) {
    json_builder_set_member_name(json, "map");
    json_builder_begin_object(json);
    cli_json_string(json, "file", map->file);
    cli_json_string(json, "format", map->format);
    json_builder_end_object(json);
  }
  json_builder_set_member_name(json, "kernel");
  json_builder_begin_object(json);
  cli_json_hex(json, "base", kernel->image_base);
  cli_json_hex(json, "size", kernel->image_size);
  json_builder_end_object(json);
  report_json_regions(json, "regions", &kernel->regions);
  cli_json_hex(json, "max_paddr", kernel->max_paddr);
  cli_json_int(json, "frames", kernel->nr_frames);
  json_builder_set_member_name(json, "early");
  json_builder_begin_array(json);
  add_range(json, kernel->early.low.start, kernel->early.low.next);
  add_range(json, kernel->early.high.start, kernel->early.high.next);
  json_builder_end_array(json);
  json_builder_set_member_name(json, "meta_pages");
  add_range(json, kernel->meta_start, kernel->meta_start + kernel->meta_size);
  report_json_frames(json, machine);
  return json;
}
