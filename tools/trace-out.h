/* SPDX-License-Identifier: MPL-2.0 */
/* run --trace-out: the file that a timeline is written to. */
#ifndef TOOLS_TRACE_OUT_H
#define TOOLS_TRACE_OUT_H

#include "sim/script/timeline.h"

typedef struct trace_out trace_out;

/* NULL after a message: the file cannot be written. */
trace_out *trace_out_open(const char *path, const char *script);

/* For the options of the run; borrowed. */
struct sim_run_watcher *trace_out_watcher(trace_out *out);

/* After the run: ends the file, and frees.  False after a message. */
bool trace_out_close(trace_out *out, const sim_run *run);

#endif
