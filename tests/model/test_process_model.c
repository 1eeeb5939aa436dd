/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two processes and three pages, exhaustively: every sequence of up to DEPTH operations
 * (map private or shared, unmap, read, write, fork, start, exit) against a model that only
 * knows which byte is where.
 *
 * After each step the answer, the areas and all bytes are those of the model, no process may
 * write a private frame that another one sees, and no access went through a stale entry of a
 * TLB; each process has a CPU of its own.  At the end of each sequence all processes exit, and
 * all memory is back.
 *
 * Three things are left out.  Pages are alike, so the first use of page 1 comes behind that
 * of page 0, and of page 2 behind that.  Processes are alike, so if there is none, A starts.
 * And an operation that is refused changes nothing, so it is tried in every state, and the
 * state is compared, but no sequence goes on behind it.
 */
#include <fm_config.h>

#include "tests/unit/process_support.h"

/* The first step always is a start.  Sanitizers take ten times as long. */
enum { DEPTH = FM_UNDER_ASAN || FM_UNDER_TSAN ? 5 : 7, PAGES = 3, PROCESSES = 2 };

enum kind { MAP_PRIVATE, MAP_SHARED, UNMAP, READ, WRITE, PROTECT, FORK, START, EXIT };

struct step {
  enum kind kind;
  unsigned who, page;
};

/* ---- The model ---- */

struct model_page {
  bool mapped, shared, touched;
  uint8_t byte;    /* private */
  unsigned object; /* shared: whose byte it is */
};

struct model {
  bool alive[PROCESSES];
  struct model_page pages[PROCESSES][PAGES];
  uint8_t objects[DEPTH];
  unsigned nr_objects, nr_used; /* pages that were used yet */
};

static uint8_t *byte_of(struct model *model, struct model_page *at)
{
  return at->shared ? &model->objects[at->object] : &at->byte;
}

/* What the step answers; *ret_byte is what it reads.  `value` is what it writes. */
static enum sim_os_answer model_page_step(struct model *model, struct step step, uint8_t value,
                                          uint8_t *ret_byte)
{
  struct model_page *at = &model->pages[step.who][step.page];
  model->nr_used = MAX(model->nr_used, step.page + 1);
  switch (step.kind) {
  case MAP_PRIVATE:
  case MAP_SHARED:
    if (at->mapped)
      return SIM_OS_MAPPED;
    *at = (struct model_page){.mapped = true, .shared = step.kind == MAP_SHARED};
    if (at->shared)
      model->objects[at->object = model->nr_objects++] = 0;
    return SIM_OS_OK;
  case PROTECT:
    return at->mapped ? SIM_OS_OK : SIM_OS_NOT_MAPPED;
  case UNMAP:
    at->mapped = false;
    return SIM_OS_OK;
  default:
    if (!at->mapped)
      return SIM_OS_FAULT;
    at->touched = true;
    if (step.kind == WRITE)
      *byte_of(model, at) = value;
    *ret_byte = *byte_of(model, at);
    return SIM_OS_OK;
  }
}

static enum sim_os_answer model_step(struct model *model, struct step step, uint8_t value,
                                     uint8_t *ret_byte)
{
  if (step.kind < FORK)
    return model_page_step(model, step, value, ret_byte);
  if (step.kind == FORK)
    memcpy(model->pages[!step.who], model->pages[step.who], sizeof(model->pages[0]));
  else
    memset(model->pages[step.who], 0, sizeof(model->pages[0]));
  model->alive[step.kind == FORK ? !step.who : step.who] = step.kind != EXIT;
  return SIM_OS_OK;
}

/* ---- The system ---- */

static struct sim_process *processes[PROCESSES];
static struct step path[DEPTH + 1];
static unsigned length;
static uint64_t nr_sequences;

static enum sim_os_answer real_page_step(struct step step, uint8_t value, uint8_t *ret_byte)
{
  struct sim_process *process = processes[step.who];
  uint64_t va = page(step.page);
  switch (step.kind) {
  case MAP_PRIVATE:
  case MAP_SHARED:
    return sim_process_map(os, process, va, FM_PAGE_SIZE, RIGHTS_RW, step.kind == MAP_SHARED);
  case PROTECT:
    return sim_process_protect(os, process, va, FM_PAGE_SIZE, RIGHTS_RW, true);
  case UNMAP:
    return sim_process_unmap(os, process, va, FM_PAGE_SIZE, true);
  case READ:
    return try_read(process, va, ret_byte);
  default:
    *ret_byte = value;
    return try_write(process, va, value);
  }
}

static enum sim_os_answer real_step(struct step step, uint8_t value, uint8_t *ret_byte)
{
  sim_cpu_enter(test_machine, step.who);
  switch (step.kind) {
  case FORK:
    return sim_process_fork(os, processes[step.who], "child", true, &processes[!step.who]);
  case START:
    return sim_process_new(os, "new", &processes[step.who]);
  case EXIT:
    sim_process_exit(os, processes[step.who]);
    return SIM_OS_OK;
  default:
    return real_page_step(step, value, ret_byte);
  }
}

/* ---- Comparing ---- */

static void complain(const char *what)
{
  static const char *const names[] = {"map private", "map shared", "unmap", "read", "write",
                                      "protect",     "fork",       "start", "exit"};
  GString *text = g_string_new(what);
  for (unsigned i = 0; i < length; i++)
    g_string_append_printf(text, "; %s %c%u", names[path[i].kind], 'A' + (int)path[i].who,
                           path[i].page);
  ck_abort_msg("%s", text->str);
}

static void compare_page(struct model *model, unsigned who, unsigned number)
{
  struct model_page *at = &model->pages[who][number];
  const struct sim_process *process = processes[who];
  struct sim_request request = {.va = page(number), .user = true, .quiet = true};
  struct sim_translation walk;
  struct sim_fault why;
  const struct sim_area *area = sim_area_at(process, request.va);
  if ((area != NULL) != at->mapped || (area != NULL && area->shared != at->shared))
    complain("the area is another one");
  bool there =
      sim_mmu_walk(test_machine, fm_slot_paddr(process->space.root.slot), request, &walk, &why);
  if (there != (at->mapped && (at->shared || at->touched)))
    complain(there ? "a page is there" : "a page is not there");
  if (!there)
    return;
  if (*(uint8_t *)fm_linear(walk.paddr, 1) != *byte_of(model, at))
    complain("another byte is there");
  if (at->shared && !walk.writable)
    complain("a shared page may not be written");
  if (!at->shared && walk.writable && fm_slot_at(walk.paddr)->ref_count != 1)
    complain("a private page that others see may be written");
}

static void compare(struct model *model)
{
  for (unsigned who = 0; who < PROCESSES; who++)
    for (unsigned i = 0; i < PAGES && model->alive[who]; i++)
      compare_page(model, who, i);
  if (events.nr_stale != 0)
    complain("an access through a stale entry");
}

/* Does the last step of the path, in both. */
static void do_step(struct model *model, unsigned index)
{
  uint8_t wanted = 0, byte = 0;
  enum sim_os_answer answer = model_step(model, path[index], (uint8_t)(index + 1), &wanted);
  enum sim_os_answer real = real_step(path[index], (uint8_t)(index + 1), &byte);
  if (real != answer || (path[index].kind == READ && answer == SIM_OS_OK && byte != wanted))
    complain(sim_os_answer_name(real));
}

/* ---- All sequences ---- */

static bool changes(const struct model *model, struct step step)
{
  const struct model_page *at = &model->pages[step.who][step.page];
  switch (step.kind) {
  case MAP_PRIVATE:
  case MAP_SHARED:
    return !at->mapped;
  case PROTECT:
    return false; /* tried only where there is nothing */
  default:
    return at->mapped;
  }
}

/* In this state: what is refused, or finds nothing to do. */
static void try_refused(struct model *model)
{
  for (unsigned who = 0; who < PROCESSES; who++) {
    for (unsigned i = 0; i < MIN(model->nr_used + 1, PAGES) && model->alive[who]; i++) {
      for (enum kind kind = MAP_PRIVATE; kind < FORK; kind++) {
        struct model copy = *model;
        path[length] = (struct step){kind, who, i};
        if (changes(model, path[length]) || (kind == PROTECT && model->pages[who][i].mapped))
          continue;
        length++;
        do_step(&copy, length - 1);
        compare(model);
        length--;
      }
    }
  }
}

static void start_over(struct model *model)
{
  exit_all();
  if (ops->free_bytes(test_kernel()) != free_before)
    complain("memory is lost");
  memset(model, 0, sizeof(*model));
}

/* Runs the path from the beginning: the steps before the last were compared before. */
static void run_path(struct model *ret)
{
  memset(ret, 0, sizeof(*ret));
  for (unsigned i = 0; i < length; i++)
    do_step(ret, i);
  compare(ret);
  struct model end = *ret;
  if (length < DEPTH)
    try_refused(&end);
  start_over(&end);
  nr_sequences++;
}

static void explore(void);

static void go_on(enum kind kind, unsigned who, unsigned number)
{
  path[length++] = (struct step){kind, who, number};
  explore();
  length--;
}

static void go_on_with_pages(const struct model *model, unsigned who)
{
  for (unsigned i = 0; i < MIN(model->nr_used + 1, PAGES); i++)
    for (enum kind kind = MAP_PRIVATE; kind < FORK; kind++)
      if (changes(model, (struct step){kind, who, i}))
        go_on(kind, who, i);
}

static void explore(void)
{
  struct model model;
  run_path(&model);
  if (length == DEPTH)
    return;
  for (unsigned who = 0; who < PROCESSES; who++) {
    if (!model.alive[who]) {
      if (who == 0 || model.alive[0])
        go_on(START, who, 0);
      continue;
    }
    go_on_with_pages(&model, who);
    if (length + 1 < DEPTH) /* all exit at the end anyway */
      go_on(EXIT, who, 0);
    if (!model.alive[!who])
      go_on(FORK, who, 0);
  }
}

static void setup(void)
{
  process_boot(TEST_RAM, PROCESSES, 0);
  os->events.touch = NULL; /* for speed */
}

START_TEST(every_sequence_of_steps_does_what_the_model_does)
{
  length = 0;
  nr_sequences = 0;
  explore();
  ck_assert_uint_eq(nr_sequences, DEPTH == 7 ? 459702 : 2610);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("process model");
  TCase *tc = tcase_create("process model");
  tcase_set_timeout(tc, 120);
  tcase_add_checked_fixture(tc, setup, process_teardown);
  tcase_add_test(tc, every_sequence_of_steps_does_what_the_model_does);
  suite_add_tcase(suite, tc);
  return suite;
}
