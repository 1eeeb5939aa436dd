/* SPDX-License-Identifier: MPL-2.0 */
/* From scripts to trees: commands, statements, expressions, and the patterns of verbs. */
#include <string.h>

#include "sim/script/grammar.h"
#include "tests/suite.h"
#include "tests/unit/script_support.h"

static void check_tree(const char *body, const char *expected)
{
  struct script_parsed parsed = script_parse_body(body);
  g_autoptr(GString) tree = g_string_new(NULL);

  ck_assert_msg(parsed.script != NULL, "%s", parsed.script ? "" : script_message(&parsed, 0));
  script_dump_block(tree, parsed.script->body);
  ck_assert_str_eq(tree->str, expected);
  script_done(&parsed);
}

/* ---- Commands ---- */

static const char *const command_cases[][2] = {
    {"", "{}"},
    {"boot", "{boot}"},
    {"boot;check # both", "{boot; check}"},
    {"claim 8", "{claim ADDR=8}"},
    {"claim 8 as page-table meta 2K unique -> f",
     "{claim ADDR=8 as=page-table meta=2048 unique BIND=f}"},
    {"claim 8 unique -> f as anon", "{claim ADDR=8 unique BIND=f as=anon}"},
    {"from_unused 8", "{claim ADDR=8}"},
    {"from-unused 8", "{claim ADDR=8}"},
    {"get @9 -> b or err", "{get ADDR=@9 BIND=b/err}"},
    {"alloc -> a[2+1]", "{alloc BIND=a[2 + 1]}"},
    {"pool p; drop any p; drop p", "{pool NAME=p; drop any HANDLE=p; drop HANDLE=p}"},
    {"pool a; swap a[1] a", "{pool NAME=a; swap left=a[1] right=a}"},
    {"protect 8 access ro", "{protect ADDR=8 access=ro}"},
    {"protect 8 access none after 3", "{protect ADDR=8 access=none after=3}"},
    {"break drop.dec at 3", "{break POINT=drop.dec at=3}"},
    {"break at 3", "{break at=3}"},
    {"wait; wait 3; wait quick; wait quick 3",
     "{wait; wait NUMBER=3; wait quick; wait quick NUMBER=3}"},
    {"halt now; halt 3", "{halt now; halt NUMBER=3}"},
    {"note hello; note \"a b\"", "{note TEXT=hello; note TEXT=a b}"},
    {"print 1, \"x\\n\", f()", "{print EXPR_LIST=1,\"x\\n\",f()}"},
    {"atomic { boot; check\ncheck\n }", "{atomic BLOCK={boot; check; check}}"},
    {"atomic { }", "{atomic BLOCK={}}"},
};

START_TEST(test_a_command_is_read_by_its_grammar)
{
  check_tree(command_cases[_i][0], command_cases[_i][1]);
}
END_TEST

static const char *const statement_cases[][2] = {
    {"title \"a \\\"b\\\"\"", "{title STRING=\"a \\\"b\\\"\"}"},
    {"machine { ram 64K  cpus 2 allocator none }",
     "{machine KEYS={ram NUMBER=65536; cpus NUMBER=2; allocator WORD=none}}"},
    {"machine {\n map \"x\"; seed 7\n}", "{machine KEYS={map STRING=\"x\"; seed NUMBER=7}}"},
    {"machine { ram 1 }; boot", "{machine KEYS={ram NUMBER=1}; boot}"},
    {"expect not 1 == 2", "{expect CONDITION=not (1 == 2)}"},
    {"choose { 1: choose { 2: boot } 3: atomic { boot } 4: boot }",
     "{choose CHOICES=1:{choose CHOICES=2:{boot}}3:{atomic BLOCK={boot}}4:{boot}}"},
    {"param N = 2*3; repeat N { boot }", "{param NAME=N ==2 * 3; repeat NUMBER=N BLOCK={boot}}"},
    {"for i in 0..8 by 2 { claim i }", "{for NAME=i in=0..8 by=2 BLOCK={claim ADDR=i}}"},
    {"choose { 6: boot 1: alloc frames 5 5: { boot; check } }",
     "{choose CHOICES=6:{boot}1:{alloc frames=5}5:{boot; check}}"},
    {"param W = 1; choose {\nW: alloc -> p\nW+1: choose { 1: drop p } }",
     "{param NAME=W ==1; choose CHOICES=W:{alloc BIND=p}W + 1:{choose CHOICES=1:{drop HANDLE=p}}}"},
    {"thread A cpu 1 { boot }\nthread B { }\nschedule A:drop.dec B:* A:3",
     "{thread LABEL=A cpu=1 BLOCK={boot}; thread LABEL=B BLOCK={}; "
     "schedule SCHEDULE=A:drop.dec B:all A:count 3}"},
    {"expect 1 == 2", "{expect CONDITION=1 == 2}"},
    {"expect error InUse { claim 8 }", "{expect error=InUse BLOCK={claim ADDR=8}}"},
    {"expect panic \"too many\" { boot }", "{expect panic=too many BLOCK={boot}}"},
    {"expect panic overflow { boot }", "{expect panic=overflow BLOCK={boot}}"},
    {"pool p; alloc -> a[0]; end expecting leak p, a[0]",
     "{pool NAME=p; alloc BIND=a[0]; end expecting leak=p,a[0]}"},
    {"end", "{end}"},
};

START_TEST(test_a_statement_of_the_language_is_read)
{
  check_tree(statement_cases[_i][0], statement_cases[_i][1]);
}
END_TEST

/* Canonical text has parentheses wherever one operator is inside another. */
static const char *const expr_cases[][2] = {
    {"1 + 2 * 3", "1 + (2 * 3)"},
    {"1 - 2 - 3", "(1 - 2) - 3"},
    {"24 / 4 / 2 % 5", "((24 / 4) / 2) % 5"},
    {"(1 + 2) * 3", "(1 + 2) * 3"},
    {"-2 * 3 - -4", "((-2) * 3) - (-4)"},
    {"@2 + 1", "@2 + 1"},
    {"1 < 2 and 3 >= 2 or not 1 == 2", "((1 < 2) and (3 >= 2)) or (not (1 == 2))"},
    {"not not 1 == 1", "not (not (1 == 1))"},
    {"1 or 2 and 3", "1 or (2 and 3)"},
    {"state 8 + 1 == unused", "(state(8) + 1) == unused"},
    {"state (8 + 1) == busy", "state(8 + 1) == busy"},
    {"refcount paddr(f) != 0", "refcount(paddr(f)) != 0"},
    {"type state f[1] == x", "type(state(f[1])) == x"},
    {"max(1, (2), g(3))", "max(1, 2, g(3))"},
    {"f-g", "f - g"},
    {"bad-memory", "bad-memory"},
    {"bad-f-memory", "bad-f-memory"},
    {"f - memory-2", NULL},
    {"x == page-table and f-g == 1", "(x == page-table) and ((f - g) == 1)"},
    {"0x1000..1", NULL},
};

START_TEST(test_operators_bind_as_the_manual_says)
{
  const char *expected = expr_cases[_i][1];
  g_autofree char *body = g_strdup_printf("pool f; pool g; print %s", expr_cases[_i][0]);
  struct script_parsed parsed = script_parse_body(body);

  if (expected == NULL) {
    ck_assert_ptr_null(parsed.script);
  } else {
    const struct sim_command *print;

    ck_assert_msg(parsed.script != NULL, "%s", parsed.script ? "" : script_message(&parsed, 0));
    print = sim_block_find(parsed.script->body, "print");
    g_autofree char *text = sim_expr_to_string(print->args->exprs[0]);
    ck_assert_str_eq(text, expected);
  }
  script_done(&parsed);
}
END_TEST

START_TEST(test_a_word_is_a_name_if_anything_binds_it)
{
  struct script_parsed parsed = script_parse_body("print a, b, c, d, a[1], unused, bad-memory\n"
                                                  "alloc -> a or b; pool c; for d in 0..1 { }");
  static const enum sim_expr_kind kinds[] = {SIM_EXPR_NAME, SIM_EXPR_NAME,  SIM_EXPR_NAME,
                                             SIM_EXPR_NAME, SIM_EXPR_INDEX, SIM_EXPR_WORD,
                                             SIM_EXPR_WORD};
  const struct sim_arg *list;

  ck_assert_ptr_nonnull(parsed.script);
  list = sim_command_arg(parsed.script->body->first, "EXPR_LIST");
  ck_assert_uint_eq(list->n_exprs, 7);
  for (guint i = 0; i < 7; i++)
    ck_assert_int_eq(list->exprs[i]->kind, kinds[i]);
  ck_assert_uint_eq(list->exprs[6]->n_operands, 0);
  script_done(&parsed);
}
END_TEST

/* ---- What the executor asks ---- */

START_TEST(test_arguments_are_found_by_keyword_or_slot)
{
  struct script_parsed parsed =
      script_parse_body("claim 8 as anon meta 7 -> f\nprotect 8 access rw");
  const struct sim_command *claim, *protect;

  ck_assert_ptr_nonnull(parsed.script);
  claim = parsed.script->body->first;
  protect = claim->next;
  ck_assert_uint_eq(sim_command_expr(claim, "ADDR")->number, 8);
  ck_assert_uint_eq(sim_command_expr(claim, "meta")->number, 7);
  ck_assert_str_eq(sim_command_word(claim, "as"), "anon");
  ck_assert_str_eq(sim_command_bind(claim)->name, "f");
  ck_assert(!sim_command_has(claim, "unique"));
  ck_assert_str_eq(sim_command_word(protect, "access"), "rw");
  /* What has a keyword is not found by its slot, and no kind is taken for another. */
  ck_assert_ptr_null(sim_command_arg(claim, "TYPE"));
  ck_assert_ptr_null(sim_command_expr(claim, "as"));
  ck_assert_ptr_null(sim_command_word(claim, "ADDR"));
  ck_assert_ptr_null(sim_command_block(claim, "ADDR"));
  ck_assert_ptr_null(sim_command_bind(protect));
  script_done(&parsed);
}
END_TEST

START_TEST(test_commands_know_their_verb_text_and_place)
{
  struct script_parsed parsed = script_parse_body("boot\n  from_unused 8  -> f  # why\nend");
  const struct sim_command *claim, *end;

  ck_assert_ptr_nonnull(parsed.script);
  claim = parsed.script->body->first->next;
  end = claim->next;
  g_autofree char *text = sim_command_text(claim);
  ck_assert_str_eq(text, "from_unused 8  -> f");
  ck_assert_str_eq(claim->verb->name, "claim");
  ck_assert_int_eq(claim->statement, SIM_STATEMENT_VERB);
  ck_assert_uint_eq(sim_place_line(claim->place), 3);
  ck_assert_uint_eq(sim_place_column(claim->place), 3);
  ck_assert_uint_eq(sim_place_column(sim_command_bind(claim)->place), 21);
  ck_assert_int_eq(end->statement, SIM_STATEMENT_END);
  ck_assert_uint_eq(parsed.script->body->n_commands, 3);
  ck_assert_uint_eq(parsed.script->version, 1);
  script_done(&parsed);
}
END_TEST

START_TEST(test_the_caller_can_replace_the_keys_of_machine)
{
  static const struct sim_verb_syntax keys[] = {{.name = "levels", .grammar = "NUMBER"}, {0}};
  static const struct sim_verb_syntax verbs[] = {
      {.name = "machine", .grammar = "KEYS", .keys = keys}, {0}};
  static const char text[] = "framesim 1\nmachine { levels 4 }";
  g_autoptr(sim_source) source = sim_source_new("t", text, strlen(text));
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(sim_script) script = sim_script_parse(source, verbs, NULL, errors);
  const struct sim_block *block;

  ck_assert_ptr_nonnull(script);
  ck_assert_int_eq(script->body->first->statement, SIM_STATEMENT_MACHINE);
  block = sim_command_block(script->body->first, "KEYS");
  ck_assert_uint_eq(sim_command_expr(sim_block_find(block, "levels"), "NUMBER")->number, 4);
  ck_assert_ptr_null(sim_block_find(block, "ram"));
}
END_TEST

/* ---- Patterns ---- */

START_TEST(test_malformed_patterns_are_refused)
{
  static const char *const patterns[] = {
      "Foo",   "[as TYPE", "as TYPE]", "[]",      "[[as TYPE]]", "(rw|ro",       "(rw|)",
      "ADDR:", "-> NAME",  "->",       "as-TYPE", "[a] ] b",     "NUMBER ; FOO",
  };

  ck_assert_ptr_null(sim_grammar_compile(patterns[_i]));
}
END_TEST

START_TEST(test_the_patterns_of_all_statements_are_well_formed)
{
  const struct sim_verb_syntax *statement = &sim_script_statements[_i];
  g_autoptr(GPtrArray) forms = sim_grammar_compile(statement->grammar);

  ck_assert_ptr_nonnull(forms);
  ck_assert_ptr_nonnull(statement->summary);
  ck_assert(g_str_has_prefix(statement->example, statement->name));
}
END_TEST

START_TEST(test_the_example_of_a_statement_parses)
{
  const char *example = sim_script_statements[_i].example;
  /* Includes need a file, and the version stands first anyway. */
  const char *own = strchr("fi", example[0]) != NULL && example[1] != 'o' ? "boot" : example;
  g_autofree char *body = g_strdup_printf("pool p; pool a; pool b; pool f\n"
                                          "thread A { }\nthread B { }\n%s",
                                          own);
  struct script_parsed parsed = script_parse_body(body);

  ck_assert_msg(parsed.script != NULL, "%s", parsed.script ? "" : script_message(&parsed, 0));
  script_done(&parsed);
}
END_TEST

static TCase *tree_cases(void)
{
  TCase *tcase = tcase_create("tree");

  tcase_add_loop_test(tcase, test_a_command_is_read_by_its_grammar, 0, G_N_ELEMENTS(command_cases));
  tcase_add_loop_test(tcase, test_a_statement_of_the_language_is_read, 0,
                      G_N_ELEMENTS(statement_cases));
  tcase_add_loop_test(tcase, test_operators_bind_as_the_manual_says, 0, G_N_ELEMENTS(expr_cases));
  tcase_add_test(tcase, test_a_word_is_a_name_if_anything_binds_it);
  tcase_add_test(tcase, test_arguments_are_found_by_keyword_or_slot);
  tcase_add_test(tcase, test_commands_know_their_verb_text_and_place);
  tcase_add_test(tcase, test_the_caller_can_replace_the_keys_of_machine);
  return tcase;
}

static TCase *pattern_cases(void)
{
  TCase *tcase = tcase_create("patterns");

  tcase_add_loop_test(tcase, test_malformed_patterns_are_refused, 0, 13);
  tcase_add_loop_test(tcase, test_the_patterns_of_all_statements_are_well_formed, 0, 12);
  tcase_add_loop_test(tcase, test_the_example_of_a_statement_parses, 0, 12);
  return tcase;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("parse");

  suite_add_tcase(suite, tree_cases());
  suite_add_tcase(suite, pattern_cases());
  return suite;
}
