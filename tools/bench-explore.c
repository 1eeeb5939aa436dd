/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite explore: complete searches of small programs on one slot, each repeated for a second
 * in every round, and of two programs that have more than 100,000 executions.
 */
#include <stdlib.h>
#include <time.h>

#include "sim/explore/explore.h"
#include "tools/bench.h"

#define FRAME  UINT64_C(0x10000000)
#define SECOND 1e9
#define ACTORS 9u

enum step { END, CLAIM, GET, READ, DROP, UNIQUE };

struct program {
  const char *name;
  uint8_t given; /* so many threads, from the first on, begin with a handle */
  uint8_t nr;
  uint8_t workers; /* 0: as many as the host has cores */
  bool large;      /* once a round */
  enum step steps[ACTORS][4];
};

#define DROPPER                                                                                    \
  {                                                                                                \
    DROP                                                                                           \
  }
#define OWNER                                                                                      \
  {                                                                                                \
    CLAIM, DROP                                                                                    \
  }
#define GETTER                                                                                     \
  {                                                                                                \
    GET, DROP                                                                                      \
  }

static const struct program programs[] = {
    {"claim || get, read", 0, 2, 1, false, {{CLAIM}, {GET, READ}}},
    {"claim, drop || get, drop", 0, 2, 1, false, {OWNER, GETTER}},
    {"2 read, drop", 2, 2, 1, false, {{READ, DROP}, {READ, DROP}}},
    {"drop || drop, claim", 2, 2, 1, false, {DROPPER, {DROP, CLAIM}}},
    {"2 claim, drop", 0, 2, 1, false, {OWNER, OWNER}},
    {"drop || get, drop || claim, drop", 1, 3, 1, false, {DROPPER, GETTER, OWNER}},
    {"read, drop || unique, drop", 2, 2, 1, false, {{READ, DROP}, {UNIQUE, DROP}}},
    {"5 drop", 5, 5, 1, false, {DROPPER, DROPPER, DROPPER, DROPPER, DROPPER}},
    {"9 drop",
     9,
     9,
     1,
     true,
     {DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER}},
    {"9 drop, all cores",
     9,
     9,
     0,
     true,
     {DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER, DROPPER}},
    {"6 claim, drop", 0, 6, 1, true, {OWNER, OWNER, OWNER, OWNER, OWNER, OWNER}},
    {"6 claim, drop, all cores", 0, 6, 0, true, {OWNER, OWNER, OWNER, OWNER, OWNER, OWNER}},
};

struct actor {
  const enum step *steps;
  struct fm_slot *slot;
  bool given;
  bool has;
  bool unique;
};

static struct actor actors[ACTORS];
static sim_machine *machine;

static void drop(struct actor *actor, const struct fm_ops *ops, struct fm_kernel *kernel)
{
  if (actor->unique)
    ops->unique_drop(kernel, (struct fm_unique){actor->slot});
  else
    ops->frame_drop(kernel, fm_frame_of_slot(actor->slot));
  actor->has = false;
}

static void act(struct actor *actor, enum step step)
{
  const struct fm_ops *ops = sim_machine_ops(machine);
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct fm_unique unique;
  if (step == CLAIM)
    actor->has = ops->claim(kernel, fm_paddr_of(FRAME), fm_meta_empty(FM_META_ANON), NULL, false,
                            &actor->slot) == FM_GET_OK;
  else if (step == GET)
    actor->has = ops->get(kernel, fm_paddr_of(FRAME), &actor->slot) == FM_GET_OK;
  else if (!actor->has)
    return;
  else if (step == READ)
    (void)ops->frame_has_type(kernel, fm_frame_of_slot(actor->slot), FM_META_ANON);
  else if (step == DROP)
    drop(actor, ops, kernel);
  else if (ops->unique_from_frame(fm_frame_of_slot(actor->slot), &unique))
    actor->unique = true;
}

static void body(void *data)
{
  struct actor *actor = data;
  for (const enum step *step = actor->steps; *step != END; step++)
    act(actor, *step);
}

static void reset(void *data)
{
  const struct program *program = data;
  for (unsigned i = 0; i < program->nr; i++) {
    actors[i].has = actors[i].given;
    actors[i].unique = false;
    actors[i].slot = fm_slot_at(fm_paddr_of(FRAME));
  }
}

/* One complete search; nothing may be found. */
static void search(const struct program *program, struct sim_explore_result *ret)
{
  struct sim_explore_thread threads[ACTORS];
  struct sim_explore_options options;
  for (unsigned i = 0; i < program->nr; i++) {
    actors[i].steps = program->steps[i];
    actors[i].given = i < program->given;
    threads[i] = (struct sim_explore_thread){
        .name = "thread", .cpu = i % 2, .body = body, .data = &actors[i]};
  }
  const struct sim_explore_program explored = {.machine = machine,
                                               .threads = threads,
                                               .nr_threads = program->nr,
                                               .reset = reset,
                                               .data = (void *)(uintptr_t)program};
  sim_explore_options_init(&options);
  options.workers = program->workers;
  if (!sim_explore_run(&explored, &options, ret, NULL) || ret->verdict != SIM_EXPLORE_HELD)
    abort();
}

/* As many handles as the program begins with. */
static void give_handles(const struct program *program)
{
  const struct fm_ops *ops = &fm_ops_native;
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct fm_slot *slot = NULL;
  if (program->given == 0)
    return;
  if (ops->claim(kernel, fm_paddr_of(FRAME), fm_meta_empty(FM_META_ANON), NULL, false, &slot) !=
      FM_GET_OK)
    abort();
  for (unsigned i = 1; i < program->given; i++)
    (void)ops->frame_clone(fm_frame_of_slot(slot));
}

static void take_handles(const struct program *program)
{
  for (unsigned i = 0; i < program->given; i++)
    fm_ops_native.frame_drop(sim_machine_kernel(machine),
                             fm_frame_of_slot(fm_slot_at(fm_paddr_of(FRAME))));
}

/* Of one core: its own time, whoever else wants it; of all: that on the wall. */
static double now_ns(const struct program *program)
{
  struct timespec now;
  if (program->workers != 1)
    return bench_now_ns();
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds for each execution, and for each distinct one. */
static void measure(const struct program *program, double *ret_ns, double *ret_distinct_ns,
                    double *ret_count)
{
  double start = now_ns(program);
  double runs = 0;
  double distinct = 0;
  double ns;
  do {
    struct sim_explore_result result;
    search(program, &result);
    runs += (double)result.runs;
    distinct += (double)result.distinct;
    *ret_count = (double)result.distinct;
    sim_explore_result_clear(&result);
    ns = now_ns(program) - start;
  } while (ns < SECOND && !program->large);
  *ret_ns = ns / runs;
  *ret_distinct_ns = ns / distinct;
}

GArray *bench_explore(unsigned rounds, GError **error)
{
  machine = bench_machine(FM_ALLOCATOR_NONE, 2, error);
  if (machine == NULL)
    return NULL;
  sim_machine_set_ops(machine, &fm_ops_instrumented);
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct bench_row));
  double *ns = g_new(double, rounds);
  double *distinct_ns = g_new(double, rounds);
  for (size_t i = 0; i < G_N_ELEMENTS(programs); i++) {
    double count = 0;
    give_handles(&programs[i]);
    for (unsigned round = 0; round < rounds; round++)
      measure(&programs[i], &ns[round], &distinct_ns[round], &count);
    take_handles(&programs[i]);
    struct bench_row row = bench_row_of(programs[i].name, ns, distinct_ns, rounds);
    row.count = count;
    g_array_append_val(rows, row);
  }
  g_free(ns);
  g_free(distinct_ns);
  machine = sim_machine_free(machine);
  return rows;
}
