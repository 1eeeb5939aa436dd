/* SPDX-License-Identifier: MPL-2.0 */
/* What the files of the interpreter share among themselves. */
#ifndef SIM_SCRIPT_INTERP_H
#define SIM_SCRIPT_INTERP_H

#include <sim/sched.h>

#include "sim/bootmap/bootmap.h"
#include "sim/museum/museum.h"
#include "sim/rng.h"
#include "sim/script/handle.h"
#include "sim/script/run.h"

#define SIM_FINDINGS_MAX 20u

/* ---- Values ---- */

enum sim_value_kind { SIM_VALUE_NUMBER, SIM_VALUE_WORD, SIM_VALUE_STRING, SIM_VALUE_HANDLE };

struct sim_value {
  enum sim_value_kind kind;
  uint64_t number;
  const char *text; /* word or string; borrowed, lives as long as the run */
  struct sim_handle *handle;
};

/* ---- Handles ---- */

/* What a name stands for. */
enum sim_binding_kind {
  SIM_BINDING_HANDLE,
  SIM_BINDING_VALUE,
  SIM_BINDING_POOL,
  SIM_BINDING_GONE, /* owned a handle once: its frame's address still is known */
};

struct sim_binding {
  enum sim_binding_kind kind;
  struct sim_handle *handle; /* owned */
  struct sim_value value;
  GPtrArray *pool;    /* struct sim_handle *, owned */
  fm_paddr gone;      /* SIM_BINDING_GONE: the frame */
  bool gone_frame;    /* there was one: no list, no process */
  uint64_t gone_step; /* and the step that consumed the handle */
};

/* ---- Execution ---- */

enum sim_flow {
  SIM_FLOW_NEXT, /* go on with the next command */
  SIM_FLOW_STOP, /* the run is over: the end, an error, or --until */
};

/* The last change of a frame, and the one before. */
struct sim_change {
  uint64_t step;
  const struct sim_command *command;
  uint64_t earlier_step;
  const struct sim_command *earlier; /* NULL: there was none */
};

/* A frame that a command works on.  While threads run, others change it too; then only
 * what this command's own accesses did to the count is told. */
struct sim_touch {
  fm_paddr frame;
  struct fm_slot_view before;
  bool wrote; /* the count */
  uint64_t count_after;
  bool wrote_other; /* another field of the slot */
};

/* The answer of a command that may fail in a documented way. */
struct sim_answer {
  bool failed;
  const char *error; /* "InUse", ...: static; NULL if it succeeded */
};

/* One of the CPUs that run script commands: the main program, or a thread. */
struct sim_cpu {
  const char *name; /* "main" or the thread's */
  uint32_t id;
  uint64_t step; /* the one it executes */
  const struct sim_command *command;
  GArray *touched;     /* struct sim_touch: frames that the command may change */
  GHashTable *touches; /* frame number + 1 -> index in it, + 1 */
  GString *output;     /* what it said; delivered behind the step's own line */
  GPtrArray *pending;  /* messages of findings, which wait for that line too */
  GArray *breaches;    /* struct sim_contract_breach of the step, not told yet */
  bool in_step;
  bool orphaned;      /* the kernel ended under its operation, on another CPU */
  GHashTable *locals; /* names of `for` loops that run here -> uint64_t * */
  bool panicked;      /* the command ended the kernel */
  bool unwound;       /* a destructor failed in it */
  /* Durable handles (durable.h): of the step under way. */
  struct sim_entry *reserved; /* for its result; or NULL */
  GPtrArray *intents;         /* struct sim_entry: what it is about is written there */
  GPtrArray *leaving;         /* struct sim_entry: will be free when it ends */
  /* Inside `expect error`/`expect panic`: answers are looked at, not reported. */
  guint expecting;
  struct sim_answer answer;
};

struct sim_run {
  const sim_script *script;
  struct sim_run_options options;
  uint64_t seed;
  const char *title;

  sim_bootmap *map;
  struct sim_config config;
  bool machine_given;
  const struct sim_museum_variant *variant; /* that boots next; NULL: the present form */
  const struct sim_museum_variant *booted;  /* that has booted, or is about to */
  struct fm_ops variant_ops;
  sim_machine *machine;
  struct fm_kernel *kernel;
  sim_os *os; /* NULL until a command needs it */
  bool needs_hooks;
  enum sim_check_level check;
  sim_contract *contract; /* of the machine; NULL: unchecked */
  const char *clause;     /* that the finding under way is about; NULL: none */
  uint64_t boots;         /* machines that have booted */

  GHashTable *names;   /* char * -> struct sim_binding * */
  GPtrArray *nameless; /* struct sim_handle *: results that no name received */
  GHashTable *changes; /* frame number -> struct sim_change * */
  uint64_t mass_step;  /* the last workload, whose frames `changes` does not have; 0: none */
  const struct sim_command *mass;
  GHashTable *streams; /* name -> struct sim_rng * */
  GHashTable *chooses; /* struct sim_command * -> stream name */
  GHashTable *texts;   /* interned strings of values */
  GHashTable *allowed; /* names that `end expecting leak` lists; NULL: no `end` yet */

  struct sim_cpu main;
  struct sim_cpu *cpu; /* who runs now */
  sim_sched *sched;    /* while a thread group runs */
  guint until_site;    /* enum fm_site, FM_SITE_COUNT: none */

  uint64_t steps;
  uint64_t expectations;
  uint64_t findings;
  GArray *found;     /* struct sim_run_found */
  GArray *questions; /* struct sim_question */
  bool script_error;
  bool bad_input; /* and the error is one of a file that the script needs */
  bool limit;
  bool no_boot;
  bool waits; /* the error is that a thread waits for one that rests */
  bool stopped_early;
  bool interrupted;
  bool torn;          /* an operation did not come to its end: the file needs a repair */
  bool resumed;       /* the machine was there before */
  GPtrArray *orphans; /* struct sim_handle: of the runs before, which nobody has adopted */
  bool abandoning;    /* threads that rest are being sent home */
  guint on_cpu;       /* `on cpu` blocks around the command */
};

/* Tells the watchers. */
static inline void sim_run_tell_begin(sim_run *run)
{
  const struct sim_run_watcher *watcher = run->options.watchers;
  for (; watcher != NULL; watcher = watcher->next)
    if (watcher->begin != NULL)
      watcher->begin(run, watcher->data);
}

static inline void sim_run_tell_access(sim_run *run, const struct fm_access *access)
{
  const struct sim_run_watcher *watcher = run->options.watchers;
  for (; watcher != NULL; watcher = watcher->next)
    if (watcher->access != NULL)
      watcher->access(run, access, watcher->data);
}

static inline void sim_run_tell_between(sim_run *run)
{
  const struct sim_run_watcher *watcher = run->options.watchers;
  for (; watcher != NULL; watcher = watcher->next)
    if (watcher->between != NULL)
      watcher->between(run, watcher->data);
}

static inline void sim_run_tell_memory(sim_run *run, enum fm_memory_event event, fm_paddr start,
                                       uint64_t size)
{
  const struct sim_run_watcher *watcher = run->options.watchers;
  for (; watcher != NULL; watcher = watcher->next)
    if (watcher->memory != NULL)
      watcher->memory(run, event, start, size, watcher->data);
}

static inline void sim_run_tell_end(sim_run *run)
{
  const struct sim_run_watcher *watcher = run->options.watchers;
  for (; watcher != NULL; watcher = watcher->next)
    if (watcher->end != NULL)
      watcher->end(run, watcher->data);
}

/* ---- report.c ---- */

/* Output waits for sim_run_flush(); everything else is delivered at once. */
void sim_run_text(sim_run *run, enum sim_text_kind kind, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void sim_run_flush(sim_run *run);

/* An error in the script: the run ends.  `hint` may be NULL. */
enum sim_flow sim_run_error(sim_run *run, struct sim_place place, const char *hint,
                            const char *format, ...) G_GNUC_PRINTF(4, 5);

/* A finding.  `frame` NULL: it is not about one frame. */
void sim_run_finding(sim_run *run, struct sim_place place, const char *kind, const fm_paddr *frame,
                     const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Says that the command is about to work on this frame, or on each that the handle owns. */
void sim_run_touch(sim_run *run, fm_paddr frame);
void sim_run_touch_handle(sim_run *run, const struct sim_handle *handle);

/* The command has got this frame, which was unused and not known to it before. */
void sim_run_touch_new(sim_run *run, fm_paddr frame);

/* A new command begins, or a message that is about none. */
void sim_cpu_forget_touches(struct sim_cpu *cpu);

void sim_cpu_init(struct sim_cpu *cpu, const char *name, uint32_t id);
void sim_cpu_clear(struct sim_cpu *cpu);

/* That record, or NULL. */
struct sim_touch *sim_run_find_touch(const sim_run *run, fm_paddr frame);

/* Says that the command under way has changed the frame. */
void sim_run_note_change(sim_run *run, fm_paddr frame);

/* After a command: notes changes, reports the step and the findings of the machine. */
void sim_run_report_step(sim_run *run, const struct sim_command *command);

/* "shared 2, anon", "unique, link, in list 3": newly allocated. */
char *sim_view_to_string(const struct fm_slot_view *view);

/* What the command under way has changed: "  frame 0x2345000: unused -> shared 1, anon", one
 * line for each frame, or frames side by side, the later ones indented. */
void sim_run_append_changes(sim_run *run, GString *line);

/* ---- contract.c: the contract, checked while the script runs ---- */

/* A new machine is about to boot: the operations that it is to use. */
const struct fm_ops *sim_run_watched_ops(sim_run *run);

/* The machine is gone. */
void sim_run_contract_close(sim_run *run);

/* Lets the machine go on without the checker, for what keeps its own books, or again with it. */
void sim_run_contract_pause(sim_run *run, bool pause);

/* After a step: its breaches become findings.  True: there were some. */
bool sim_run_report_breaches(sim_run *run, const struct sim_command *command);

/* "held by f (step 2), g (step 3)": one line about a frame, for a finding. */
void sim_run_append_holders(sim_run *run, fm_paddr frame, GString *hint);

/* A finding about a clause of the contract. */
void sim_run_clause_finding(sim_run *run, struct sim_place place, const char *kind,
                            enum sim_clause clause, const fm_paddr *frame, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

/* ---- points.c ---- */

/* What the access read and what it wrote, for people ("busy", "2", "0x1003"); NULL: nothing,
 * or nothing that is known.  Newly allocated. */
char *sim_access_seen_text(const sim_run *run, const struct fm_access *access);
char *sim_access_written_text(const sim_run *run, const struct fm_access *access);

/* Whether it writes one word or byte, and what. */
bool sim_access_written(const struct fm_access *access, uint64_t *ret);

/* The order that it had: a compare-exchange that fails is a relaxed load. */
enum fm_order sim_access_order(const struct fm_access *access);

/* The frame whose slot or memory it is about; false: none. */
bool sim_access_frame(const sim_run *run, const struct fm_access *access, fm_paddr *ret);

/* Watches the accesses of a thread group, or of one command if points are wanted. */
void sim_run_watch(const struct fm_access *access, guint thread, void *data);

/* ---- handles.c ---- */

void sim_binding_free(gpointer data);

/* "a" or "a[3]"; false: the index was an error, already reported. */
bool sim_run_name(sim_run *run, const char *name, const struct sim_expr *index, char **ret);

/* Gives a new handle, a copy of `made`, to what `->` names: a free name or a pool.  If it
 * borrows, its lender learns of it. */
enum sim_flow sim_run_bind_handle(sim_run *run, const struct sim_command *command,
                                  const struct sim_handle *made);

/* Gives a new handle to this name.  If another thread has bound it meanwhile, the handle has
 * no name, and that is an error. */
enum sim_flow sim_run_bind_name(sim_run *run, const struct sim_command *command, const char *name,
                                const struct sim_handle *made);

/* The name behind `or`, which receives the answer: of `-> f or NAME`, or by itself; NULL:
 * there is none. */
const char *sim_run_answer_name(const struct sim_command *command, struct sim_place *ret_place);

/* Whether `->` names something that can be bound; looked at before the command acts. */
bool sim_run_can_bind(sim_run *run, const struct sim_command *command);

/* Whether the name owns a handle, is a value, a pool, or a loop's here. */
bool sim_run_is_bound(const sim_run *run, const char *name);

/* The name stands for a value from now on; an error if it owns a handle by now. */
enum sim_flow sim_run_bind_value(sim_run *run, struct sim_place place, const char *name,
                                 struct sim_value value);

/* The live handle that an expression names, or NULL without a message. */
struct sim_handle *sim_run_named_handle(sim_run *run, const struct sim_expr *expr);

/* The live handle that an expression (a NAME or INDEX) names; NULL: reported.  `borrow`: it
 * will only be read, so that other threads may read it at the same time. */
struct sim_handle *sim_run_handle(sim_run *run, const struct sim_expr *expr, bool borrow);

/* The handle is gone: its name is free again, what it borrowed too, and the struct is
 * freed. */
void sim_run_consume(sim_run *run, struct sim_handle *handle);

/* Some live handle of this kind at this frame, or NULL. */
struct sim_handle *sim_run_find_handle(sim_run *run, enum sim_handle_kind kind, fm_paddr frame);

/* All live handles, in the order in which they were made; container to be freed. */
GPtrArray *sim_run_handles(const sim_run *run);

/* ---- value.c ---- */

bool sim_run_value(sim_run *run, const struct sim_expr *expr, struct sim_value *ret);
bool sim_run_number(sim_run *run, const struct sim_expr *expr, uint64_t *ret);
bool sim_run_condition(sim_run *run, const struct sim_expr *expr, bool *ret);

/* The number of a CPU that the machine has. */
bool sim_run_cpu(sim_run *run, const struct sim_expr *expr, uint32_t *ret);

/* A handle's address, or a number. */
bool sim_run_address(sim_run *run, const struct sim_expr *expr, uint64_t *ret);
char *sim_value_to_string(const struct sim_value *value);

/* Whether a slot belongs to this address; false: reported. */
bool sim_run_has_slot(sim_run *run, const struct sim_expr *expr, uint64_t address);

/* Interned copy that lives as long as the run. */
const char *sim_run_intern(sim_run *run, const char *text);

/* The live handles, as `show handles` tells them. */
void sim_run_show_handles(sim_run *run);

/* ---- vocabulary: lint.c ---- */

/* The site of that name; FM_SITE_COUNT: none. */
enum fm_site sim_site_by_name(const char *name);

/* ---- What each verb does: verbs_*.c; the table is in ops.c ---- */

typedef enum sim_flow (*sim_verb_fn)(sim_run *run, const struct sim_command *command);

/* What `user` of a verb's syntax points to. */
struct sim_verb_action {
  sim_verb_fn run;
  bool needs_machine;   /* a booted one */
  bool main_only;       /* not inside a thread */
  bool when_dead;       /* works on a machine whose kernel panicked */
  bool no_step;         /* only talks or groups: has no number and no line of its own */
  const char *consumes; /* argument whose handle it takes: the result may have its name */
  bool needs_hooks;     /* works in the instrumented build only */
  const char *help;
};

/* The word that stands alone in a command: `handles` of `show handles`; NULL: none. */
const char *sim_command_flag(const struct sim_command *command);

/* ---- exec.c ---- */

enum sim_flow sim_run_block(sim_run *run, const struct sim_block *block);

/* One command that is no thread. */
enum sim_flow sim_run_command(sim_run *run, const struct sim_command *command);

/* expect.c */
enum sim_flow sim_run_expect(sim_run *run, const struct sim_command *command);

/* The condition of an `expect`, or of what works as one: a finding unless it is as wanted. */
enum sim_flow sim_run_expect_condition(sim_run *run, const struct sim_command *command,
                                       bool wanted);

/* The answer of an operation: on failure reports it, binds `or err`, or hands it to the
 * `expect` around it.  *ret_go_on: the command succeeded. */
enum sim_flow sim_run_answer(sim_run *run, const struct sim_command *command, const char *error,
                             const fm_paddr *frame, bool *ret_go_on);

/* Runs kernel code for a command; not SIM_FLOW_NEXT: it did not return. */
enum sim_flow sim_run_guarded(sim_run *run, void (*body)(void *data), void *data);

/* The stream of that name; made at its first use. */
struct sim_rng *sim_run_stream(sim_run *run, const char *name);

/* ---- os.c ---- */

/* The small operating system of this machine; made at its first use. */
sim_os *sim_run_os(sim_run *run);

/* ---- outer_schedule.c ---- */

/* The schedule command of what sim_run_parse_schedule() made, and its text, new. */
const struct sim_command *sim_run_outer_schedule(const sim_script *script);
char *sim_run_schedule_text(const sim_script *script);

/* ---- boot.c ---- */

enum sim_flow sim_run_machine_block(sim_run *run, const struct sim_command *command);

/* ---- group.c: threads and schedules ---- */

/* Runs the adjacent thread commands that begin at `first`, with the schedule that follows
 * them or one after the other; *ret_next is the command after the group. */
enum sim_flow sim_run_group(sim_run *run, const struct sim_command *first,
                            const struct sim_command **ret_next);

#endif
