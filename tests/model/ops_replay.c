/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/model/ops_replay.h"

#include <check.h>
#include <fm/list.h>
#include <fm/segment.h>
#include <inttypes.h>
#include <sim/machine.h>
#include <stdio.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "tests/model/ops_world.h"

enum kind { FRAME, UNIQUE, SEGMENT, LIST };

struct handle {
  enum kind kind;
  struct fm_slot *slot;
  struct fm_segment segment;
  struct fm_list list;
};

struct replay {
  sim_machine *machine;
  struct fm_kernel *kernel;
  GArray *regions;
  unsigned regions_given;
  struct sim_config config;
  GHashTable *handles; /* name -> struct handle */
  GString *out;
  char *words[6];
  const char *text;
};

/* ---- Words ---- */

static uint64_t hex(const char *word)
{
  return g_ascii_strtoull(word, NULL, 16);
}

static struct handle *get(struct replay *r, const char *name)
{
  struct handle *handle = g_hash_table_lookup(r->handles, name);
  ck_assert_msg(handle != NULL, "the sequence uses '%s' before it is made", name);
  return handle;
}

static struct handle *put(struct replay *r, const char *name, enum kind kind)
{
  struct handle *handle = g_new0(struct handle, 1);
  handle->kind = kind;
  g_hash_table_replace(r->handles, g_strdup(name), handle);
  return handle;
}

static fm_meta_id type_of(const char *word)
{
  if (word == NULL || strcmp(word, "link") == 0)
    return fm_meta_id_of(FM_META_LINK, sizeof(struct fm_link_meta));
  return fm_meta_empty(strcmp(word, "unit") == 0 ? FM_META_ANON : FM_META_TYPED);
}

/* ---- Answers ---- */

static void ok_address(struct replay *r, fm_paddr paddr)
{
  g_string_append_printf(r->out, "ok 0x%" PRIx64, paddr.raw);
}

static void ok_range(struct replay *r, struct fm_range range)
{
  g_string_append_printf(r->out, "ok 0x%" PRIx64 " 0x%" PRIx64, range.start.raw, range.end.raw);
}

static void frame_result(struct replay *r, const char *name, const char *error,
                         struct fm_slot *slot)
{
  if (error != NULL) {
    g_string_append_printf(r->out, "Err %s", error);
    return;
  }
  put(r, name, FRAME)->slot = slot;
  ok_address(r, fm_slot_paddr(slot));
}

/* ---- Boot ---- */

static void write_boot(struct replay *r)
{
  static const char *const types[] = {"BadMemory",   "Unknown",     "NonVolatileSleep",
                                      "Reserved",    "Kernel",      "Module",
                                      "Framebuffer", "Reclaimable", "Usable"};
  const struct fm_kernel *kernel = r->kernel;
  for (uint32_t i = 0; i < kernel->regions.count; i++)
    g_string_append_printf(r->out, "boot region 0x%" PRIx64 " 0x%" PRIx64 " %u %s\n",
                           kernel->regions.at[i].base, kernel->regions.at[i].size,
                           kernel->regions.at[i].type, types[kernel->regions.at[i].type]);
  g_string_append_printf(r->out, "boot max_paddr 0x%" PRIx64 "\n", kernel->max_paddr);
  g_string_append_printf(r->out, "boot early_under4g 0x%" PRIx64 " 0x%" PRIx64 "\n",
                         kernel->early.low.start, kernel->early.low.next);
  g_string_append_printf(r->out, "boot early_above4g 0x%" PRIx64 " 0x%" PRIx64 "\n",
                         kernel->early.high.start, kernel->early.high.next);
  g_string_append_printf(r->out, "boot meta_pages 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu64 "\n",
                         kernel->meta_start, kernel->meta_start + kernel->meta_size,
                         kernel->meta_size / FM_PAGE_SIZE);
  g_string_append_printf(r->out, "boot slots %" PRIu64 "\n", kernel->nr_frames);
}

static void op_boot(struct replay *r)
{
  g_autoptr(GError) error = NULL;
  sim_bootmap map = {.file = (char *)"ops", .format = "ops", .regions = r->regions};
  r->config.map = &map;
  r->machine = sim_machine_new(&r->config, &error);
  ck_assert_msg(r->machine != NULL && sim_machine_boot_to(r->machine, FM_STAGE_METADATA, &error),
                "%s", error != NULL ? error->message : "");
  r->kernel = sim_machine_kernel(r->machine);
  write_boot(r);
  ops_write_counts(r->kernel, "boot count meta", r->out);
  ck_assert(sim_machine_boot_to(r->machine, FM_STAGE_ALLOCATOR, &error));
  ops_write_counts(r->kernel, "boot count final", r->out);
  g_string_append_printf(r->out, "boot free_bytes 0x%" PRIx64 "\n%s => ok",
                         fm_free_bytes(r->kernel), r->text);
}

static void op_region(struct replay *r)
{
  struct fm_region region = {.base = hex(r->words[1]),
                             .size = hex(r->words[2]),
                             .type = (uint32_t)g_ascii_strtoull(r->words[3], NULL, 10)};
  r->regions_given++;
  if (region.type == FM_REGION_KERNEL) {
    r->config.kernel_given = true;
    r->config.kernel_base = region.base;
    r->config.kernel_size = region.size;
  } else if (region.base != FM_AP_START_PAGE) { /* the loader adds that one by itself */
    g_array_append_val(r->regions, region);
  }
  g_string_append_printf(r->out, "ok %u", r->regions_given);
}

/* ---- Operations ---- */

static void op_alloc(struct replay *r)
{
  const struct fm_alloc_options options = {.type = type_of(r->words[2])};
  struct fm_frame frame = {NULL};
  enum fm_alloc_error error = fm_frame_alloc(r->kernel, &options, &frame);
  frame_result(r, r->words[1], error == FM_ALLOC_OK ? NULL : fm_alloc_error_name(error),
               frame.slot);
}

static void op_alloc_seg(struct replay *r)
{
  const struct fm_alloc_options options = {.type = type_of(NULL)};
  struct fm_segment segment;
  enum fm_alloc_error error =
      fm_segment_alloc(r->kernel, &options, g_ascii_strtoull(r->words[2], NULL, 10), &segment);
  if (error != FM_ALLOC_OK) {
    g_string_append_printf(r->out, "Err %s", fm_alloc_error_name(error));
    return;
  }
  put(r, r->words[1], SEGMENT)->segment = segment;
  ok_range(r, segment.range);
}

static void op_from_unused(struct replay *r)
{
  const struct fm_link_meta link = {0};
  struct fm_frame frame = {NULL};
  enum fm_get_error error =
      fm_frame_from_unused(r->kernel, fm_paddr_of(hex(r->words[2])), type_of(NULL), &link, &frame);
  frame_result(r, r->words[1], error == FM_GET_OK ? NULL : fm_get_error_name(error), frame.slot);
}

static void op_from_in_use(struct replay *r)
{
  struct fm_frame frame = {NULL};
  enum fm_get_error error = fm_frame_from_in_use(r->kernel, fm_paddr_of(hex(r->words[2])), &frame);
  frame_result(r, r->words[1], error == FM_GET_OK ? NULL : fm_get_error_name(error), frame.slot);
}

static void op_clone(struct replay *r)
{
  const struct handle *of = get(r, r->words[2]);
  if (of->kind == SEGMENT) {
    struct fm_segment segment = fm_segment_clone(of->segment);
    put(r, r->words[1], SEGMENT)->segment = segment;
  } else {
    struct fm_frame frame = fm_frame_clone(fm_frame_of_slot(of->slot));
    put(r, r->words[1], FRAME)->slot = frame.slot;
  }
  g_string_append(r->out, "ok");
}

static void op_drop(struct replay *r)
{
  struct handle *handle = get(r, r->words[1]);
  switch (handle->kind) {
  case FRAME:
    fm_frame_drop(r->kernel, fm_frame_of_slot(handle->slot));
    break;
  case UNIQUE:
    fm_unique_drop(r->kernel, fm_unique_of_slot(handle->slot));
    break;
  case SEGMENT:
    fm_segment_drop(r->kernel, handle->segment);
    break;
  case LIST:
    fm_list_drop(r->kernel, &handle->list);
    break;
  }
  g_hash_table_remove(r->handles, r->words[1]);
  g_string_append(r->out, "ok");
}

static void op_to_unique(struct replay *r)
{
  struct handle *handle = get(r, r->words[1]);
  struct fm_unique unique = {NULL};
  if (fm_unique_from_frame(fm_frame_of_slot(handle->slot), &unique)) {
    handle->kind = UNIQUE;
    g_string_append(r->out, "ok");
  } else {
    g_string_append(r->out, "Err NotSole");
  }
}

static void op_to_shared(struct replay *r)
{
  struct handle *handle = get(r, r->words[1]);
  if (handle->kind != UNIQUE) {
    g_string_append(r->out, "HARNESS not a UniqueFrame");
    return;
  }
  (void)fm_unique_share(fm_unique_of_slot(handle->slot));
  handle->kind = FRAME;
  g_string_append(r->out, "ok");
}

static void op_slice(struct replay *r)
{
  struct fm_segment slice;
  ck_assert(
      fm_segment_slice(get(r, r->words[2])->segment, hex(r->words[3]), hex(r->words[4]), &slice));
  put(r, r->words[1], SEGMENT)->segment = slice;
  ok_range(r, slice.range);
}

static void op_split(struct replay *r)
{
  struct fm_segment first;
  struct fm_segment second;
  ck_assert(fm_segment_split(get(r, r->words[1])->segment, hex(r->words[4]), &first, &second));
  put(r, r->words[2], SEGMENT)->segment = first;
  put(r, r->words[3], SEGMENT)->segment = second;
  ok_address(r, second.range.start);
}

static void op_next(struct replay *r)
{
  struct fm_frame frame = {NULL};
  if (fm_segment_next(&get(r, r->words[1])->segment, &frame))
    frame_result(r, r->words[2], NULL, frame.slot);
  else
    g_string_append(r->out, "None");
}

static void op_show(struct replay *r)
{
  const struct handle *handle = get(r, r->words[1]);
  uint64_t paddr = fm_slot_paddr(handle->slot).raw;
  if (handle->kind == UNIQUE) {
    g_string_append_printf(r->out, "UniqueFrame 0x%" PRIx64, paddr);
    return;
  }
  struct fm_frame frame = fm_frame_of_slot(handle->slot);
  bool untyped = (fm_frame_vtable(frame)->flags & FM_META_UNTYPED) != 0;
  g_string_append_printf(r->out, "Frame 0x%" PRIx64 " refs=%" PRIu64 " untyped=%s", paddr,
                         fm_frame_count(frame), untyped ? "true" : "false");
}

static void op_slot(struct replay *r)
{
  const struct fm_slot *slot = fm_slot_at(fm_paddr_of(hex(r->words[1])));
  g_autofree char *what = ops_describe(r->kernel, slot);
  char *type = strchr(what, ' ');
  *type++ = '\0';
  g_string_append_printf(r->out, "ref=%s in_list=%" PRIu64 " type=%s", what, slot->in_list, type);
}

static void op_list_new(struct replay *r)
{
  (void)put(r, r->words[1], LIST);
  g_string_append(r->out, "ok");
}

static void op_push(struct replay *r)
{
  struct fm_list *list = &get(r, r->words[1])->list;
  struct fm_unique unique = fm_unique_of_slot(get(r, r->words[2])->slot);
  if (strcmp(r->words[0], "push_front") == 0)
    fm_list_push_front(r->kernel, list, unique);
  else
    fm_list_push_back(r->kernel, list, unique);
  g_string_append_printf(r->out, "ok size=%" PRIu64, fm_list_size(list));
}

static void op_pop(struct replay *r)
{
  struct fm_list *list = &get(r, r->words[1])->list;
  struct fm_unique unique = {NULL};
  bool popped = strcmp(r->words[0], "pop_front") == 0 ? fm_list_pop_front(list, &unique)
                                                      : fm_list_pop_back(list, &unique);
  if (!popped) {
    g_string_append(r->out, "None");
    return;
  }
  put(r, r->words[2], UNIQUE)->slot = unique.slot;
  ok_address(r, fm_unique_paddr(unique));
}

static void op_free(struct replay *r)
{
  g_string_append_printf(r->out, "0x%" PRIx64, fm_free_bytes(r->kernel));
}

static void op_counts(struct replay *r)
{
  ops_write_counts(r->kernel, "count", r->out);
  g_string_append_printf(r->out, "%s => ok", r->text);
}

static void op_map(struct replay *r)
{
  unsigned runs = ops_write_map(r->kernel, r->out);
  g_string_append_printf(r->out, "%s => %u runs", r->text, runs);
}

static void op_quit(struct replay *r)
{
  (void)r;
}

/* ---- The whole ---- */

static const struct {
  const char *name;
  void (*run)(struct replay *r);
  bool writes_all; /* the command's own text stands in its answer already */
} operations[] = {
    {"region", op_region, false},
    {"boot", op_boot, true},
    {"alloc", op_alloc, false},
    {"alloc_seg", op_alloc_seg, false},
    {"from_unused", op_from_unused, false},
    {"from_in_use", op_from_in_use, false},
    {"clone", op_clone, false},
    {"drop", op_drop, false},
    {"to_unique", op_to_unique, false},
    {"to_shared", op_to_shared, false},
    {"slice", op_slice, false},
    {"split", op_split, false},
    {"next", op_next, false},
    {"show", op_show, false},
    {"slot", op_slot, false},
    {"list_new", op_list_new, false},
    {"push_front", op_push, false},
    {"push_back", op_push, false},
    {"pop_front", op_pop, false},
    {"pop_back", op_pop, false},
    {"free", op_free, false},
    {"counts", op_counts, true},
    {"map", op_map, true},
    {"quit", op_quit, true},
};

static void run_line(struct replay *r, const char *line)
{
  g_auto(GStrv) words = g_strsplit(line, " ", G_N_ELEMENTS(r->words));
  guint count = g_strv_length(words);
  for (guint i = 0; i < G_N_ELEMENTS(r->words); i++)
    r->words[i] = i < count ? words[i] : NULL;
  r->text = line;
  for (gsize i = 0; i < G_N_ELEMENTS(operations); i++) {
    if (strcmp(operations[i].name, words[0]) != 0)
      continue;
    if (!operations[i].writes_all)
      g_string_append_printf(r->out, "%s => ", line);
    operations[i].run(r);
    if (operations[i].run != op_quit)
      g_string_append_c(r->out, '\n');
    return;
  }
  ck_abort_msg("unknown operation: %s", line);
}

char *ops_replay(const char *text)
{
  g_autoptr(GHashTable) handles = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GArray) regions = g_array_new(FALSE, FALSE, sizeof(struct fm_region));
  struct replay r = {.regions = regions, .handles = handles, .out = g_string_new(NULL)};
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

  sim_config_init(&r.config, NULL);
  r.config.allocator = FM_ALLOCATOR_BUDDY;
  for (char **line = lines; *line != NULL; line++)
    if ((*line)[0] != '\0')
      run_line(&r, *line);
  sim_machine_free(r.machine);
  return g_string_free(r.out, FALSE);
}
