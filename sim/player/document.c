/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/player/document.h"

#include <inttypes.h>
#include <string.h>

#include "sim/player/document_internal.h"

/* ---- Parts ---- */

static void change_free(gpointer data)
{
  struct player_change *change = data;
  g_free(change->key);
  g_free(change->json);
  g_free(change);
}

static void moment_free(gpointer data)
{
  struct player_moment *moment = data;
  g_string_free(moment->head, TRUE);
  g_ptr_array_unref(moment->lines);
  g_ptr_array_unref(moment->said);
  g_ptr_array_unref(moment->passed);
  g_ptr_array_unref(moment->changes);
  g_free(moment);
}

static struct player_moment *moment_new(void)
{
  struct player_moment *moment = g_new0(struct player_moment, 1);
  moment->head = g_string_new(NULL);
  moment->lines = g_ptr_array_new_with_free_func(g_free);
  moment->said = g_ptr_array_new_with_free_func(g_free);
  moment->passed = g_ptr_array_new_with_free_func(g_free);
  moment->changes = g_ptr_array_new_with_free_func(change_free);
  return moment;
}

static struct player_moment *last_moment(sim_player *player)
{
  return player->moments->len == 0 ? NULL : player->moments->pdata[player->moments->len - 1];
}

/* Of this moment, or NULL. */
static struct player_change *find_change(const struct player_moment *moment,
                                         enum sim_player_section section, const char *key)
{
  for (guint i = 0; i < moment->changes->len; i++) {
    struct player_change *change = moment->changes->pdata[i];
    if (change->section == section && strcmp(change->key, key) == 0)
      return change;
  }
  return NULL;
}

static void add_change(struct player_moment *moment, enum sim_player_section section,
                       const char *key, const char *json)
{
  struct player_change *change = g_new(struct player_change, 1);
  *change = (struct player_change){section, g_strdup(key), g_strdup(json)};
  g_ptr_array_add(moment->changes, change);
}

/* ---- Life ---- */

sim_player *sim_player_new(const char *kind, const char *name)
{
  sim_player *player = g_new0(sim_player, 1);
  player->kind = g_strdup(kind);
  player->name = g_strdup(name);
  player->pace = 1;
  player->sweeping = SIM_PLAYER_SECTIONS;
  player->facts = g_ptr_array_new_with_free_func(g_free);
  player->left_out = g_ptr_array_new_with_free_func(g_free);
  player->sources = g_ptr_array_new_with_free_func(g_free);
  player->commands = g_ptr_array_new_with_free_func(g_free);
  player->regions = g_ptr_array_new_with_free_func(g_free);
  player->strips = g_ptr_array_new_with_free_func(g_free);
  player->findings = g_ptr_array_new_with_free_func(g_free);
  player->questions = g_ptr_array_new_with_free_func(g_free);
  player->moments = g_ptr_array_new_with_free_func(moment_free);
  for (int i = 0; i < SIM_PLAYER_SECTIONS; i++)
    player->rows[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  player->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return player;
}

sim_player *sim_player_free(sim_player *player)
{
  if (player == NULL)
    return NULL;
  GPtrArray *arrays[] = {player->facts,    player->left_out,  player->sources,
                         player->commands, player->regions,   player->strips,
                         player->findings, player->questions, player->moments};
  for (gsize i = 0; i < G_N_ELEMENTS(arrays); i++)
    g_ptr_array_unref(arrays[i]);
  for (int i = 0; i < SIM_PLAYER_SECTIONS; i++)
    g_hash_table_unref(player->rows[i]);
  g_hash_table_unref(player->seen);
  g_free(player->kind);
  g_free(player->name);
  g_free(player->title);
  g_free(player->verdict);
  g_free(player);
  return NULL;
}

void sim_player_set_thinned(sim_player *player)
{
  player->thinned = true;
}

/* ---- What does not change ---- */

static void replace(char **place, const char *text)
{
  g_free(*place);
  *place = g_strdup(text);
}

void sim_player_set_title(sim_player *player, const char *title)
{
  replace(&player->title, title);
}

const char *sim_player_heading(const sim_player *player)
{
  return player->title != NULL && player->title[0] != '\0' ? player->title : player->name;
}

void sim_player_set_verdict(sim_player *player, const char *verdict)
{
  replace(&player->verdict, verdict);
}

void sim_player_fact(sim_player *player, const char *name, const char *value)
{
  g_autofree char *prefix = sim_player_row("s", name);
  prefix[strlen(prefix) - 1] = ','; /* `["name",` instead of `["name"]` */
  char *row = sim_player_row("ss", name, value);
  for (guint i = 0; i < player->facts->len; i++)
    if (g_str_has_prefix(player->facts->pdata[i], prefix)) {
      g_free(player->facts->pdata[i]);
      player->facts->pdata[i] = row;
      return;
    }
  g_ptr_array_add(player->facts, row);
}

void sim_player_left_out(sim_player *player, const char *sentence)
{
  GString *json = g_string_new(NULL);
  sim_player_quote(json, sentence);
  g_ptr_array_add(player->left_out, g_string_free(json, FALSE));
}

uint32_t sim_player_source(sim_player *player, const char *name, const char *text, gsize size)
{
  g_autofree char *whole = g_utf8_make_valid(text, (gssize)size);
  g_ptr_array_add(player->sources, sim_player_row("ss", name, whole));
  return player->sources->len - 1;
}

int32_t sim_player_command(sim_player *player, uint32_t source, uint32_t line, const char *text)
{
  g_ptr_array_add(player->commands, sim_player_row("uus", (uint64_t)source, (uint64_t)line, text));
  return (int32_t)player->commands->len - 1;
}

void sim_player_region(sim_player *player, uint64_t start, uint64_t end, const char *type)
{
  g_ptr_array_add(player->regions, sim_player_row("xxs", start, end, type));
}

void sim_player_strip(sim_player *player, uint64_t start, uint32_t count)
{
  g_ptr_array_add(player->strips, sim_player_row("xu", start, (uint64_t)count));
}

/* ---- Thinning ---- */

/* The later of two moments, which takes what the earlier one changed. */
static void merge(struct player_moment *into, struct player_moment *from)
{
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < into->changes->len; i++) {
    const struct player_change *change = into->changes->pdata[i];
    g_hash_table_add(known, g_strdup_printf("%d %s", (int)change->section, change->key));
  }
  for (guint i = 0; i < from->changes->len; i++) {
    const struct player_change *change = from->changes->pdata[i];
    g_autofree char *name = g_strdup_printf("%d %s", (int)change->section, change->key);
    if (!g_hash_table_contains(known, name))
      add_change(into, change->section, change->key, change->json);
  }
}

/* Moment 0 stays, as what everything begins with; then each second one. */
static void thin(sim_player *player)
{
  GPtrArray *kept = g_ptr_array_new_with_free_func(moment_free);
  for (guint i = 0; i < player->moments->len; i++) {
    struct player_moment *moment = player->moments->pdata[i];
    bool last = i + 1 == player->moments->len;
    if (i == 0 || i % 2 == 0 || last) {
      g_ptr_array_add(kept, moment);
      continue;
    }
    merge(player->moments->pdata[i + 1], moment);
    moment_free(moment);
  }
  g_ptr_array_set_free_func(player->moments, NULL);
  g_ptr_array_unref(player->moments);
  player->moments = kept;
  player->pace *= 2;
}

/* ---- Moments ---- */

static void member(GString *json, const char *name, const char *value)
{
  if (value == NULL || value[0] == '\0')
    return;
  g_string_append_printf(json, ",\"%s\":", name);
  sim_player_quote(json, value);
}

static void write_head(GString *json, const struct sim_player_moment *moment)
{
  g_string_append(json, "\"kind\":");
  sim_player_quote(json, moment->kind);
  if (moment->step != 0)
    g_string_append_printf(json, ",\"step\":%" PRIu64, moment->step);
  if (moment->cpu >= 0)
    g_string_append_printf(json, ",\"cpu\":%" PRIi32, moment->cpu);
  if (moment->command >= 0)
    g_string_append_printf(json, ",\"at\":%" PRIi32, moment->command);
  member(json, "thread", moment->thread);
  member(json, "point", moment->point);
  member(json, "order", moment->order);
  member(json, "seen", moment->seen);
  member(json, "written", moment->written);
  member(json, "from", moment->from);
  member(json, "what", moment->what);
  member(json, "frame", moment->frame);
  member(json, "result", moment->result);
  member(json, "text", moment->text);
}

/* The end is always told: there is room for it, and for the findings before it. */
#define ROOM_FOR_END 64u

bool sim_player_begin(sim_player *player, const struct sim_player_moment *moment)
{
  bool last = strcmp(moment->kind, "end") == 0 || strcmp(moment->kind, "finding") == 0;
  if (player->thinned && player->moments->len >= SIM_PLAYER_MOMENTS)
    thin(player);
  player->open = player->moments->len < SIM_PLAYER_MOMENTS + (last ? ROOM_FOR_END : 0);
  if (!player->open) {
    player->moments_left_out++;
    return false;
  }
  struct player_moment *made = moment_new();
  write_head(made->head, moment);
  g_ptr_array_add(player->moments, made);
  return true;
}

void sim_player_change(sim_player *player, const char *line)
{
  if (player->open)
    g_ptr_array_add(last_moment(player)->lines, g_strdup(line));
}

void sim_player_said(sim_player *player, const char *text)
{
  if (player->open)
    g_ptr_array_add(last_moment(player)->said, g_strdup(text));
}

void sim_player_passed(sim_player *player, const char *point)
{
  if (player->open)
    g_ptr_array_add(last_moment(player)->passed, g_strdup(point));
}

void sim_player_expected(sim_player *player, uint64_t count)
{
  if (player->open)
    last_moment(player)->expected += count;
}

void sim_player_put(sim_player *player, enum sim_player_section section, const char *key,
                    const char *json)
{
  GHashTable *rows = player->rows[section];
  if (!player->open)
    return;
  if (section == player->sweeping)
    g_hash_table_add(player->seen, g_strdup(key));
  if (g_strcmp0(g_hash_table_lookup(rows, key), json) == 0)
    return;
  struct player_moment *moment = last_moment(player);
  struct player_change *change = find_change(moment, section, key);
  if (change == NULL)
    add_change(moment, section, key, json);
  else
    replace(&change->json, json);
  if (json == NULL)
    g_hash_table_remove(rows, key);
  else
    g_hash_table_replace(rows, g_strdup(key), g_strdup(json));
}

void sim_player_sweep_begin(sim_player *player, enum sim_player_section section)
{
  player->sweeping = section;
  g_hash_table_remove_all(player->seen);
}

void sim_player_sweep_end(sim_player *player)
{
  enum sim_player_section section = player->sweeping;
  player->sweeping = SIM_PLAYER_SECTIONS;
  if (!player->open)
    return;
  g_autoptr(GPtrArray) keys = sim_player_sorted_keys(player->rows[section]);
  for (guint i = 0; i < keys->len; i++) {
    g_autofree char *key = g_strdup(keys->pdata[i]); /* the table's own goes */
    if (!g_hash_table_contains(player->seen, key))
      sim_player_put(player, section, key, NULL);
  }
}

void sim_player_end(sim_player *player)
{
  struct player_moment *moment = last_moment(player);
  if (player->open && moment != NULL) {
    moment->findings = player->findings->len;
    moment->questions = player->questions->len;
  }
}

uint32_t sim_player_moments(const sim_player *player)
{
  return player->moments->len;
}

uint32_t sim_player_pace(const sim_player *player)
{
  return player->pace;
}

uint64_t sim_player_moments_left_out(const sim_player *player)
{
  return player->moments_left_out;
}

void sim_player_amend(sim_player *player, uint32_t moment, enum sim_player_section section,
                      const char *key, const char *json)
{
  struct player_moment *earlier = player->moments->pdata[moment];
  if (find_change(earlier, section, key) != NULL)
    return;
  add_change(earlier, section, key, json);
  if (json != NULL && !g_hash_table_contains(player->rows[section], key))
    g_hash_table_replace(player->rows[section], g_strdup(key), g_strdup(json));
}

void sim_player_forget(sim_player *player, enum sim_player_section section)
{
  g_hash_table_remove_all(player->rows[section]);
}

void sim_player_finding(sim_player *player, const char *kind, const char *place, const char *text,
                        const char *frame)
{
  g_ptr_array_add(player->findings, sim_player_row("ssss", kind, place, text, frame));
  sim_player_end(player);
}

void sim_player_question(sim_player *player, const char *text, const char *const *choices,
                         const char *answer, const char *because)
{
  GString *json = g_string_new("{\"text\":");
  sim_player_quote(json, text);
  for (guint i = 0; choices != NULL && choices[i] != NULL; i++) {
    g_string_append(json, i == 0 ? ",\"choices\":[" : ",");
    sim_player_quote(json, choices[i]);
    if (choices[i + 1] == NULL)
      g_string_append_c(json, ']');
  }
  member(json, "answer", answer);
  member(json, "because", because);
  g_string_append_c(json, '}');
  g_ptr_array_add(player->questions, g_string_free(json, FALSE));
  sim_player_end(player);
}
