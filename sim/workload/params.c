/* SPDX-License-Identifier: MPL-2.0 */
/* Kinds by name, and their parameters: names, ranges, defaults. */
#include <inttypes.h>
#include <string.h>

#include "sim/diag.h"
#include "sim/error.h"
#include "sim/script/number.h"
#include "sim/workload/internal.h"

static const struct workload_kind *const kinds[] = {
    &workload_churn,      &workload_bulk,       &workload_random,
    &workload_fork_storm, &workload_page_cache, &workload_stacks,
};

#define KINDS    G_N_ELEMENTS(kinds)
#define KEYS_MAX (SIM_WORKLOAD_NUMBERS + 4)

/* Names of the numbers, and what they may be. */
static const struct {
  const char *name;
  uint64_t least;
  uint64_t most;
} ranges[SIM_WORKLOAD_NUMBERS] = {
    [SIM_WORKLOAD_OPS] = {"ops", 1, UINT64_MAX},    [SIM_WORKLOAD_CPUS] = {"cpus", 1, FM_CPUS_MAX},
    [SIM_WORKLOAD_REMOTE] = {"remote", 0, 100},     [SIM_WORKLOAD_LIVE] = {"live", 1, G_MAXINT32},
    [SIM_WORKLOAD_LIFE] = {"life", 1, G_MAXINT32},  [SIM_WORKLOAD_ALLOCS] = {"allocs", 1, 100},
    [SIM_WORKLOAD_SHARE] = {"share", 1, 100},       [SIM_WORKLOAD_KEEP] = {"keep", 0, 100},
    [SIM_WORKLOAD_ROUNDS] = {"rounds", 1, 1000000}, [SIM_WORKLOAD_PAGES] = {"pages", 1, G_MAXINT32},
    [SIM_WORKLOAD_WRITES] = {"writes", 0, 100},     [SIM_WORKLOAD_HITS] = {"hits", 0, 100},
    [SIM_WORKLOAD_SHORT] = {"short", 0, 100},       [SIM_WORKLOAD_DEPTH] = {"depth", 1, G_MAXINT32},
};

static const char *const frees_words[] = {
    [SIM_WORKLOAD_FORWARD] = "forward",
    [SIM_WORKLOAD_REVERSE] = "reverse",
    [SIM_WORKLOAD_SHUFFLED] = "shuffled",
};

/* ---- Kinds ---- */

const char *const *sim_workload_kinds(void)
{
  static const char *names[KINDS + 1];
  for (gsize i = 0; i < KINDS; i++)
    names[i] = kinds[i]->name;
  return names;
}

static const struct workload_kind *find_kind(const char *name)
{
  for (gsize i = 0; i < KINDS; i++)
    if (strcmp(kinds[i]->name, name) == 0)
      return kinds[i];
  return NULL;
}

static const char *const *keys_of(const struct workload_kind *kind)
{
  static const char *names[KINDS][KEYS_MAX];
  gsize at = 0;
  while (kinds[at] != kind)
    at++;
  gsize count = 0;
  for (const struct workload_default *number = kind->numbers; number->key != SIM_WORKLOAD_NUMBERS;
       number++)
    names[at][count++] = ranges[number->key].name;
  if (kind->orders != NULL)
    names[at][count++] = "orders";
  if (kind->has_frees)
    names[at][count++] = "frees";
  names[at][count++] = "stream";
  names[at][count] = NULL;
  return names[at];
}

const char *const *sim_workload_keys(const char *kind)
{
  const struct workload_kind *found = find_kind(kind);
  return found != NULL ? keys_of(found) : NULL;
}

/* "; did you mean 'x'?" or "; there are: x, y". */
static char *say_candidates(const char *word, const char *const *candidates)
{
  const char *near = sim_suggest(word, candidates);
  if (near != NULL)
    return g_strdup_printf("; did you mean '%s'?", near);
  g_autofree char *list = g_strjoinv(", ", (char **)candidates);
  return g_strdup_printf("; there are: %s", list);
}

bool sim_workload_spec_init(struct sim_workload_spec *spec, const char *kind, GError **error)
{
  const struct workload_kind *found = find_kind(kind);

  *spec = (struct sim_workload_spec){.kind = found, .frees = SIM_WORKLOAD_SHUFFLED};
  if (found == NULL) {
    g_autofree char *more = say_candidates(kind, sim_workload_kinds());
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "unknown workload '%s'%s", kind, more);
    return false;
  }
  for (const struct workload_default *number = found->numbers; number->key != SIM_WORKLOAD_NUMBERS;
       number++)
    spec->numbers[number->key] = number->value;
  spec->weights[0] = 1;
  if (found->orders == NULL)
    return true;
  g_autofree char *text = g_strdup_printf("orders=%s", found->orders);
  if (!sim_workload_set_text(spec, text, error))
    return false;
  spec->orders_given = 0;
  return true;
}

void sim_workload_spec_clear(struct sim_workload_spec *spec)
{
  g_clear_pointer(&spec->stream, g_free);
}

const char *sim_workload_spec_kind(const struct sim_workload_spec *spec)
{
  return spec->kind->name;
}

/* ---- Parameters ---- */

static bool has_key(const struct sim_workload_spec *spec, const char *key, GError **error)
{
  const char *const *keys = keys_of(spec->kind);
  if (g_strv_contains(keys, key))
    return true;
  g_autofree char *more = say_candidates(key, keys);
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "workload %s has no parameter '%s'%s",
              spec->kind->name, key, more);
  return false;
}

bool sim_workload_set_number(struct sim_workload_spec *spec, const char *key, uint64_t value,
                             GError **error)
{
  if (!has_key(spec, key, error))
    return false;
  for (int i = 0; i < SIM_WORKLOAD_NUMBERS; i++) {
    if (strcmp(ranges[i].name, key) != 0)
      continue;
    if (value >= ranges[i].least && value <= ranges[i].most) {
      spec->numbers[i] = value;
      return true;
    }
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "'%s' is %" PRIu64 " to %" PRIu64 ", not %" PRIu64, key, ranges[i].least,
                ranges[i].most, value);
    return false;
  }
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "'%s' is no number", key);
  return false;
}

bool sim_workload_set_word(struct sim_workload_spec *spec, const char *key, const char *word,
                           GError **error)
{
  if (!has_key(spec, key, error))
    return false;
  if (strcmp(key, "stream") == 0) {
    g_free(spec->stream);
    spec->stream = g_strdup(word);
    return true;
  }
  for (guint i = 0; strcmp(key, "frees") == 0 && i < G_N_ELEMENTS(frees_words); i++)
    if (strcmp(word, frees_words[i]) == 0) {
      spec->frees = (enum sim_workload_frees)i;
      return true;
    }
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "'%s' cannot be '%s'", key, word);
  return false;
}

bool sim_workload_add_order(struct sim_workload_spec *spec, uint64_t order, uint64_t weight,
                            GError **error)
{
  if (!has_key(spec, "orders", error))
    return false;
  if (order >= SIM_WORKLOAD_ORDERS || weight > G_MAXUINT32) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "orders are 0 to %u, with weights from 0 to %" PRIu32 ": not %" PRIu64 ":%" PRIu64,
                SIM_WORKLOAD_ORDERS - 1, G_MAXUINT32, order, weight);
    return false;
  }
  if ((spec->orders_given >> order & 1) != 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "order %" PRIu64 " is given twice", order);
    return false;
  }
  if (spec->orders_given == 0)
    memset(spec->weights, 0, sizeof(spec->weights));
  spec->orders_given |= 1u << order;
  spec->weights[order] = weight;
  return true;
}

bool sim_workload_spec_check(const struct sim_workload_spec *spec, GError **error)
{
  for (guint order = 0; order < SIM_WORKLOAD_ORDERS; order++)
    if (spec->weights[order] != 0)
      return true;
  g_set_error_literal(error, SIM_ERROR, SIM_ERROR_USAGE,
                      "all weights of 'orders' are 0: nothing can be chosen");
  return false;
}

/* ---- Texts ---- */

/* "0:8,9:1". */
static bool set_orders(struct sim_workload_spec *spec, const char *text, GError **error)
{
  g_auto(GStrv) parts = g_strsplit_set(text, ", ", -1);
  uint64_t order;
  uint64_t weight;

  spec->orders_given = 0;
  for (char **part = parts; *part != NULL; part++) {
    g_auto(GStrv) pair = g_strsplit(*part, ":", 2);
    if (g_strv_length(pair) != 2 || !sim_number_parse(pair[0], &order, NULL) ||
        !sim_number_parse(pair[1], &weight, NULL)) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                  "'orders' wants order:weight, as in 0:8,9:1, not '%s'", text);
      return false;
    }
    if (!sim_workload_add_order(spec, order, weight, error))
      return false;
  }
  return true;
}

bool sim_workload_set_text(struct sim_workload_spec *spec, const char *text, GError **error)
{
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  uint64_t number;

  if (g_strv_length(parts) != 2) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE, "a parameter is key=value, not '%s'", text);
    return false;
  }
  if (!has_key(spec, parts[0], error))
    return false;
  if (strcmp(parts[0], "orders") == 0)
    return set_orders(spec, parts[1], error);
  if (strcmp(parts[0], "frees") == 0 || strcmp(parts[0], "stream") == 0)
    return sim_workload_set_word(spec, parts[0], parts[1], error);
  return sim_number_parse(parts[1], &number, error) &&
         sim_workload_set_number(spec, parts[0], number, error);
}
