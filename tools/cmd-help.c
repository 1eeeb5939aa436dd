/* SPDX-License-Identifier: MPL-2.0 */
/* framesim help: the program's verbs, the script's verbs, the points, and the manual. */
#include <stdio.h>
#include <string.h>

#include "sim/diag.h"
#include "sim/script/run.h"
#include "tools/cli.h"

static void print_overview(void)
{
  printf("%sframesim%s simulates physical-frame metadata: the slots, counts and boot of a\n"
         "kernel's frame machinery, on the memory map of a real machine.\n\n"
         "usage: framesim [--color=auto|always|never] VERB ...\n\n",
         cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
  for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
    printf("  %-11s %s\n", verb->name, verb->summary);
  printf("\n  framesim VERB --help    the options of a verb\n"
         "  framesim help script    the language of scripts\n"
         "  framesim help WORD      one word of that language\n"
         "  framesim help points    the named accesses, where a schedule can stop\n\n"
         "Exit status: 0 all held, 1 something did not hold or a machine cannot boot,\n"
         "2 usage or script error, 3 a limit of the host, 4 a file that cannot be used,\n"
         "70 internal error, 130 interrupted.\n");
}

static void print_table(const struct sim_verb_syntax *table,
                        const struct sim_verb_syntax *hidden_by)
{
  for (const struct sim_verb_syntax *verb = table; verb->name != NULL; verb++) {
    bool hidden = false;
    for (const struct sim_verb_syntax *other = hidden_by;
         other != NULL && other->name != NULL && !hidden; other++)
      hidden = strcmp(other->name, verb->name) == 0;
    if (!hidden)
      printf("  %-10s %s\n", verb->name, verb->summary);
  }
}

static void print_language(void)
{
  printf("A script is a list of commands, one per line or separated by ';', beginning with\n"
         "'framesim 1'.  '#' begins a comment; blocks stand in { }.\n\n"
         "%sCommands on the machine%s\n",
         cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
  print_table(sim_run_verbs(), NULL);
  printf("%sStatements%s\n", cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
  print_table(sim_script_statements, sim_run_verbs());
  printf("%sExpressions%s\n"
         "  numbers 4096, 0x1000, 4K; @9 is the address of frame 9; + - * / %% ( )\n"
         "  == != < <= > >= and or not; states unused busy shared unique illegal\n"
         "  refcount state type in_list holders paddr size F; length L; free\n\n"
         "'framesim help WORD' explains a command; framesim-script(5) has it all.\n",
         cli_color(CLI_BOLD), cli_color(CLI_PLAIN));
}

static void print_indented(const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    printf("  %s\n", *line);
}

#define WIDTH 78u

static void print_forms(const struct sim_verb_syntax *verb, const char *indent)
{
  g_auto(GStrv) forms = g_strsplit(verb->grammar, " ; ", -1);
  if (forms[0] == NULL)
    printf("%s%s\n", indent, verb->name);
  for (char **form = forms; *form != NULL; form++) {
    /* A form that is too long for a line goes on in the next, before an optional part. */
    char *rest = g_strrstr(*form, " [");
    bool fits = rest == NULL || strlen(indent) + strlen(verb->name) + strlen(*form) < WIDTH;
    if (!fits)
      *rest++ = '\0';
    printf("%s%s %s\n", indent, verb->name, *form);
    if (!fits)
      printf("%s%*s %s\n", indent, (int)strlen(verb->name), "", rest);
  }
}

static void print_verb(const struct sim_verb_syntax *verb)
{
  printf("%s%s%s: %s\n\n", cli_color(CLI_BOLD), verb->name, cli_color(CLI_PLAIN), verb->summary);
  print_forms(verb, "  ");
  if (verb->synonyms != NULL)
    printf("\n  Also: %s\n", verb->synonyms);
  const char *help = sim_run_verb_help(verb->name);
  if (help != NULL) {
    printf("\n");
    print_indented(help);
  }
  if (verb->keys != NULL) {
    printf("\n");
    for (const struct sim_verb_syntax *key = verb->keys; key->name != NULL; key++)
      printf("  %-20s %s\n", key->example, key->summary != NULL ? key->summary : "");
  }
  if (verb->example != NULL)
    printf("\n  Example: %s\n", verb->example);
}

/* All points, or the one of that name; false: there is none. */
static bool print_points(const char *name)
{
  static const char *const kinds[] = {"load",  "store", "cas",   "add", "sub",
                                      "fence", "read",  "write", "step"};
  bool found = false;
  for (int site = 0; site < FM_SITE_COUNT; site++) {
    const struct fm_site_info *info = fm_site_info((enum fm_site)site);
    if (info->quiet || (name != NULL && strcmp(info->name, name) != 0))
      continue;
    if (!found)
      printf("%-15s %-6s %-7s %s\n", "point", "access", "order", "what happens there");
    found = true;
    const char *order = info->order == FM_ORDER_PLAIN ? "" : fm_order_name(info->order);
    printf("%-15s %-6s %-7s %s\n", info->name, kinds[info->kind], order, info->text);
  }
  return found;
}

static const struct sim_verb_syntax *find(const struct sim_verb_syntax *table, const char *word)
{
  for (const struct sim_verb_syntax *verb = table; verb->name != NULL; verb++) {
    g_auto(GStrv) synonyms = g_strsplit(verb->synonyms != NULL ? verb->synonyms : "", " ", -1);
    if (strcmp(verb->name, word) == 0 || g_strv_contains((const char *const *)synonyms, word))
      return verb;
  }
  return NULL;
}

static int unknown(const char *word)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const struct sim_verb_syntax *verb = sim_run_verbs(); verb->name != NULL; verb++)
    g_ptr_array_add(names, (gpointer)verb->name);
  for (const struct sim_verb_syntax *verb = sim_script_statements; verb->name != NULL; verb++)
    g_ptr_array_add(names, (gpointer)verb->name);
  g_ptr_array_add(names, NULL);
  const char *near = sim_suggest(word, (const char *const *)names->pdata);
  if (near != NULL)
    return cli_usage_error("help", "no help for '%s'; did you mean '%s'?", word, near);
  return cli_usage_error("help", "no help for '%s'; 'framesim help script' lists the words", word);
}

/* The reference part of framesim-script(5), in mdoc. */
static void print_manual(void)
{
  const struct sim_verb_syntax *const tables[] = {sim_run_verbs(), sim_script_statements};
  for (gsize t = 0; t < G_N_ELEMENTS(tables); t++)
    for (const struct sim_verb_syntax *verb = tables[t]; verb->name != NULL; verb++) {
      if (t == 1 && find(sim_run_verbs(), verb->name) != NULL)
        continue;
      printf(".Ss %s\n.Bd -literal -compact\n", verb->name);
      print_forms(verb, "");
      printf(".Ed\n.Pp\n");
      g_autofree char *summary = g_strdup(verb->summary);
      summary[0] = g_ascii_toupper(summary[0]);
      printf("%s.\n", summary);
      if (verb->synonyms != NULL)
        printf("Also: %s.\n", verb->synonyms);
      const char *help = sim_run_verb_help(verb->name);
      if (help != NULL)
        printf("%s\n", help);
      if (verb->keys != NULL) {
        printf(".Bd -literal -compact\n");
        for (const struct sim_verb_syntax *key = verb->keys; key->name != NULL; key++)
          printf("%-20s %s\n", key->example, key->summary != NULL ? key->summary : "");
        printf(".Ed\n");
      }
      printf(".Pp\nExample:\n.Bd -literal -offset indent -compact\n%s\n.Ed\n", verb->example);
    }
}

static bool is_program_verb(const char *word)
{
  for (const struct cli_verb *verb = cli_verbs; verb->name != NULL; verb++)
    if (strcmp(verb->name, word) == 0)
      return true;
  return false;
}

int cmd_help(int argc, char **argv)
{
  const char *word = argc > 1 ? argv[1] : NULL;
  const struct sim_verb_syntax *verb = NULL;

  if (argc > 2)
    return cli_usage_error("help", "one word at a time");
  if (word == NULL || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
    print_overview();
  else if (strcmp(word, "script") == 0)
    print_language();
  else if (strcmp(word, "points") == 0)
    (void)print_points(NULL);
  else if (strcmp(word, "--manual") == 0)
    print_manual();
  else if ((verb = find(sim_run_verbs(), word)) != NULL ||
           (verb = find(sim_script_statements, word)) != NULL)
    print_verb(verb);
  else if (!print_points(word) && !is_program_verb(word))
    return unknown(word);
  if (word != NULL && is_program_verb(word))
    printf("%sThe program's own verb %s: framesim %s --help, or framesim-%s(1)\n",
           verb != NULL ? "\n" : "", word, word, word);
  return CLI_OK;
}
