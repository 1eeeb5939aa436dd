/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/script/why.h"

#include <inttypes.h>
#include <string.h>

/* ---- One slot ---- */

static bool has_slot(const sim_run *run, fm_paddr frame)
{
  return run->kernel != NULL && frame.raw < run->kernel->max_paddr;
}

static bool is_same(const struct sim_slot_watch *a, const struct sim_slot_watch *b)
{
  bool in_use = b->view.state == FM_STATE_SHARED || b->view.state == FM_STATE_UNIQUE;
  return a->view.ref_count == b->view.ref_count && a->view.vtable == b->view.vtable &&
         a->view.in_list == b->view.in_list &&
         (!in_use || memcmp(a->storage, b->storage, sizeof(a->storage)) == 0);
}

bool sim_slot_watch_look(struct sim_slot_watch *watch, const sim_run *run, char ret_before[96])
{
  struct sim_slot_watch now = {.frame = watch->frame, .known = true};
  if (!has_slot(run, watch->frame)) {
    watch->known = false;
    return false;
  }
  const struct fm_slot *slot = fm_slot_at(watch->frame);
  fm_slot_view(run->kernel, slot, &now.view);
  memcpy(now.storage, slot->storage, sizeof(now.storage));
  if (watch->known && is_same(watch, &now))
    return false;
  /* Kept as text: its type's name goes with its machine. */
  g_autofree char *text = sim_view_to_string(&now.view);
  g_strlcpy(now.text, text, sizeof(now.text));
  bool changed = watch->known || now.view.state != FM_STATE_UNUSED;
  g_strlcpy(ret_before, watch->known ? watch->text : "no machine", sizeof(watch->text));
  *watch = now;
  return changed;
}

/* ---- All changes ---- */

struct sim_why {
  struct sim_run_watcher watcher;
  struct sim_slot_watch watch;
  GArray *changes;   /* struct sim_why_change */
  GHashTable *index; /* step -> index of its change, + 1 */
};

static void change_clear(gpointer data)
{
  struct sim_why_change *change = data;
  g_free(change->before);
  g_free(change->after);
}

static void look(sim_run *run, void *data)
{
  sim_why *why = data;
  char before[sizeof(why->watch.text)];
  if (!sim_slot_watch_look(&why->watch, run, before))
    return;
  const struct sim_cpu *cpu = run->cpu;
  gpointer key = GSIZE_TO_POINTER(cpu->step);
  gsize index = GPOINTER_TO_SIZE(g_hash_table_lookup(why->index, key));
  if (index != 0) {
    struct sim_why_change *change = &g_array_index(why->changes, struct sim_why_change, index - 1);
    g_free(change->after);
    change->after = g_strdup(why->watch.text);
    return;
  }
  struct sim_why_change made = {.step = cpu->step,
                                .command = cpu->command,
                                .thread = cpu->name,
                                .cpu = cpu->id,
                                .before = g_strdup(before),
                                .after = g_strdup(why->watch.text)};
  g_array_append_val(why->changes, made);
  g_hash_table_insert(why->index, key, GSIZE_TO_POINTER(why->changes->len));
}

static void on_access(sim_run *run, const struct fm_access *access, void *data)
{
  (void)access;
  look(run, data);
}

sim_why *sim_why_new(fm_paddr frame)
{
  sim_why *why = g_new0(sim_why, 1);
  why->watcher =
      (struct sim_run_watcher){.begin = look, .access = on_access, .end = look, .data = why};
  why->watch.frame = frame;
  why->changes = g_array_new(FALSE, FALSE, sizeof(struct sim_why_change));
  g_array_set_clear_func(why->changes, change_clear);
  why->index = g_hash_table_new(NULL, NULL);
  return why;
}

sim_why *sim_why_free(sim_why *why)
{
  if (why == NULL)
    return NULL;
  g_array_unref(why->changes);
  g_hash_table_unref(why->index);
  g_free(why);
  return NULL;
}

struct sim_run_watcher *sim_why_watcher(sim_why *why)
{
  return &why->watcher;
}

const GArray *sim_why_changes(const sim_why *why)
{
  return why->changes;
}

/* "unused -> shared 1, anon", or what else is the matter if the words are the same. */
static char *change_text(const struct sim_why_change *change)
{
  if (strcmp(change->before, change->after) != 0)
    return g_strdup_printf("%s -> %s", change->before, change->after);
  return g_strdup_printf("%s: metadata, or there and back", change->after);
}

char *sim_why_to_string(const sim_why *why)
{
  guint all = why->changes->len;
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "frame 0x%" PRIx64 ": %s now; %u step%s changed it",
                         why->watch.frame.raw, why->watch.known ? why->watch.text : "no such frame",
                         all, all == 1 ? "" : "s");
  for (guint i = 0; i < all; i++) {
    const struct sim_why_change *change = &g_array_index(why->changes, struct sim_why_change, i);
    g_autofree char *place = sim_place_to_string(change->command->place);
    g_autofree char *command = sim_command_text(change->command);
    g_autofree char *what = change_text(change);
    bool thread = strcmp(change->thread, "main") != 0;
    g_strdelimit(command, "\n\r\t", ' ');
    g_string_append_printf(text, "\n%4" PRIu64 "  %s%s%-44s  %s\n        %s, CPU %u", change->step,
                           thread ? change->thread : "", thread ? ": " : "", command, what, place,
                           change->cpu);
  }
  return g_string_free(text, FALSE);
}
