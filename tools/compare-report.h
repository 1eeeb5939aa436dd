/* SPDX-License-Identifier: MPL-2.0 */
/* What `framesim compare` says of its rows: a table for people, a record, values with commas. */
#ifndef TOOLS_COMPARE_REPORT_H
#define TOOLS_COMPARE_REPORT_H

#include "sim/compare/compare.h"

struct compare_result {
  const char *workload;          /* NULL: a trace */
  const char *trace;             /* NULL: a workload */
  const char *const *parameters; /* "key=value", NULL at the end; or NULL */
  const char *map;               /* name of the machine's map */
  uint32_t cpus;
  uint64_t first_seed;
  uint64_t end_seed;  /* not among them */
  const GArray *rows; /* struct sim_compare_row: an allocator's rows stand side by side */
};

/* For each allocator the least, the median and the greatest of each figure over the seeds. */
void compare_print(const struct compare_result *result);

/* False: a message was printed. */
bool compare_write_csv(const struct compare_result *result, const char *path);
bool compare_write_json(const struct compare_result *result, const char *path);

#endif
