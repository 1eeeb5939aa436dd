/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Suite contract: scripts with their contract checked, beside the same scripts unchecked.  Both
 * are run in turn, so that they meet the same host.  A step is what is counted.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/error.h"
#include "sim/script/run.h"
#include "tools/bench.h"

/* Long enough for the clock; what they do is a script's everyday work. */
static const struct {
  const char *name;
  const char *text;
} scripts[] = {
    {"frames", "framesim 1\nmachine { ram 64M  allocator none }\nboot\n"
               "repeat 4000 { claim 0x2345000 as link -> f\nclone f -> g\nget f -> h\n"
               "drop g\ndrop h\ndrop f }\n"},
    {"alloc", "framesim 1\nmachine { ram 64M }\nboot\npool p\n"
              "repeat 8000 { choose { 5: alloc -> p   5: drop any p } }\nend expecting leak p\n"},
    {"segments", "framesim 1\nmachine { ram 64M }\nboot\n"
                 "repeat 500 { alloc frames 512 -> s\nclone s -> t\ndrop t\ndrop s }\n"},
    {"lists", "framesim 1\nmachine { ram 64M }\nboot\nlist l\n"
              "repeat 3000 { alloc as link -> f\nunique f -> u\npush l u\npop l -> v\ndrop v }\n"
              "drop l\n"},
    {"processes", "framesim 1\nmachine { ram 64M }\nboot\n"
                  "repeat 200 { process p\nmap p at 0x1000 size 64K rw\nwrite p at 0x1000 7\n"
                  "write p at 0x5000 7\nfork p -> q\nwrite q at 0x1000 8\nexit q\nexit p }\n"},
};

/* The time of one run, and how many steps it had; a step that is told costs nothing here. */
static double time_run(const sim_script *script, enum sim_check_level level, uint64_t *ret_steps)
{
  const struct sim_run_options options = {.check = level, .check_given = true};
  double start = bench_now_ns();
  g_autoptr(sim_run) run = sim_run_new(script, &options);
  enum sim_verdict verdict = sim_run_execute(run);
  double spent = bench_now_ns() - start;
  struct sim_run_summary summary;
  sim_run_summary(run, &summary);
  *ret_steps = summary.steps;
  if (verdict != SIM_VERDICT_HELD)
    abort();
  return spent;
}

static struct bench_row measure(const char *name, const sim_script *script, unsigned rounds)
{
  g_autofree double *checked = g_new(double, rounds);
  g_autofree double *bare = g_new(double, rounds);
  for (unsigned i = 0; i < rounds; i++) {
    uint64_t steps;
    bare[i] = time_run(script, SIM_CHECK_OFF, &steps);
    bare[i] /= (double)steps;
    checked[i] = time_run(script, SIM_CHECK_CHEAP, &steps);
    checked[i] /= (double)steps;
  }
  return bench_row_of(name, checked, bare, rounds);
}

GArray *bench_contract(unsigned rounds, GError **error)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(struct bench_row));
  for (size_t i = 0; i < G_N_ELEMENTS(scripts); i++) {
    g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(sim_source) source =
        sim_source_new(scripts[i].name, scripts[i].text, strlen(scripts[i].text));
    g_autoptr(sim_script) script =
        sim_script_parse(source, sim_run_verbs(), sim_run_queries, errors);
    if (script == NULL || errors->len != 0) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "%s: %s", scripts[i].name,
                  errors->len != 0 ? (const char *)errors->pdata[0] : "no script");
      return NULL;
    }
    struct bench_row row = measure(scripts[i].name, script, rounds);
    g_array_append_val(rows, row);
  }
  return g_steal_pointer(&rows);
}
