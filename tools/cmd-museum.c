/* SPDX-License-Identifier: MPL-2.0 */
/* framesim museum: faults that kernels had, and what became of them here. */
#include <stdio.h>
#include <string.h>

#include "sim/museum/tour.h"
#include "tools/cli.h"

#define COLUMNS 80u

struct museum {
  char *json;
  gboolean run;
  gboolean all;
  gboolean script;
  bool quiet; /* the record goes to standard output */
  JsonBuilder *record;
  guint unexpected; /* results that were not what they should be */
  guint limits;
};

/* ---- Text ---- */

/* Words of a paragraph, broken at the column, each line behind `indent` blanks. */
static void print_wrapped(const char *text, int indent)
{
  g_auto(GStrv) words = g_strsplit(text, " ", 0);
  guint column = 0;
  for (char **word = words; *word != NULL; word++) {
    guint length = (guint)g_utf8_strlen(*word, -1);
    if (column != 0 && column + 1 + length > COLUMNS) {
      putchar('\n');
      column = 0;
    }
    if (column == 0)
      column = (guint)printf("%*s%s", indent, "", *word);
    else
      column += (guint)printf(" %s", *word);
  }
  putchar('\n');
}

static void print_section(const char *title, const char *text)
{
  if (text == NULL)
    return;
  printf("\n%s%s%s\n", cli_color(CLI_BOLD), title, cli_color(CLI_PLAIN));
  print_wrapped(text, 2);
}

static const char *standing(const struct sim_museum_exhibit *exhibit)
{
  return exhibit->published ? "published" : "unpublished";
}

static void print_page(const struct sim_museum_exhibit *exhibit)
{
  printf("%s%s%s\n", cli_color(CLI_BOLD), exhibit->title, cli_color(CLI_PLAIN));
  printf("  %s: %s\n", standing(exhibit), exhibit->source);
  printf("  %s: %s\n", sim_museum_class_name(exhibit->kind), sim_museum_class_text(exhibit->kind));
  print_section("The fault", exhibit->fault);
  print_section("What came of it", exhibit->outcome);
  print_section("The remedy", exhibit->remedy);
  print_section("What is known", exhibit->known);
  printf("\n%sVariants%s\n", cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
  for (const struct sim_museum_variant *variant = exhibit->variants; variant->name != NULL;
       variant++) {
    g_autofree char *command = sim_museum_command(variant, SIM_MUSEUM_PAST);
    printf("  %s: %s\n    %s\n", variant->name, variant->title, command);
  }
}

static void print_list(void)
{
  printf("%-26s %-7s %-12s %s\n", "variant", "class", "report", "what it is");
  for (const struct sim_museum_exhibit *const *at = sim_museum_exhibits; *at != NULL; at++)
    for (const struct sim_museum_variant *variant = (*at)->variants; variant->name != NULL;
         variant++)
      printf("%-26s %-7s %-12s %s\n", variant->name, sim_museum_class_name((*at)->kind),
             standing(*at), variant->title);
}

/* ---- The record ---- */

static void record_exhibit(JsonBuilder *json, const struct sim_museum_exhibit *exhibit,
                           const struct sim_museum_variant *variant)
{
  cli_json_string(json, "variant", variant->name);
  cli_json_string(json, "title", variant->title);
  cli_json_string(json, "exhibit", exhibit->title);
  cli_json_string(json, "class", sim_museum_class_name(exhibit->kind));
  json_builder_set_member_name(json, "published");
  json_builder_add_boolean_value(json, exhibit->published);
  cli_json_string(json, "source", exhibit->source);
  cli_json_string(json, "script", sim_museum_script_of(variant->script)->path);
  if (variant->schedule != NULL)
    cli_json_string(json, "schedule", variant->schedule);
}

static void record_result(JsonBuilder *json, enum sim_museum_form form,
                          const struct sim_museum_result *result)
{
  json_builder_set_member_name(json, form == SIM_MUSEUM_PAST ? "past" : "present");
  json_builder_begin_object(json);
  cli_json_string(json, "verdict", sim_museum_result_word(result));
  json_builder_set_member_name(json, "expected");
  json_builder_add_boolean_value(json, result->as_expected);
  if (result->finding != NULL)
    cli_json_string(json, "finding", result->finding);
  json_builder_end_object(json);
}

/* ---- Running ---- */

/* Steps beyond these are left out. */
#define STEPS_SHOWN 12u

static void print_text(enum sim_text_kind kind, const char *text, void *data)
{
  guint *steps = data;
  if (kind == SIM_TEXT_STEP && ++*steps > STEPS_SHOWN) {
    if (*steps == STEPS_SHOWN + 1)
      printf("      ...\n");
    return;
  }
  printf(kind == SIM_TEXT_MESSAGE ? "%s" : "%s\n", text);
}

static void note_result(struct museum *museum, const struct sim_museum_result *result)
{
  museum->limits += result->limit;
  museum->unexpected += !result->as_expected && !result->limit;
}

/* One form of one variant, with all that it says. */
static void show_run(struct museum *museum, const struct sim_museum_variant *variant,
                     enum sim_museum_form form)
{
  struct sim_museum_result result;
  guint steps = 0;
  g_autofree char *command = sim_museum_command(variant, form);
  if (!museum->quiet) {
    printf("\n%s%s: %s%s\n  %s\n", cli_color(CLI_BOLD), form == SIM_MUSEUM_PAST ? "Then" : "Now",
           variant->name, cli_color(CLI_PLAIN), command);
    fflush(stdout);
  }
  sim_museum_run(variant, form, museum->quiet ? NULL : print_text, &steps, &result);
  note_result(museum, &result);
  if (!museum->quiet)
    printf("%s%s%s%s\n", cli_color(form == SIM_MUSEUM_PAST ? CLI_RED : CLI_GREEN),
           sim_museum_result_word(&result), cli_color(CLI_PLAIN),
           result.limit          ? ": this host cannot hold the machine"
           : !result.as_expected ? ", WHICH IT SHOULD NOT"
           : variant->end == SIM_MUSEUM_NOT_SEEN && form == SIM_MUSEUM_PAST
               ? ": no single order shows this fault"
               : "");
  if (museum->record != NULL)
    record_result(museum->record, form, &result);
  sim_museum_result_clear(&result);
}

static void print_row(const struct sim_museum_variant *variant,
                      const struct sim_museum_result *past, const struct sim_museum_result *present)
{
  const char *then = variant->end == SIM_MUSEUM_NOT_SEEN && past->as_expected
                         ? "not seen"
                         : sim_museum_result_word(past);
  const char *mark = past->as_expected && present->as_expected ? " " : "!";
  const char *why = past->finding != NULL ? past->finding : "";
  if (!present->as_expected && present->finding != NULL)
    why = present->finding;
  printf("%s %-26s %-9s %-9s ", mark, variant->name, then, sim_museum_result_word(present));
  glong room = 80;
  g_autofree char *cut = g_utf8_strlen(why, -1) > room ? g_utf8_substring(why, 0, room - 3) : NULL;
  printf("%s%s\n", cut != NULL ? cut : why, cut != NULL ? "..." : "");
}

static void run_row(struct museum *museum, const struct sim_museum_variant *variant)
{
  struct sim_museum_result past;
  struct sim_museum_result present;
  sim_museum_run(variant, SIM_MUSEUM_PAST, NULL, NULL, &past);
  sim_museum_run(variant, SIM_MUSEUM_PRESENT, NULL, NULL, &present);
  note_result(museum, &past);
  note_result(museum, &present);
  if (!museum->quiet)
    print_row(variant, &past, &present);
  if (museum->record != NULL) {
    record_result(museum->record, SIM_MUSEUM_PAST, &past);
    record_result(museum->record, SIM_MUSEUM_PRESENT, &present);
  }
  sim_museum_result_clear(&past);
  sim_museum_result_clear(&present);
}

/* ---- The verb ---- */

/* Whether the present form runs in the same way for the variant after this one. */
static bool is_same_now(const struct sim_museum_variant *variant)
{
  const struct sim_museum_variant *next = variant + 1;
  return next->name != NULL && strcmp(next->script, variant->script) == 0 &&
         g_strcmp0(next->ours, variant->ours) == 0;
}

static void each_variant(struct museum *museum, const struct sim_museum_exhibit *exhibit)
{
  for (const struct sim_museum_variant *variant = exhibit->variants; variant->name != NULL;
       variant++) {
    if (museum->record != NULL) {
      json_builder_begin_object(museum->record);
      record_exhibit(museum->record, exhibit, variant);
    }
    if (museum->run && museum->all)
      run_row(museum, variant);
    else if (museum->run) {
      show_run(museum, variant, SIM_MUSEUM_PAST);
      if (museum->record != NULL || !is_same_now(variant))
        show_run(museum, variant, SIM_MUSEUM_PRESENT);
    }
    if (museum->record != NULL)
      json_builder_end_object(museum->record);
  }
}

static void tour(struct museum *museum, const struct sim_museum_exhibit *only)
{
  if (!museum->quiet && only != NULL)
    print_page(only);
  if (!museum->quiet && only == NULL && !museum->run)
    print_list();
  if (!museum->quiet && only == NULL && museum->run)
    printf("  %-26s %-9s %-9s %s\n", "variant", "then", "now", "what was found then");
  if (only != NULL)
    each_variant(museum, only);
  else
    for (const struct sim_museum_exhibit *const *at = sim_museum_exhibits; *at != NULL; at++)
      each_variant(museum, *at);
  if (!museum->quiet && only == NULL && museum->run)
    printf("%s\n", museum->unexpected != 0 ? "some did not come out as they should (!)"
                   : museum->limits != 0   ? "this host or this build cannot hold some machines"
                                           : "every past form fails as it did, every present one "
                                             "holds");
}

static int take_tour(struct museum *museum, const struct sim_museum_exhibit *only)
{
  museum->quiet = museum->json != NULL && strcmp(museum->json, "-") == 0;
  if (museum->json != NULL) {
    museum->record = cli_json_begin("museum");
    json_builder_set_member_name(museum->record, "variants");
    json_builder_begin_array(museum->record);
  }
  tour(museum, only);
  if (museum->record != NULL) {
    json_builder_end_array(museum->record);
    if (!cli_json_end(museum->record, museum->json, false))
      return CLI_INPUT;
  }
  return museum->unexpected != 0 ? CLI_VIOLATED : museum->limits != 0 ? CLI_LIMIT : CLI_OK;
}

static int go(struct museum *museum, const char *name)
{
  const struct sim_museum_exhibit *exhibit = NULL;
  const struct sim_museum_variant *variant = NULL;
  if (name != NULL)
    variant = sim_museum_find(name, &exhibit);
  if (name != NULL && variant == NULL) {
    const char *near = sim_museum_suggest(name);
    return cli_usage_error("museum", "there is no variant '%s'%s%s%s", name,
                           near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                           near != NULL ? "'?" : "");
  }
  if (name != NULL && museum->all)
    return cli_usage_error("museum", "either a NAME or --all");
  if (museum->run && name == NULL && !museum->all)
    return cli_usage_error("museum", "--run wants a NAME, or --all");
  if (museum->script && (name == NULL || museum->run || museum->json != NULL))
    return cli_usage_error("museum", "--script wants a NAME and nothing else");
  if (museum->script) {
    fputs(sim_museum_script_of(variant->script)->text, stdout);
    return CLI_OK;
  }
  return take_tour(museum, exhibit);
}

int cmd_museum(int argc, char **argv)
{
  struct museum museum = {0};
  const GOptionEntry entries[] = {
      {"run", 0, 0, G_OPTION_ARG_NONE, &museum.run, "Run the past form and the present one", NULL},
      {"all", 0, 0, G_OPTION_ARG_NONE, &museum.all, "All variants, a line for each", NULL},
      {"script", 0, 0, G_OPTION_ARG_NONE, &museum.script, "Print the script of the exhibit", NULL},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &museum.json, "Write JSON Lines to FILE (- is stdout)",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "[NAME]", entries, NULL,
                         "Faults that kernels had, or could have had, as forms of this one:\n"
                         "without NAME a list of them, with NAME what is known about one.\n"
                         "Exit status of --run: 0 past forms fail and the present form holds,\n"
                         "1 one does not, 3 this host cannot hold a machine.\n\n"
                         "Example: framesim museum look-then-decrement --run\n");
  if (status < 0)
    status = argc > 2 ? cli_usage_error("museum", "one NAME at a time")
                      : go(&museum, argc == 2 ? argv[1] : NULL);
  g_free(museum.json);
  return status;
}
