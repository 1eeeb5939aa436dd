/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/diff.h"

#include <fm/ops.h>
#include <inttypes.h>
#include <string.h>

#define HEX "0x%" PRIx64

/* ---- Figures ---- */

/* Takes both texts over. */
static void add_figure(GArray *to, const char *name, char *a, char *b)
{
  struct sim_diff_figure figure = {.a = a, .b = b};
  if (strcmp(a, b) == 0) {
    g_free(a);
    g_free(b);
    return;
  }
  (void)g_strlcpy(figure.name, name, sizeof(figure.name));
  g_array_append_val(to, figure);
}

static void add_hex(GArray *to, const char *name, uint64_t a, uint64_t b)
{
  add_figure(to, name, g_strdup_printf(HEX, a), g_strdup_printf(HEX, b));
}

static void add_number(GArray *to, const char *name, uint64_t a, uint64_t b)
{
  add_figure(to, name, g_strdup_printf("%" PRIu64, a), g_strdup_printf("%" PRIu64, b));
}

static void add_word(GArray *to, const char *name, const char *a, const char *b)
{
  add_figure(to, name, g_strdup(a), g_strdup(b));
}

static const char *allocator_of(const sim_summary *summary)
{
  return summary->info.allocator < FM_ALLOCATORS
             ? fm_allocator_name((enum fm_allocator_kind)summary->info.allocator)
             : "unknown";
}

static const char *top_of(const sim_summary *summary)
{
  return summary->info.top == FM_TOP_USABLE ? "usable" : "physical";
}

static const char *linear_map_of(const sim_summary *summary)
{
  return summary->info.linear_map == FM_LINEAR_LARGEST ? "largest" : "4k";
}

static const char *metadata_of(const sim_summary *summary)
{
  return summary->info.metadata == FM_METADATA_DEFERRED ? "deferred" : "eager";
}

static void compare_figures(const sim_summary *a, const sim_summary *b, GArray *to)
{
  add_word(to, "stage", fm_boot_stage_name((enum fm_boot_stage)a->stage),
           fm_boot_stage_name((enum fm_boot_stage)b->stage));
  add_number(to, "CPUs", a->info.cpus, b->info.cpus);
  add_word(to, "allocator", allocator_of(a), allocator_of(b));
  add_word(to, "slots up to the last region", top_of(a), top_of(b));
  add_word(to, "linear map", linear_map_of(a), linear_map_of(b));
  add_word(to, "metadata", metadata_of(a), metadata_of(b));
  add_hex(to, "max_paddr", a->max_paddr, b->max_paddr);
  add_hex(to, "image", a->info.image_base, b->info.image_base);
  add_hex(to, "image size", a->info.image_size, b->info.image_size);
  add_hex(to, "slots", a->meta_start, b->meta_start);
  add_hex(to, "slots size", a->meta_size, b->meta_size);
  add_number(to, "types", a->nr_types, b->nr_types);
  add_number(to, "next list id", a->next_list_id, b->next_list_id);
}

/* ---- Regions ---- */

static bool has_region(const struct fm_regions *regions, const struct fm_region *wanted)
{
  for (uint32_t i = 0; i < regions->count; i++)
    if (regions->at[i].base == wanted->base && regions->at[i].size == wanted->size &&
        regions->at[i].type == wanted->type)
      return true;
  return false;
}

static void add_missing(const struct fm_regions *of, const struct fm_regions *in, bool in_b,
                        GArray *to)
{
  for (uint32_t i = 0; i < of->count; i++) {
    struct sim_diff_region region = {of->at[i], in_b};
    if (!has_region(in, &of->at[i]))
      g_array_append_val(to, region);
  }
}

/* ---- Frames by state and type ---- */

static void add_count(GArray *to, const char *state, const char *type, uint64_t a, uint64_t b)
{
  struct sim_diff_count count = {.a = a, .b = b};
  if (a == 0 && b == 0)
    return;
  (void)g_strlcpy(count.state, state, sizeof(count.state));
  (void)g_strlcpy(count.type, type, sizeof(count.type));
  g_array_append_val(to, count);
}

/* The number of a type in a machine; -1: it has none of that name.  It is likely to have the
 * same `number` there; that also tells types apart to which damage gave the same name. */
static int32_t find_type(const sim_summary *summary, const char *name, uint32_t number)
{
  if (number < summary->nr_types && strcmp(summary->types[number], name) == 0)
    return (int32_t)number;
  for (uint32_t i = 0; i < summary->nr_types; i++)
    if (strcmp(summary->types[i], name) == 0)
      return (int32_t)i;
  return -1;
}

static uint64_t count_of(const uint64_t *counts, int32_t type)
{
  return type < 0 ? 0 : counts[type];
}

static void add_types(const sim_summary *a, const sim_summary *b, bool unique, GArray *to)
{
  const uint64_t *in_a = unique ? a->census.unique_types : a->census.types;
  const uint64_t *in_b = unique ? b->census.unique_types : b->census.types;
  const char *state = unique ? "unique" : "shared";
  for (uint32_t i = 0; i < a->nr_types; i++)
    add_count(to, state, a->types[i], in_a[i], count_of(in_b, find_type(b, a->types[i], i)));
  for (uint32_t i = 0; i < b->nr_types; i++)
    if (find_type(a, b->types[i], i) < 0)
      add_count(to, state, b->types[i], 0, in_b[i]);
}

static void compare_counts(const sim_summary *a, const sim_summary *b, GArray *to)
{
  add_types(a, b, false, to);
  add_types(a, b, true, to);
  add_count(to, "busy", "-", a->census.busy, b->census.busy);
  add_count(to, "broken", "-", a->census.broken, b->census.broken);
  add_count(to, "unused", "-", a->census.unused, b->census.unused);
}

/* ---- Frame by frame ---- */

static const char *type_name(const sim_summary *summary, const struct sim_frame_run *run)
{
  if (run->type >= 0 && (uint32_t)run->type < summary->nr_types)
    return summary->types[run->type];
  enum fm_count_state state = fm_count_state(run->count);
  return state == FM_STATE_SHARED || state == FM_STATE_UNIQUE ? "no type" : "";
}

static char *describe(const sim_summary *summary, const struct sim_frame_run *run)
{
  if (run == NULL)
    return g_strdup("no slot");
  enum fm_count_state state = fm_count_state(run->count);
  const char *type = type_name(summary, run);
  GString *text = g_string_new(fm_count_state_name(state));
  if (state == FM_STATE_SHARED)
    g_string_append_printf(text, " %" PRIu64, run->count);
  else if (state == FM_STATE_ILLEGAL)
    g_string_append_printf(text, " count " HEX, run->count);
  if (type[0] != '\0')
    g_string_append_printf(text, ", %s", type);
  if (run->in_list != 0)
    g_string_append_printf(text, ", in list %" PRIu64, run->in_list);
  return g_string_free(text, FALSE);
}

static bool is_same(const sim_summary *a, const struct sim_frame_run *in_a, const sim_summary *b,
                    const struct sim_frame_run *in_b)
{
  return in_a != NULL && in_b != NULL && in_a->count == in_b->count &&
         in_a->in_list == in_b->in_list && strcmp(type_name(a, in_a), type_name(b, in_b)) == 0 &&
         memcmp(in_a->meta, in_b->meta, sizeof(in_a->meta)) == 0;
}

/* The run of a machine in which this frame is; *index ascends. */
static const struct sim_frame_run *run_at(const GArray *runs, guint *index, uint64_t nr)
{
  while (*index < runs->len) {
    const struct sim_frame_run *run = &g_array_index(runs, struct sim_frame_run, *index);
    if (nr < run->first + run->frames)
      return run;
    (*index)++;
  }
  return NULL;
}

static void clear_frames(gpointer data)
{
  struct sim_diff_frames *frames = data;
  g_free(frames->a);
  g_free(frames->b);
}

/* One run more than is shown is kept, so that the next one can be joined to it. */
static void add_frames(sim_diff *diff, uint64_t shown, struct sim_diff_frames frames)
{
  GArray *kept = diff->frames;
  struct sim_diff_frames *last =
      kept->len == 0 ? NULL : &g_array_index(kept, struct sim_diff_frames, kept->len - 1);

  diff->different += frames.frames;
  if (last != NULL && last->first + last->frames == frames.first &&
      strcmp(last->a, frames.a) == 0 && strcmp(last->b, frames.b) == 0) {
    last->frames += frames.frames;
    clear_frames(&frames);
    return;
  }
  diff->runs++;
  if (shown != 0 && kept->len > shown)
    g_array_set_size(kept, kept->len - 1);
  g_array_append_val(kept, frames);
}

static uint64_t end_of(const struct sim_frame_run *run)
{
  return run == NULL ? UINT64_MAX : run->first + run->frames;
}

static void compare_frames(const sim_summary *a, const sim_summary *b, uint64_t shown,
                           sim_diff *diff)
{
  uint64_t frames = MAX(a->max_paddr, b->max_paddr) / FM_PAGE_SIZE;
  guint index_a = 0, index_b = 0;
  uint64_t end;

  for (uint64_t nr = 0; nr < frames; nr = end) {
    const struct sim_frame_run *in_a = run_at(a->runs, &index_a, nr);
    const struct sim_frame_run *in_b = run_at(b->runs, &index_b, nr);
    end = MIN(MIN(end_of(in_a), end_of(in_b)), frames);
    if (is_same(a, in_a, b, in_b))
      continue;
    char *text_a = describe(a, in_a);
    char *text_b = describe(b, in_b);
    if (strcmp(text_a, text_b) == 0) {
      char *other = g_strconcat(text_b, ", other metadata", NULL);
      g_free(text_b);
      text_b = other;
    }
    add_frames(diff, shown, (struct sim_diff_frames){nr, end - nr, text_a, text_b});
  }
  if (shown != 0 && diff->frames->len > shown)
    g_array_set_size(diff->frames, (guint)shown);
}

/* ---- Page tables ---- */

static char *describe_mapping(const struct sim_translations *translations, guint index)
{
  if (index >= translations->entries->len)
    return g_strdup(translations->cut ? "damaged tables" : "nothing");
  const struct sim_mapping *entry =
      &g_array_index(translations->entries, struct sim_mapping, index);
  return g_strdup_printf(HEX "-" HEX " to " HEX ", flags " HEX, entry->va,
                         entry->va + (entry->size - 1), entry->paddr, entry->flags);
}

static bool is_same_mapping(const struct sim_mapping *a, const struct sim_mapping *b)
{
  return a->va == b->va && a->paddr == b->paddr && a->size == b->size && a->flags == b->flags;
}

static void compare_tables(const char *name, const struct sim_translations *a,
                           const struct sim_translations *b, GArray *to)
{
  g_autofree char *root = g_strconcat(name, " root", NULL);
  guint index = 0;

  add_figure(to, root, a->boot ? g_strdup("boot page table") : g_strdup_printf(HEX, a->root),
             b->boot ? g_strdup("boot page table") : g_strdup_printf(HEX, b->root));
  if (a->entries == NULL || b->entries == NULL)
    return;
  while (index < a->entries->len && index < b->entries->len &&
         is_same_mapping(&g_array_index(a->entries, struct sim_mapping, index),
                         &g_array_index(b->entries, struct sim_mapping, index)))
    index++;
  add_figure(to, name, describe_mapping(a, index), describe_mapping(b, index));
}

/* CPUs that only one machine has are a figure of their own. */
static void compare_all_tables(const sim_summary *a, const sim_summary *b, GArray *to)
{
  compare_tables("kernel", &a->kernel, &b->kernel, to);
  for (uint32_t id = 0; id < MIN(a->info.cpus, b->info.cpus); id++) {
    g_autofree char *name = g_strdup_printf("CPU %u", id);
    compare_tables(name, &a->cpus[id], &b->cpus[id], to);
  }
}

/* ---- Free memory ---- */

static void compare_free(const sim_summary *a, const sim_summary *b, GArray *to)
{
  add_number(to, "bytes", a->free_bytes, b->free_bytes);
  for (uint32_t order = 0; order < FM_GLOBAL_ORDERS; order++) {
    g_autofree char *name = g_strdup_printf("chunks of order %u", order);
    add_number(to, name, a->free_chunks[order], b->free_chunks[order]);
  }
  add_number(to, "frames in caches", a->cached_frames, b->cached_frames);
}

/* ---- All of it ---- */

static bool counts_differ(const GArray *counts)
{
  for (guint i = 0; i < counts->len; i++) {
    const struct sim_diff_count *count = &g_array_index(counts, struct sim_diff_count, i);
    if (count->a != count->b)
      return true;
  }
  return false;
}

static void clear_figure(gpointer data)
{
  struct sim_diff_figure *figure = data;
  g_free(figure->a);
  g_free(figure->b);
}

static GArray *new_figures(void)
{
  GArray *figures = g_array_new(FALSE, FALSE, sizeof(struct sim_diff_figure));
  g_array_set_clear_func(figures, clear_figure);
  return figures;
}

sim_diff *sim_diff_new(const sim_summary *a, const sim_summary *b, uint64_t shown)
{
  sim_diff *diff = g_new0(sim_diff, 1);

  diff->figures = new_figures();
  compare_figures(a, b, diff->figures);
  diff->regions = g_array_new(FALSE, FALSE, sizeof(struct sim_diff_region));
  add_missing(&a->regions, &b->regions, false, diff->regions);
  add_missing(&b->regions, &a->regions, true, diff->regions);
  diff->counts = g_array_new(FALSE, FALSE, sizeof(struct sim_diff_count));
  compare_counts(a, b, diff->counts);
  diff->frames = g_array_new(FALSE, FALSE, sizeof(struct sim_diff_frames));
  g_array_set_clear_func(diff->frames, clear_frames);
  compare_frames(a, b, shown, diff);
  diff->tables = new_figures();
  compare_all_tables(a, b, diff->tables);
  diff->free_lists = new_figures();
  compare_free(a, b, diff->free_lists);
  diff->same = diff->figures->len == 0 && diff->regions->len == 0 && !counts_differ(diff->counts) &&
               diff->runs == 0 && diff->tables->len == 0 && diff->free_lists->len == 0;
  return diff;
}

sim_diff *sim_diff_free(sim_diff *diff)
{
  if (diff == NULL)
    return NULL;
  g_clear_pointer(&diff->figures, g_array_unref);
  g_clear_pointer(&diff->regions, g_array_unref);
  g_clear_pointer(&diff->counts, g_array_unref);
  g_clear_pointer(&diff->frames, g_array_unref);
  g_clear_pointer(&diff->tables, g_array_unref);
  g_clear_pointer(&diff->free_lists, g_array_unref);
  g_free(diff);
  return NULL;
}
