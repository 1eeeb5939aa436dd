/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/model/ops_world.h"

#include <check.h>
#include <fm/check.h>
#include <inttypes.h>
#include <string.h>

char *ops_describe(const struct fm_kernel *kernel, const struct fm_slot *slot)
{
  static const char *const names[] = {
      [FM_META_ANON] = "()",
      [FM_META_META_PAGE] = "MetaPageMeta",
      [FM_META_EARLY] = "EarlyAllocatedFrameMeta",
      [FM_META_UNUSABLE] = "UnusableMemoryMeta",
      [FM_META_RESERVED] = "ReservedMemoryMeta",
      [FM_META_KERNEL] = "KernelMeta",
      [FM_META_LINK] = "Link<M>",
      [FM_META_TYPED] = "T",
  };
  struct fm_slot_view view;
  fm_slot_view(kernel, slot, &view);
  if (view.state == FM_STATE_UNUSED)
    return g_strdup("UNUSED -");
  ck_assert_ptr_nonnull(view.vtable);
  g_autofree char *count = view.state == FM_STATE_UNIQUE
                               ? g_strdup("UNIQUE")
                               : g_strdup_printf("%" PRIu64, view.ref_count);
  if (view.vtable->number != FM_META_FREE_HEAD)
    return g_strdup_printf("%s %s", count, names[view.vtable->number]);
  const struct fm_free_head_meta *meta =
      (const struct fm_free_head_meta *)(const void *)slot->storage;
  return g_strdup_printf("%s Link<FreeHeadMeta>(order=%" PRIu64 ")", count, meta->order);
}

static int by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* How many slots from this one on say the same, heads of free chunks apart. */
static uint64_t count_equal(const struct fm_kernel *kernel, uint64_t first)
{
  struct fm_slot_view view;
  struct fm_slot_view next;
  uint64_t nr = first + 1;
  fm_slot_view(kernel, fm_slot_at(fm_paddr_of(first * FM_PAGE_SIZE)), &view);
  for (; nr < kernel->nr_frames && view.state != FM_STATE_UNIQUE; nr++) {
    fm_slot_view(kernel, fm_slot_at(fm_paddr_of(nr * FM_PAGE_SIZE)), &next);
    if (next.ref_count != view.ref_count || next.vtable != view.vtable)
      break;
  }
  return nr - first;
}

void ops_write_counts(const struct fm_kernel *kernel, const char *prefix, GString *out)
{
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (uint64_t i = 0, run; i < kernel->nr_frames; i += run) {
    char *what = ops_describe(kernel, fm_slot_at(fm_paddr_of(i * FM_PAGE_SIZE)));
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, what));
    run = count_equal(kernel, i);
    g_hash_table_replace(counts, what, GUINT_TO_POINTER(count + (guint)run));
  }
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iter;
  gpointer what;
  gpointer count;
  g_hash_table_iter_init(&iter, counts);
  while (g_hash_table_iter_next(&iter, &what, &count))
    g_ptr_array_add(lines,
                    g_strdup_printf("%s %s %u\n", prefix, (char *)what, GPOINTER_TO_UINT(count)));
  g_ptr_array_sort(lines, by_text);
  for (guint i = 0; i < lines->len; i++)
    g_string_append(out, lines->pdata[i]);
}

/* Whether a frame lies in a free chunk, as the reference's map shows it. */
static bool in_chunk(const struct fm_kernel *kernel, fm_paddr frame)
{
  for (uint32_t order = 0; order < FM_GLOBAL_ORDERS; order++) {
    const struct fm_slot *head =
        fm_slot_at(fm_paddr_of(frame.raw & ~((FM_PAGE_SIZE << order) - 1)));
    const struct fm_free_head_meta *meta =
        (const struct fm_free_head_meta *)(const void *)head->storage;
    struct fm_slot_view view;
    fm_slot_view(kernel, head, &view);
    if (view.state == FM_STATE_UNIQUE && view.vtable->number == FM_META_FREE_HEAD &&
        meta->order >= order)
      return true;
  }
  return false;
}

static char *map_word(const struct fm_kernel *kernel, fm_paddr frame)
{
  if (in_chunk(kernel, frame))
    return g_strdup("free");
  g_autofree char *what = ops_describe(kernel, fm_slot_at(frame));
  return strcmp(what, "UNUSED -") == 0 ? g_strdup("unused") : g_steal_pointer(&what);
}

unsigned ops_write_map(const struct fm_kernel *kernel, GString *out)
{
  uint64_t start = 0;
  unsigned runs = 0;
  g_autoptr(GString) lines = g_string_new(NULL);
  g_autofree char *word = map_word(kernel, fm_paddr_of(0));
  for (uint64_t at = FM_PAGE_SIZE; at <= kernel->max_paddr; at += FM_PAGE_SIZE) {
    g_autofree char *next =
        at < kernel->max_paddr ? map_word(kernel, fm_paddr_of(at)) : g_strdup("");
    if (strcmp(next, word) == 0)
      continue;
    g_string_append_printf(lines, "map 0x%" PRIx64 " 0x%" PRIx64 " %" PRIu64 " %s\n", start, at,
                           (at - start) / FM_PAGE_SIZE, word);
    runs++;
    start = at;
    g_free(word);
    word = g_steal_pointer(&next);
  }
  g_string_append(out, lines->str);
  return runs;
}
