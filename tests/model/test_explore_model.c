/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The explorer against an enumerator that knows no cleverness: for small random programs it
 * tries every choice of what each read reads and every order of the writes, and keeps what the
 * definition of the model allows, in relations written out as matrices.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "tests/unit/explore_litmus.h"

#define MOST 12 /* events, initial writes included */
/* The thread sanitizer makes each fiber anew for each execution, which takes it milliseconds. */
#define PROGRAMS (FM_UNDER_TSAN ? 20 : 400)

typedef bool relation[MOST][MOST];

struct event {
  const struct litmus_step *step; /* NULL: an initial write */
  int thread;                     /* -1: initial */
  int loc;                        /* -1: a fence */
  bool reads;
  bool writes;
  bool may_write; /* a compare-exchange, depending on what it reads */
  int rf;
  uint64_t read;
  uint64_t written;
};

static struct event events[MOST];
static int nr;
static int order[LITMUS_LOCS][MOST]; /* writes of each location */
static int nr_order[LITMUS_LOCS];
static enum sim_explore_model model;
static GHashTable *expected; /* outcome -> how many */

static void list_events(void)
{
  nr = 0;
  for (int loc = 0; loc < LITMUS_LOCS; loc++)
    events[nr++] = (struct event){.thread = -1, .loc = loc, .writes = true};
  for (int thread = 0; thread < (int)litmus.nr; thread++)
    for (uint32_t i = 0; i < litmus.threads[thread].nr; i++) {
      const struct litmus_step *step = &litmus.threads[thread].steps[i];
      events[nr++] = (struct event){.step = step,
                                    .thread = thread,
                                    .loc = step->what == 'F' ? -1 : step->loc,
                                    .reads = strchr("RUC", step->what) != NULL,
                                    .may_write = step->what == 'C'};
    }
}

static bool before(int a, int b)
{
  return events[a].thread == events[b].thread && events[a].thread >= 0 && a < b;
}

static void close_relation(relation r)
{
  for (int k = 0; k < nr; k++)
    for (int i = 0; i < nr; i++)
      for (int j = 0; j < nr; j++)
        r[i][j] = r[i][j] || (r[i][k] && r[k][j]);
}

static bool has_cycle(relation r)
{
  close_relation(r);
  for (int i = 0; i < nr; i++)
    if (r[i][i])
      return true;
  return false;
}

static int place_of(int write)
{
  int loc = events[write].loc;
  for (int i = 0; i < nr_order[loc]; i++)
    if (order[loc][i] == write)
      return i;
  return -1;
}

static bool has_order(int event, enum fm_order wanted)
{
  enum fm_order has =
      events[event].step == NULL ? FM_ORDER_RELAXED : (enum fm_order)events[event].step->order;
  if (model != SIM_EXPLORE_C11)
    return events[event].step == NULL || events[event].step->what != 'F';
  if (events[event].may_write && !events[event].writes)
    return false; /* a failure is relaxed */
  return has == wanted || has == FM_ORDER_ACQ_REL;
}

static bool is_fence(int event)
{
  return events[event].loc < 0;
}

/* Whether a release at `a` synchronises with an acquire at `b`: through a write that is `a` or
 * stands behind it, the read-modify-writes that follow, and a read that is `b` or stands before. */
static bool synchronises(int a, int b)
{
  if (!has_order(a, FM_ORDER_RELEASE) || !has_order(b, FM_ORDER_ACQUIRE))
    return false;
  for (int read = 0; read < nr; read++) {
    if (!events[read].reads || !(read == b || (is_fence(b) && before(read, b))))
      continue;
    for (int write = events[read].rf; write >= 0;
         write = events[write].reads ? events[write].rf : -1)
      if ((write == a && events[a].writes) || (is_fence(a) && before(a, write)))
        return true;
  }
  return false;
}

/* eco: who comes before whom at one location. */
static void fill_communication(relation r)
{
  for (int a = 0; a < nr; a++)
    for (int b = 0; b < nr; b++) {
      bool same = a != b && events[a].loc == events[b].loc && events[a].loc >= 0;
      bool rf = same && events[b].reads && events[b].rf == a;
      bool mo = same && events[a].writes && events[b].writes && place_of(a) < place_of(b);
      bool fr = same && events[a].reads && events[b].writes && place_of(events[a].rf) < place_of(b);
      r[a][b] = rf || mo || fr;
    }
}

static bool is_coherent(void)
{
  relation hb = {{false}};
  relation eco = {{false}};
  relation porf = {{false}};
  for (int a = 0; a < nr; a++)
    for (int b = 0; b < nr; b++) {
      bool first = events[a].thread < 0 && events[b].thread >= 0;
      porf[a][b] = first || before(a, b) || (events[b].reads && events[b].rf == a);
      hb[a][b] = first || before(a, b) || (a != b && synchronises(a, b));
    }
  if (has_cycle(porf))
    return false;
  fill_communication(eco);
  close_relation(eco);
  if (has_cycle(hb))
    return false;
  for (int a = 0; a < nr; a++)
    for (int b = 0; b < nr; b++)
      if (hb[a][b] && eco[b][a])
        return false;
  return true;
}

/* sc and tso: program order, as far as it is kept, and communication have no cycle. */
static bool is_ordered(void)
{
  relation all = {{false}};
  if (model == SIM_EXPLORE_C11)
    return true;
  fill_communication(all);
  bool tso = model == SIM_EXPLORE_TSO;
  for (int a = 0; a < nr; a++)
    for (int b = 0; b < nr; b++) {
      if (tso && events[b].reads && events[b].rf == a && events[a].thread == events[b].thread)
        all[a][b] = events[a].writes && events[b].writes && place_of(a) < place_of(b);
      bool overtakes =
          tso && !events[a].reads && events[a].writes && events[b].reads && !events[b].writes;
      if (!is_fence(a) && !is_fence(b) && before(a, b) && !overtakes)
        all[a][b] = true;
    }
  return !has_cycle(all);
}

/* Values along reads-from; false: they do not agree with who is said to write. */
static bool set_values(void)
{
  for (int turn = 0; turn < nr; turn++)
    for (int i = LITMUS_LOCS; i < nr; i++) {
      struct event *event = &events[i];
      if (event->reads)
        event->read = events[event->rf].written;
      event->written = event->step->what == 'U' ? event->read + 1 : event->step->value;
    }
  for (int i = LITMUS_LOCS; i < nr; i++)
    if (events[i].may_write && events[i].writes != (events[i].read == events[i].step->expected))
      return false;
  return true;
}

static bool is_atomic(void)
{
  for (int i = 0; i < nr; i++)
    if (events[i].reads && events[i].writes && place_of(i) != place_of(events[i].rf) + 1)
      return false;
  return true;
}

static void count(void)
{
  if (!is_atomic() || !is_coherent() || !is_ordered() || !set_values())
    return;
  GString *outcome = g_string_new(NULL);
  for (int i = 0; i < nr; i++)
    if (events[i].reads)
      g_string_append_c(outcome, (char)('0' + events[i].read));
  g_string_append_c(outcome, ';');
  for (int loc = 0; loc < LITMUS_LOCS; loc++)
    g_string_append_c(outcome, (char)('0' + events[order[loc][nr_order[loc] - 1]].written));
  guint seen = GPOINTER_TO_UINT(g_hash_table_lookup(expected, outcome->str));
  g_hash_table_replace(expected, g_strdup(outcome->str), GUINT_TO_POINTER(seen + 1));
  g_string_free(outcome, TRUE);
}

static void try_reads(int event)
{
  while (event < nr && !events[event].reads)
    event++;
  if (event == nr) {
    count();
    return;
  }
  for (int write = 0; write < nr; write++)
    if (write != event && events[write].writes && events[write].loc == events[event].loc) {
      events[event].rf = write;
      try_reads(event + 1);
    }
}

static bool is_placed(int write)
{
  return place_of(write) >= 0;
}

static void try_orders(int loc)
{
  if (loc == LITMUS_LOCS) {
    try_reads(0);
    return;
  }
  bool all = true;
  for (int write = LITMUS_LOCS; write < nr; write++) {
    if (!events[write].writes || events[write].loc != loc || is_placed(write))
      continue;
    all = false;
    order[loc][nr_order[loc]++] = write;
    try_orders(loc);
    nr_order[loc]--;
    order[loc][nr_order[loc]] = -1;
  }
  if (all)
    try_orders(loc + 1);
}

/* Which compare-exchanges succeed. */
static void try_successes(int event)
{
  for (; event < nr; event++) {
    struct event *one = &events[event];
    if (one->thread >= 0)
      one->writes = one->step->what == 'W' || one->step->what == 'U';
    if (one->may_write) {
      for (int success = 0; success < 2; success++) {
        one->writes = success != 0;
        try_successes(event + 1);
        one->writes = success != 0;
      }
      return;
    }
  }
  for (int loc = 0; loc < LITMUS_LOCS; loc++) {
    order[loc][0] = loc;
    nr_order[loc] = 1;
  }
  try_orders(0);
}

/* ---- Random programs ---- */

static void append_step(GString *text, struct sim_rng *rng)
{
  static const char whats[] = "RRRWWWUCF";
  char what = whats[sim_rng_below(rng, sizeof(whats) - 1)];
  char loc = (char)('x' + sim_rng_below(rng, 2));
  g_string_append_c(text, what);
  if (what != 'F')
    g_string_append_c(text, loc);
  if (what == 'C')
    g_string_append_c(text, (char)('0' + sim_rng_below(rng, 3)));
  if (what == 'W' || what == 'C')
    g_string_append_c(text, (char)('1' + sim_rng_below(rng, 2)));
  uint64_t kind = sim_rng_below(rng, 4);
  bool acquires = strchr("RUCF", what) != NULL;
  bool releases = strchr("WUCF", what) != NULL;
  if (what == 'F')
    kind = 1 + sim_rng_below(rng, 3);
  if (kind == 1 && acquires)
    g_string_append_c(text, 'a');
  else if (kind == 2 && releases)
    g_string_append_c(text, 'r');
  else if (kind == 3 && acquires && releases)
    g_string_append_c(text, 'b');
}

static char *make_program(struct sim_rng *rng)
{
  static const int shapes[][4] = {{3, 3, 0, 0}, {2, 2, 2, 0}, {4, 2, 0, 0}, {1, 2, 3, 0},
                                  {3, 4, 0, 0}, {1, 1, 2, 2}, {4, 3, 0, 0}, {2, 2, 3, 0}};
  const int *shape = shapes[sim_rng_below(rng, G_N_ELEMENTS(shapes))];
  GString *text = g_string_new(NULL);
  for (int thread = 0; thread < 4 && shape[thread] != 0; thread++) {
    g_string_append(text, thread == 0 ? "" : " |");
    for (int i = 0; i < shape[thread]; i++) {
      g_string_append_c(text, ' ');
      append_step(text, rng);
    }
  }
  return g_string_free(text, FALSE);
}

static void compare(const char *program, const struct sim_explore_result *result)
{
  GHashTableIter iter;
  gpointer key;
  gpointer value;
  uint64_t all = 0;
  g_hash_table_iter_init(&iter, expected);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    all += GPOINTER_TO_UINT(value);
    ck_assert_msg(g_hash_table_lookup(litmus.outcomes, key) == value,
                  "%s by %s: outcome %s has %u executions, and %u were found", program,
                  sim_explore_model_name(model), (const char *)key, GPOINTER_TO_UINT(value),
                  GPOINTER_TO_UINT(g_hash_table_lookup(litmus.outcomes, key)));
  }
  ck_assert_msg(result->complete == all, "%s by %s: %u executions, and %u were found", program,
                sim_explore_model_name(model), (unsigned)all, (unsigned)result->complete);
}

START_TEST(random_programs_have_the_executions_of_the_definition)
{
  const char *given = getenv("FM_TEST_SEED");
  uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 8;
  struct sim_rng rng;
  sim_rng_init(&rng, seed, "explore");
  model = (enum sim_explore_model)_i;
  if (FM_UNDER_TSAN)
    printf("# %d programs only, under the thread sanitizer\n", PROGRAMS);
  for (int i = 0; i < PROGRAMS; i++) {
    char *program = make_program(&rng);
    struct sim_explore_options options;
    struct sim_explore_result result;
    sim_explore_options_init(&options);
    options.model = model;
    litmus_parse(program);
    list_events();
    memset(order, 0xff, sizeof(order));
    expected = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    try_successes(0);
    litmus_run(&options, &result);
    compare(program, &result);
    litmus_clear(&result);
    g_hash_table_unref(expected);
    g_free(program);
  }
}
END_TEST

/* Each outcome in turn is a finding: its execution is laid out as a schedule, and running that
 * gives this outcome again. */
START_TEST(every_outcome_can_be_run_again)
{
  struct sim_rng rng;
  sim_rng_init(&rng, 9, "again");
  for (int i = 0; i < PROGRAMS / 4; i++) {
    char *program = make_program(&rng);
    struct sim_explore_options options;
    struct sim_explore_result result;
    sim_explore_options_init(&options);
    options.model = (enum sim_explore_model)_i;
    litmus_parse(program);
    litmus_run(&options, &result);
    GList *outcomes = g_hash_table_get_keys(litmus.outcomes);
    GHashTable *kept = g_steal_pointer(&litmus.outcomes);
    sim_explore_result_clear(&result);
    for (GList *outcome = outcomes; outcome != NULL; outcome = outcome->next) {
      litmus.bad = outcome->data;
      litmus.judged_bad = 0;
      options.all = true;
      litmus_run(&options, &result);
      ck_assert_int_eq(result.verdict, SIM_EXPLORE_VIOLATED);
      ck_assert_str_eq(result.first->finding.text, litmus.bad);
      ck_assert_str_eq(result.shortest->finding.text, litmus.bad);
      ck_assert_msg(litmus.judged_bad == result.findings + 2, "%s by %s: %s is not run again",
                    program, sim_explore_model_name(options.model), litmus.bad);
      litmus_clear(&result);
    }
    litmus.bad = NULL;
    g_list_free(outcomes);
    g_hash_table_unref(kept);
    g_free(program);
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("explore_model");
  TCase *tcase = tcase_create("model");
  tcase_set_timeout(tcase, 120);
  tcase_add_loop_test(tcase, random_programs_have_the_executions_of_the_definition, 0,
                      SIM_EXPLORE_MODELS);
  tcase_add_loop_test(tcase, every_outcome_can_be_run_again, 0, SIM_EXPLORE_MODELS);
  suite_add_tcase(suite, tcase);
  return suite;
}
