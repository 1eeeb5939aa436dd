/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite check: the audit of a machine whose slots are nearly all unused, beside a plain read of
 * the same bytes by as many threads, from a mapping that is there already.
 *
 * "opened anew" has the page faults of a mapping that was just made, as `framesim check` has
 * them; "again" has not.
 */
#include <glib/gstdio.h>
#include <sim/audit.h>
#include <unistd.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tools/bench.h"

#define RAM         (UINT64_C(16) << 30)
#define THREADS_MAX 64u
#define WORDS       (FM_PAGE_SIZE / sizeof(uint64_t))

/* ---- A plain read ---- */

struct part {
  const uint64_t *words;
  uint64_t pages;
  uint64_t sum;
};

static void *read_part(void *data)
{
  struct part *part = data;
  const uint64_t *words = part->words;
  uint64_t sum = 0;
  for (uint64_t page = 0; page < part->pages; page++, words += WORDS)
    for (unsigned i = 0; i < WORDS; i++)
      sum += words[i];
  part->sum = sum;
  return NULL;
}

static volatile uint64_t sink; /* so that the sums are wanted */

static double time_read(const struct fm_kernel *kernel, unsigned threads)
{
  struct part parts[THREADS_MAX] = {{0}};
  GThread *running[THREADS_MAX] = {NULL};
  uint64_t pages = kernel->meta_size / FM_PAGE_SIZE;
  double start = bench_now_ns();

  for (unsigned i = 0; i < threads; i++) {
    uint64_t first = pages * i / threads;
    parts[i] = (struct part){(const uint64_t *)(uintptr_t)(FM_META_WINDOW + first * FM_PAGE_SIZE),
                             pages * (i + 1) / threads - first, 0};
    running[i] = i + 1 < threads ? g_thread_new("read", read_part, &parts[i]) : NULL;
  }
  (void)read_part(&parts[threads - 1]);
  for (unsigned i = 0; i < threads; i++) {
    if (running[i] != NULL)
      (void)g_thread_join(running[i]);
    sink += parts[i].sum;
  }
  return bench_now_ns() - start;
}

/* ---- The audit ---- */

struct round {
  const sim_machine *machine;
  unsigned threads;
  double anew, again, bare;
  uint64_t faults;
};

static double time_audit(const sim_machine *machine, unsigned threads, uint64_t *faults)
{
  const struct sim_audit_options options = {.threads = threads};
  struct sim_audit_result result;
  double start = bench_now_ns();
  sim_audit_run(machine, &options, &result);
  *faults += result.faults;
  return bench_now_ns() - start;
}

static void run_round(void *data)
{
  struct round *round = data;
  round->anew = time_audit(round->machine, round->threads, &round->faults);
  round->again = time_audit(round->machine, round->threads, &round->faults);
  round->bare = time_read(sim_machine_kernel(round->machine), round->threads);
}

/* Each round opens the file again.  `times` are per slot: first of all rounds anew, then of all
 * again, then of the plain read. */
static bool measure(const char *path, unsigned threads, unsigned rounds, double *times,
                    GError **error)
{
  for (unsigned i = 0; i < rounds; i++) {
    g_autoptr(sim_machine) machine = sim_machine_open(path, FM_STAGE_METADATA, error);
    if (machine == NULL)
      return false;
    double slots = (double)sim_machine_kernel(machine)->nr_frames;
    struct round round = {.machine = machine, .threads = threads};
    if (sim_guard_run(machine, run_round, &round) != SIM_END_DONE || round.faults != 0) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "%s: the machine in it is not sound", path);
      return false;
    }
    times[i] = round.anew / slots;
    times[rounds + i] = round.again / slots;
    times[2 * rounds + i] = round.bare / slots;
  }
  return true;
}

static bool add_rows(const char *path, unsigned threads, const char *const names[2],
                     unsigned rounds, GArray *rows, GError **error)
{
  g_autoptr(GArray) kept = g_array_new(FALSE, TRUE, sizeof(double));
  g_array_set_size(kept, rounds * 3);
  double *times = (double *)(void *)kept->data;
  if (!measure(path, threads, rounds, times, error))
    return false;
  struct bench_row row = bench_row_of(names[0], times, times + 2 * (gsize)rounds, rounds);
  g_array_append_val(rows, row);
  row = bench_row_of(names[1], times + rounds, times + 2 * (gsize)rounds, rounds);
  g_array_append_val(rows, row);
  return true;
}

static bool make_machine(const char *path, GError **error)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(RAM);
  struct sim_config config;
  sim_config_init(&config, map);
  config.allocator = FM_ALLOCATOR_NONE;
  config.ram_file = path;
  g_autoptr(sim_machine) machine = sim_machine_new(&config, error);
  return machine != NULL && sim_machine_boot(machine, error);
}

GArray *bench_check(unsigned rounds, GError **error)
{
  static const char *const one[] = {"1 thread, opened anew", "1 thread, again"};
  static const char *const all[] = {"all CPUs, opened anew", "all CPUs, again"};
  unsigned cpus = MIN(g_get_num_processors(), THREADS_MAX);
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct bench_row));
  g_autofree char *folder = g_dir_make_tmp("framesim-bench-XXXXXX", error);
  if (folder == NULL)
    return NULL;
  g_autofree char *path = g_build_filename(folder, "ram", NULL);
  bool measured = make_machine(path, error) && add_rows(path, 1, one, rounds, rows, error) &&
                  add_rows(path, cpus, all, rounds, rows, error);
  (void)g_unlink(path);
  (void)g_rmdir(folder);
  return measured ? g_steal_pointer(&rows) : NULL;
}
