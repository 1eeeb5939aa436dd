/* SPDX-License-Identifier: MPL-2.0 */
/* framesim explore --strength: which order is needed, and which script shows it. */
#include "tools/explore-strength.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/cli.h"

/* More than any of the scripts takes; one that takes longer shows nothing. */
#define SECONDS 30.0

struct strength {
  GPtrArray *scripts; /* sim_script * */
  JsonBuilder *json;  /* or NULL */
  bool quiet;
  bool failed; /* a script fails by itself, or under sc */
  guint needed;
  guint orders;
};

static void say_nothing(enum sim_text_kind kind, const char *text, void *data)
{
  (void)data;
  if (kind == SIM_TEXT_MESSAGE)
    fputs(text, stderr);
}

/* False: it could not be explored, which was said. */
static bool explore(const sim_script *script, const struct sim_explore_options *search,
                    struct sim_front_report *ret)
{
  const struct sim_run_options run_options = {.sink = say_nothing};
  const struct sim_front_options options = {.search = *search, .given = SIM_FRONT_MODEL};
  (void)sim_front_explore(script, &run_options, &options, ret);
  if (ret->explored && ret->error == NULL)
    return true;
  fprintf(stderr, "framesim explore: %s: %s\n", script->source->name,
          ret->error != NULL ? ret->error->message : "it has no threads to explore");
  sim_front_report_clear(ret);
  return false;
}

static void init(struct sim_explore_options *search, enum sim_explore_model model)
{
  sim_explore_options_init(search);
  search->model = model;
  search->seconds = SECONDS;
}

static void weaken(struct sim_explore_options *search, enum fm_site site)
{
  if (fm_site_info(site)->kind == FM_ACCESS_FENCE)
    search->no_fence[site] = true;
  else
    search->order[site] = FM_ORDER_RELAXED + 1;
}

/* Whether a finding is one of the weak order: that something never comes about is none. */
static bool is_found(const struct sim_front_report *report)
{
  return report->verdict == SIM_EXPLORE_VIOLATED && strcmp(report->kind, "sometimes") != 0;
}

/* The first script that finds the weak order; NULL: none does.  *ret_kind: as what, static. */
static const sim_script *find(const struct strength *strength, enum fm_site site,
                              const char **ret_kind)
{
  struct sim_explore_options search;
  init(&search, SIM_EXPLORE_C11);
  weaken(&search, site);
  for (guint i = 0; i < strength->scripts->len; i++) {
    struct sim_front_report report;
    if (!explore(strength->scripts->pdata[i], &search, &report))
      continue;
    bool found = is_found(&report);
    *ret_kind = report.kind;
    sim_front_report_clear(&report);
    if (found)
      return strength->scripts->pdata[i];
  }
  return NULL;
}

static bool holds_under_sc(const sim_script *script, enum fm_site site)
{
  struct sim_explore_options search;
  struct sim_front_report report;
  init(&search, SIM_EXPLORE_SC);
  weaken(&search, site);
  if (!explore(script, &search, &report))
    return false;
  bool held = !is_found(&report);
  sim_front_report_clear(&report);
  return held;
}

static void measure(struct strength *strength, enum fm_site site)
{
  const struct fm_site_info *info = fm_site_info(site);
  const char *kind = NULL;
  const sim_script *script = find(strength, site, &kind);
  bool held = script == NULL || holds_under_sc(script, site);
  g_autofree char *name = script != NULL ? g_path_get_basename(script->source->name) : NULL;
  strength->orders++;
  strength->needed += script != NULL;
  strength->failed |= !held;
  if (!strength->quiet && script == NULL)
    printf("%-15s %-8s no script\n", info->name, fm_order_name(info->order));
  else if (!strength->quiet)
    printf("%-15s %-8s %-20s %-10s %s\n", info->name, fm_order_name(info->order), name, kind,
           held ? "held" : "violated");
  if (strength->json == NULL)
    return;
  json_builder_begin_object(strength->json);
  cli_json_string(strength->json, "point", info->name);
  cli_json_string(strength->json, "order", fm_order_name(info->order));
  json_builder_set_member_name(strength->json, "found_by");
  if (script != NULL)
    json_builder_add_string_value(strength->json, script->source->name);
  else
    json_builder_add_null_value(strength->json);
  json_builder_end_object(strength->json);
}

/* With all orders as they are, every script has to hold. */
static bool check_scripts(const struct strength *strength)
{
  struct sim_explore_options search;
  bool good = true;
  init(&search, SIM_EXPLORE_C11);
  for (guint i = 0; i < strength->scripts->len; i++) {
    const sim_script *script = strength->scripts->pdata[i];
    struct sim_front_report report;
    if (!explore(script, &search, &report)) {
      good = false;
      continue;
    }
    if (report.verdict != SIM_EXPLORE_HELD) {
      fprintf(stderr, "framesim explore: %s is %s with all orders as they are\n",
              script->source->name, sim_explore_verdict_name(report.verdict));
      good = false;
    }
    sim_front_report_clear(&report);
  }
  return good;
}

static bool load(struct strength *strength, const char *path, int *ret_status)
{
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GError) error = NULL;
  sim_script *script = sim_script_load(path, sim_run_verbs(), sim_run_queries, errors, &error);
  if (script != NULL) {
    g_ptr_array_add(strength->scripts, script);
    (void)sim_run_lint(script, NULL, errors);
  }
  for (guint i = 0; i < errors->len; i++)
    fputs(errors->pdata[i], stderr);
  if (errors->len != 0)
    *ret_status = CLI_USAGE;
  else if (script == NULL)
    *ret_status = cli_fail(g_steal_pointer(&error));
  return script != NULL && errors->len == 0;
}

static void free_script(gpointer script)
{
  sim_script_free(script);
}

static int measure_all(struct strength *strength, const char *json)
{
  if (!check_scripts(strength))
    return CLI_VIOLATED;
  if (json != NULL) {
    strength->json = cli_json_begin("strength");
    json_builder_set_member_name(strength->json, "orders");
    json_builder_begin_array(strength->json);
  }
  if (!strength->quiet)
    printf("%-15s %-8s %-20s %-10s %s\n", "point", "order", "relaxed: found by", "as", "under sc");
  for (int site = 0; site < FM_SITE_COUNT; site++)
    if (fm_site_info((enum fm_site)site)->order > FM_ORDER_RELAXED)
      measure(strength, (enum fm_site)site);
  if (!strength->quiet)
    printf("%u orders stronger than relaxed; %u are needed\n", strength->orders, strength->needed);
  if (strength->json != NULL) {
    json_builder_end_array(strength->json);
    cli_json_int(strength->json, "needed", strength->needed);
    if (!cli_json_end(strength->json, json, false))
      return CLI_INPUT;
  }
  return strength->failed ? CLI_VIOLATED : CLI_OK;
}

int explore_strength(char **paths, int count, const char *json)
{
  struct strength strength = {.scripts = g_ptr_array_new_with_free_func(free_script),
                              .quiet = g_strcmp0(json, "-") == 0};
  int status = CLI_OK;
  for (int i = 0; i < count && status == CLI_OK; i++)
    (void)load(&strength, paths[i], &status);
  if (status == CLI_OK)
    status = measure_all(&strength, json);
  g_ptr_array_unref(strength.scripts);
  return status;
}
