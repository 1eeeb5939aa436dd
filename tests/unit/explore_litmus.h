/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Litmus tests: threads that do atomic accesses to the locations x, y and z, all 0 before.
 *
 *   Rx     read x, relaxed                 Wx1    write 1
 *   Ux     add 1 to x                      Cx12   compare-exchange of x from 1 to 2
 *   F      fence                           Nx Px1 plain read and write
 *
 * A letter behind it is the order: a acquire, r release, b both.  Threads stand between bars, as
 * in "Wx1 Wy1r | Rya Rx".  The outcome of an execution is what was read, in that order, and
 * behind a semicolon the last values of x, y and z: "11;110".
 */
#ifndef FM_TESTS_UNIT_EXPLORE_LITMUS_H
#define FM_TESTS_UNIT_EXPLORE_LITMUS_H

#include <string.h>

#include "sim/explore/explore.h"
#include "tests/suite.h"

#define LITMUS_LOCS  3
#define LITMUS_STEPS 32 /* of one thread */

struct litmus_step {
  char what; /* R W U C F N P */
  uint8_t loc;
  uint8_t value;
  uint8_t expected;
  uint8_t order; /* enum fm_order */
};

struct litmus_thread {
  struct litmus_step steps[LITMUS_STEPS];
  uint32_t nr;
  uint32_t reads;
  char read[LITMUS_STEPS + 1];
};

struct litmus {
  struct litmus_thread threads[SIM_EXPLORE_THREADS];
  uint32_t nr;
  struct {
    uint64_t word;
    uint64_t padding[7];
  } locs[LITMUS_LOCS];
  GHashTable *outcomes; /* text -> how many executions, as a pointer */
  char *bad;            /* an outcome that is a finding; NULL: none */
  uint32_t judged_bad;
};

static struct litmus litmus;

static void litmus_access(struct litmus_thread *thread, const struct litmus_step *step)
{
  static const struct {
    char what;
    enum fm_access_kind kind;
    enum fm_site site;
  } kinds[] = {
      {'R', FM_ACCESS_LOAD, FM_SITE_COUNT_LOAD},  {'W', FM_ACCESS_STORE, FM_SITE_LIST_MARK},
      {'U', FM_ACCESS_ADD, FM_SITE_CLONE_INC},    {'C', FM_ACCESS_CAS, FM_SITE_CLAIM_CAS},
      {'F', FM_ACCESS_FENCE, FM_SITE_DROP_FENCE}, {'N', FM_ACCESS_READ, FM_SITE_IO_READ},
      {'P', FM_ACCESS_WRITE, FM_SITE_IO_WRITE},
  };
  uint64_t value = step->value;
  struct fm_access access = {.order = (enum fm_order)step->order,
                             .size = sizeof(uint64_t),
                             .where = &litmus.locs[step->loc].word,
                             .buffer = &value,
                             .operand = step->what == 'U' ? 1 : step->value,
                             .expected = step->expected};
  for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (kinds[i].what == step->what) {
      access.kind = kinds[i].kind;
      access.site = kinds[i].site;
    }
  fm_hook_access(&access);
  if (strchr("RUCN", step->what) != NULL)
    thread->read[thread->reads++] = (char)('0' + access.seen);
}

static void litmus_body(void *data)
{
  struct litmus_thread *thread = data;
  for (uint32_t i = 0; i < thread->nr; i++)
    litmus_access(thread, &thread->steps[i]);
}

static void litmus_reset(void *data)
{
  (void)data;
  for (uint32_t i = 0; i < litmus.nr; i++)
    litmus.threads[i].reads = 0;
}

static bool litmus_judge(sim_explore *explore, GString *text, void *data)
{
  (void)explore;
  (void)data;
  GString *outcome = g_string_new(NULL);
  for (uint32_t i = 0; i < litmus.nr; i++)
    g_string_append_len(outcome, litmus.threads[i].read, litmus.threads[i].reads);
  g_string_append_c(outcome, ';');
  for (uint32_t i = 0; i < LITMUS_LOCS; i++)
    g_string_append_c(outcome, (char)('0' + litmus.locs[i].word));
  guint before = GPOINTER_TO_UINT(g_hash_table_lookup(litmus.outcomes, outcome->str));
  g_hash_table_replace(litmus.outcomes, g_strdup(outcome->str), GUINT_TO_POINTER(before + 1));
  bool bad = litmus.bad != NULL && strcmp(outcome->str, litmus.bad) == 0;
  litmus.judged_bad += bad;
  if (bad)
    g_string_append(text, outcome->str);
  g_string_free(outcome, TRUE);
  return !bad;
}

static void litmus_step_parse(struct litmus_thread *thread, const char *text)
{
  struct litmus_step *step = &thread->steps[thread->nr++];
  ck_assert_uint_le(thread->nr, LITMUS_STEPS);
  *step = (struct litmus_step){.what = *text++, .order = FM_ORDER_RELAXED};
  if (*text >= 'x' && *text <= 'z')
    step->loc = (uint8_t)(*text++ - 'x');
  if (step->what == 'C')
    step->expected = (uint8_t)(*text++ - '0');
  if (strchr("WCP", step->what) != NULL)
    step->value = (uint8_t)(*text++ - '0');
  if (*text != '\0')
    step->order = *text == 'a'   ? FM_ORDER_ACQUIRE
                  : *text == 'r' ? FM_ORDER_RELEASE
                                 : FM_ORDER_ACQ_REL;
  if (strchr("NP", step->what) != NULL)
    step->order = FM_ORDER_PLAIN;
}

static void litmus_parse(const char *text)
{
  memset(&litmus, 0, sizeof(litmus));
  char **threads = g_strsplit(text, "|", -1);
  for (char **thread = threads; *thread != NULL; thread++) {
    char **words = g_strsplit_set(*thread, " ", -1);
    for (char **word = words; *word != NULL; word++)
      if (**word != '\0')
        litmus_step_parse(&litmus.threads[litmus.nr], *word);
    g_strfreev(words);
    litmus.nr++;
  }
  g_strfreev(threads);
}

/* Searches; the outcomes are in litmus.outcomes until litmus_clear(). */
static void litmus_run(const struct sim_explore_options *options, struct sim_explore_result *ret)
{
  struct sim_explore_thread threads[SIM_EXPLORE_THREADS];
  GError *error = NULL;
  for (uint32_t i = 0; i < litmus.nr; i++)
    threads[i] = (struct sim_explore_thread){
        .name = &"A\0B\0C\0D\0E\0F\0G\0H"[2 * i], .body = litmus_body, .data = &litmus.threads[i]};
  struct sim_explore_program program = {
      .threads = threads, .nr_threads = litmus.nr, .reset = litmus_reset, .judge = litmus_judge};
  litmus.outcomes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  if (!sim_explore_run(&program, options, ret, &error))
    ck_abort_msg("%s", error->message);
}

static void litmus_clear(struct sim_explore_result *result)
{
  sim_explore_result_clear(result);
  g_hash_table_unref(litmus.outcomes);
  litmus.outcomes = NULL;
}

#endif
