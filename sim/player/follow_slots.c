/* SPDX-License-Identifier: MPL-2.0 */
/* Slots of a run: what they were at boot, and what they become. */
#include <fm/chunk.h>
#include <inttypes.h>
#include <string.h>

#include "sim/player/follow_internal.h"

static gpointer number_key(uint64_t number)
{
  return GSIZE_TO_POINTER(number + 1);
}

static int by_number(gconstpointer a, gconstpointer b)
{
  const uint64_t *x = a;
  const uint64_t *y = b;
  return (*x > *y) - (*x < *y);
}

static GArray *sorted_groups(const sim_follow *follow)
{
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init(&iter, follow->groups);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    uint64_t group = GPOINTER_TO_SIZE(key) - 1;
    g_array_append_val(groups, group);
  }
  g_array_sort(groups, by_number);
  return groups;
}

/* ---- A slot as a row ---- */

static const char *type_of(const struct fm_slot_view *view)
{
  return view->vtable != NULL ? g_intern_string(view->vtable->name) : "";
}

/* [state, count, type, ref_count, vtable_ptr, in_list, storage] */
static char *slot_row(const struct fm_slot_view *view, const char *type, const uint8_t *storage)
{
  char hex[2 * FM_META_MAX_SIZE + 1] = "";
  size_t used = FM_META_MAX_SIZE;
  while (used > 0 && storage[used - 1] == 0)
    used--;
  for (size_t i = 0; i < used; i++)
    g_snprintf(&hex[2 * i], 3, "%02x", storage[i]);
  uint64_t count = view->state == FM_STATE_SHARED ? view->ref_count : 0;
  return sim_player_row("susxxus", fm_count_state_name(view->state), count, type, view->ref_count,
                        view->vtable_ptr, view->in_list, hex);
}

static char *key_of(uint64_t number)
{
  return g_strdup_printf("0x%" PRIx64, number * FM_PAGE_SIZE);
}

/* The slot as it is now; its bytes are zero if it was not written yet. */
static void read_slot(const sim_run *run, uint64_t number, struct fm_slot_view *ret,
                      uint8_t ret_storage[FM_META_MAX_SIZE])
{
  const struct fm_slot *slot = fm_slot_at(fm_paddr_of(number * FM_PAGE_SIZE));
  fm_slot_view(run->kernel, slot, ret);
  memset(ret_storage, 0, FM_META_MAX_SIZE);
  if (fm_chunk_look(run->kernel, fm_paddr_of(number * FM_PAGE_SIZE)).state == FM_CHUNK_WRITTEN)
    memcpy(ret_storage, slot->storage, FM_META_MAX_SIZE);
}

/* ---- Boot ---- */

void follow_epoch_free(gpointer data)
{
  struct follow_epoch *epoch = data;
  g_array_unref(epoch->slots);
  g_free(epoch);
}

/* How many slots from `number` on have the same bytes as that one, which is written. */
static uint64_t count_equal(uint64_t number, uint64_t end)
{
  const struct fm_slot *first = fm_slot_at(fm_paddr_of(number * FM_PAGE_SIZE));
  uint64_t frames = 1;
  while (number + frames < end && memcmp(first, first + frames, sizeof(*first)) == 0)
    frames++;
  return frames;
}

/* What the slot said when this machine had booted; false: there is no such slot. */
static bool find_at_boot(const struct follow_epoch *epoch, uint64_t number,
                         const struct follow_slots **ret)
{
  guint low = 0;
  guint high = epoch->slots->len;
  if (number >= epoch->nr_frames)
    return false;
  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(epoch->slots, struct follow_slots, middle).first <= number)
      low = middle;
    else
      high = middle;
  }
  *ret = &g_array_index(epoch->slots, struct follow_slots, low);
  return true;
}

/* ---- The run ---- */

static char *row_at_boot(const struct follow_epoch *epoch, uint64_t number)
{
  const struct follow_slots *slots;
  return find_at_boot(epoch, number, &slots) ? slot_row(&slots->view, slots->type, slots->storage)
                                             : NULL;
}

/* The frames of a group that nobody looked at so far: what they were from each boot on.  The last
 * machine comes first, because it is the one whose rows count now. */
static void amend_group(sim_follow *follow, uint64_t group)
{
  uint64_t first = group * SIM_PLAYER_STRIP_FRAMES;
  for (uint64_t number = first; number < first + SIM_PLAYER_STRIP_FRAMES; number++)
    for (guint e = follow->epochs->len; e > 0; e--) {
      const struct follow_epoch *epoch = follow->epochs->pdata[e - 1];
      g_autofree char *key = key_of(number);
      g_autofree char *row = row_at_boot(epoch, number);
      if (row != NULL || e > 1)
        sim_player_amend(follow->player, epoch->moment, SIM_PLAYER_SLOT, key, row);
    }
}

/* The frames of all groups so far, in a machine that has just booted. */
static void put_groups(sim_follow *follow, const struct follow_epoch *epoch)
{
  g_autoptr(GArray) groups = sorted_groups(follow);
  for (guint i = 0; i < groups->len; i++) {
    uint64_t first = g_array_index(groups, uint64_t, i) * SIM_PLAYER_STRIP_FRAMES;
    for (uint64_t number = first; number < first + SIM_PLAYER_STRIP_FRAMES; number++) {
      g_autofree char *key = key_of(number);
      g_autofree char *row = row_at_boot(epoch, number);
      sim_player_amend(follow->player, epoch->moment, SIM_PLAYER_SLOT, key, row);
    }
  }
}

void follow_slots_boot(sim_follow *follow, const sim_run *run)
{
  struct follow_epoch *epoch = g_new(struct follow_epoch, 1);
  *epoch = (struct follow_epoch){.moment = sim_player_moments(follow->player) - 1,
                                 .nr_frames = run->kernel->nr_frames,
                                 .slots = g_array_new(FALSE, FALSE, sizeof(struct follow_slots))};
  for (uint64_t number = 0; number < epoch->nr_frames;) {
    struct follow_slots slots = {.first = number};
    struct fm_chunk_run chunk = fm_chunk_look(run->kernel, fm_paddr_of(number * FM_PAGE_SIZE));
    read_slot(run, number, &slots.view, slots.storage);
    slots.type = type_of(&slots.view);
    slots.view.vtable = NULL; /* it goes with its machine */
    uint64_t end = MIN(number + chunk.frames, epoch->nr_frames);
    slots.frames = chunk.state == FM_CHUNK_WRITTEN ? count_equal(number, end) : end - number;
    g_array_append_val(epoch->slots, slots);
    number += slots.frames;
  }
  g_ptr_array_add(follow->epochs, epoch);
  sim_player_forget(follow->player, SIM_PLAYER_SLOT);
  put_groups(follow, epoch);
  g_array_set_size(follow->dirty, 0);
  g_hash_table_remove_all(follow->is_dirty);
}

/* Whether the frame is in the strip, or can be. */
static bool take_in(sim_follow *follow, uint64_t number)
{
  uint64_t group = number / SIM_PLAYER_STRIP_FRAMES;
  if (g_hash_table_contains(follow->groups, number_key(group)))
    return true;
  if (g_hash_table_size(follow->groups) < SIM_PLAYER_STRIPS) {
    g_hash_table_add(follow->groups, number_key(group));
    amend_group(follow, group);
    return true;
  }
  g_hash_table_add(follow->beyond, number_key(number));
  return false;
}

void follow_slots_mark(sim_follow *follow, uint64_t number)
{
  if (!g_hash_table_add(follow->is_dirty, number_key(number)))
    return;
  g_array_append_val(follow->dirty, number);
}

void follow_slots_put(sim_follow *follow, const sim_run *run)
{
  const GArray *touched = run->cpu->touched;
  for (guint i = 0; i < touched->len; i++)
    follow_slots_mark(follow,
                      fm_pfn_of_paddr(g_array_index(touched, struct sim_touch, i).frame).nr);
  g_array_sort(follow->dirty, by_number);
  for (guint i = 0; i < follow->dirty->len; i++) {
    uint64_t number = g_array_index(follow->dirty, uint64_t, i);
    struct fm_slot_view view;
    uint8_t storage[FM_META_MAX_SIZE];
    if (number >= run->kernel->nr_frames || !take_in(follow, number))
      continue;
    read_slot(run, number, &view, storage);
    g_autofree char *key = key_of(number);
    g_autofree char *row = slot_row(&view, type_of(&view), storage);
    sim_player_put(follow->player, SIM_PLAYER_SLOT, key, row);
  }
  g_array_set_size(follow->dirty, 0);
  g_hash_table_remove_all(follow->is_dirty);
}

/* ---- The end ---- */

void follow_slots_end(sim_follow *follow)
{
  g_autoptr(GArray) groups = sorted_groups(follow);
  for (guint i = 0; i < groups->len; i++) {
    uint64_t first = g_array_index(groups, uint64_t, i) * SIM_PLAYER_STRIP_FRAMES;
    sim_player_strip(follow->player, first * FM_PAGE_SIZE, SIM_PLAYER_STRIP_FRAMES);
  }
  guint beyond = g_hash_table_size(follow->beyond);
  if (beyond != 0) {
    g_autofree char *text = g_strdup_printf(
        "The slots of %u frame%s: the strip has room for the first %u groups of %u frames that "
        "were touched.",
        beyond, beyond == 1 ? "" : "s", SIM_PLAYER_STRIPS, SIM_PLAYER_STRIP_FRAMES);
    sim_player_left_out(follow->player, text);
  }
}
