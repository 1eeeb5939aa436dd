/* SPDX-License-Identifier: MPL-2.0 */
/* framesim contract: the clauses, and whether each can fail. */
#include <sim/contract.h>
#include <stdio.h>
#include <string.h>

#include "sim/contract/mutate.h"
#include "sim/contract/seed.h"
#include "tools/cli.h"

/* ---- Running mutations ---- */

/* -1, or an exit status after a message. */
static int detect(enum sim_clause clause, bool *ret)
{
  GError *error = NULL;
  enum sim_clause first;
  if (!sim_contract_mutate(clause, &first, &error))
    return cli_fail(error);
  *ret = first == clause;
  return -1;
}

static int detect_all(enum sim_clause only, bool *detected)
{
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++) {
    if (only != SIM_CLAUSE_NONE && i != (int)only)
      continue;
    cli_progress("running mutations", (uint64_t)i, SIM_CLAUSE_COUNT - 1);
    int status = detect((enum sim_clause)i, &detected[i]);
    if (status >= 0)
      return status;
  }
  cli_progress_clear();
  return -1;
}

/* ---- Text ---- */

static void print_clause(enum sim_clause clause, bool tried, bool detected)
{
  const struct sim_clause_info *info = sim_clause_info(clause);
  printf("%s%s%s\n  broken when  %s\n  from         %s\n  looked at    %s\n  mutation     %s%s\n",
         cli_color(CLI_GREEN), info->id, cli_color(CLI_PLAIN), info->text, info->source,
         info->operations, info->mutation,
         !tried     ? ""
         : detected ? ": detected"
                    : ": NOT DETECTED");
}

static void print_all(bool tried, const bool *detected)
{
  unsigned found = 0;
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++) {
    const struct sim_clause_info *info = sim_clause_info((enum sim_clause)i);
    found += detected[i];
    if (tried)
      printf("%-24s %-13s %s\n", info->id, detected[i] ? "detected" : "NOT DETECTED",
             info->mutation);
    else
      printf("%-24s %s\n", info->id, info->text);
  }
  if (tried)
    printf("%u of %d clauses are the first to report their mutation\n", found,
           SIM_CLAUSE_COUNT - 1);
  else
    printf("%d clauses; --mutations runs what each is to notice\n", SIM_CLAUSE_COUNT - 1);
}

/* ---- docs/contract.md ---- */

static void print_lines(void)
{
  const char *function = "";
  for (const struct sim_seed_line *line = sim_seed_lines; line->function != NULL; line++) {
    if (strcmp(function, line->function) != 0)
      printf("\n### %s\n\n| | what it says | clauses |\n|---|---|---|\n", line->function);
    function = line->function;
    printf("| %s | %s | %s |\n", line->kind, line->text,
           line->why != NULL ? line->why : line->clauses);
  }
}

static void print_markdown(const bool *detected)
{
  printf(
      "<!-- SPDX-License-Identifier: MPL-2.0 -->\n"
      "# The contract\n\n"
      "This page is made by `framesim contract --markdown`.  A clause is a rule that is checked\n"
      "while the machine runs: by the audit at a quiet moment, or around each operation.  Its\n"
      "mutation is the damage, or the wrong operation, that it is the first to report; that was\n"
      "run when the page was made.\n\n"
      "## Clauses\n\n"
      "| clause | is broken when | from | looked at | mutation | |\n|---|---|---|---|---|---|\n");
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++) {
    const struct sim_clause_info *info = sim_clause_info((enum sim_clause)i);
    printf("| `%s` | %s | %s | %s | %s | %s |\n", info->id, info->text, info->source,
           info->operations, info->mutation, detected[i] ? "detected" : "not detected");
  }
  printf("\n## The verified module, line by line\n\n"
         "What the machine-checked module requires, ensures and keeps, and the safety tags of the\n"
         "production module, each with the clauses that check it here.\n");
  print_lines();
}

/* ---- The record ---- */

static bool write_json(const char *path, enum sim_clause only, const bool *detected)
{
  JsonBuilder *json = cli_json_begin("contract");
  json_builder_set_member_name(json, "clauses");
  json_builder_begin_array(json);
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++) {
    const struct sim_clause_info *info = sim_clause_info((enum sim_clause)i);
    if (only != SIM_CLAUSE_NONE && i != (int)only)
      continue;
    json_builder_begin_object(json);
    cli_json_string(json, "id", info->id);
    cli_json_string(json, "text", info->text);
    cli_json_string(json, "source", info->source);
    cli_json_string(json, "operations", info->operations);
    cli_json_string(json, "mutation", info->mutation);
    json_builder_set_member_name(json, "detected");
    json_builder_add_boolean_value(json, detected[i]);
    json_builder_end_object(json);
  }
  json_builder_end_array(json);
  return cli_json_end(json, path, false);
}

/* ---- The verb ---- */

static int unknown_clause(const char *id)
{
  const char *ids[SIM_CLAUSE_COUNT];
  for (int i = 1; i < SIM_CLAUSE_COUNT; i++)
    ids[i - 1] = sim_clause_info((enum sim_clause)i)->id;
  ids[SIM_CLAUSE_COUNT - 1] = NULL;
  const char *near = sim_suggest(id, ids);
  return near != NULL
             ? cli_usage_error("contract", "there is no clause '%s'; did you mean '%s'?", id, near)
             : cli_usage_error("contract", "there is no clause '%s'", id);
}

struct wish {
  const char *json;
  gboolean mutations;
  gboolean markdown;
};

static int show(const struct wish *wish, enum sim_clause only)
{
  bool detected[SIM_CLAUSE_COUNT] = {false};
  bool on_stdout = wish->json != NULL && strcmp(wish->json, "-") == 0;
  bool tried = wish->mutations || wish->markdown || wish->json != NULL;
  int status = tried ? detect_all(only, detected) : -1;
  if (status >= 0)
    return status;
  if (wish->markdown)
    print_markdown(detected);
  else if (!on_stdout && only != SIM_CLAUSE_NONE)
    print_clause(only, tried, detected[only]);
  else if (!on_stdout)
    print_all(tried, detected);
  if (wish->json != NULL && !write_json(wish->json, only, detected))
    return CLI_INPUT;
  for (int i = 1; tried && i < SIM_CLAUSE_COUNT; i++)
    if (!detected[i] && (only == SIM_CLAUSE_NONE || i == (int)only))
      return CLI_VIOLATED;
  return CLI_OK;
}

int cmd_contract(int argc, char **argv)
{
  g_autofree char *json = NULL;
  struct wish wish = {0};
  const GOptionEntry entries[] = {
      {"mutations", 'm', 0, G_OPTION_ARG_NONE, &wish.mutations,
       "Run what each clause is to be the first to report", NULL},
      {"markdown", 0, 0, G_OPTION_ARG_NONE, &wish.markdown, "Print docs/contract.md", NULL},
      {"json", 0, 0, G_OPTION_ARG_FILENAME, &json,
       "Run them, write JSON Lines to FILE (- is stdout)", "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  int status = cli_parse(&argc, &argv, "[CLAUSE]", entries, NULL,
                         "Lists the clauses of the contract: what slots, operations, lists,\n"
                         "allocators and page tables have to keep.  With CLAUSE, all about it.\n"
                         "Exit status: 0, or 1 if a mutation that was run was not noticed.\n\n"
                         "Example: framesim contract --mutations drop.ref_held\n");
  if (status >= 0)
    return status;
  if (argc > 2)
    return cli_usage_error("contract", "one CLAUSE at a time");
  wish.json = json;
  enum sim_clause only = argc == 2 ? sim_clause_by_id(argv[1]) : SIM_CLAUSE_NONE;
  if (argc == 2 && only == SIM_CLAUSE_NONE)
    return unknown_clause(argv[1]);
  if (wish.markdown && argc == 2)
    return cli_usage_error("contract", "--markdown is for all clauses");
  return show(&wish, only);
}
