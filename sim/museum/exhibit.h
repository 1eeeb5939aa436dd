/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The museum's exhibits: faults that implementations of this machinery had, or nearly had, each
 * written anew as other entries of the table of operations.
 *
 * A file sim/museum/NAME.c has one exhibit: what is told about it, and one or more variants.
 * It is compiled as the kernel side is in the instrumented build and linked into the same object
 * (src/meson.build), so it can use the inline functions of include/fm and of src/.  What is
 * replaced is what the machine calls through the table; the kernel side's calls of its own
 * functions stay as they are, so a variant replaces every entry that its script uses.
 *
 * Everything here is constant, and the texts live for ever.  A variant that keeps state keeps it
 * in its own file and clears it when a machine boots: one machine at a time, as everywhere.
 *
 * A fault that would wreck the simulated machine (a recursion without end, a list with a frame
 * twice) ends it by fm_port_panic(); nothing here may end the program.
 */
#ifndef SIM_MUSEUM_EXHIBIT_H
#define SIM_MUSEUM_EXHIBIT_H

#include <fm/ops.h>

/* What it takes to see the fault. */
enum sim_museum_class {
  SIM_MUSEUM_LOGIC,  /* one CPU is enough */
  SIM_MUSEUM_ORDER,  /* two CPUs, and one order of their steps; any memory will do */
  SIM_MUSEUM_MEMORY, /* memory that is weaker than that, or a detector of data races */
};

/* What running its script must come to. */
enum sim_museum_end {
  SIM_MUSEUM_HELD,
  SIM_MUSEUM_VIOLATED,
  SIM_MUSEUM_NO_BOOT,  /* a machine that does not boot */
  SIM_MUSEUM_WAITS,    /* a CPU waits for one that the schedule does not let go on */
  SIM_MUSEUM_NOT_SEEN, /* a script that is run in one order cannot show it */
};

/* One form of the kernel that had the fault. */
struct sim_museum_variant {
  const char *name;  /* what `variant NAME` says */
  const char *title; /* one line */
  const char *script;
  const char *schedule; /* of the script's threads, where the fault shows; NULL: it has none */
  const char *ours;     /* the same order for the present form; NULL: it has none */
  enum sim_museum_end end;
  void (*replace)(struct fm_ops *ops); /* writes its entries over those of a copy */
};

#define SIM_MUSEUM_VARIANTS_MAX 5 /* the last one has no name */

struct sim_museum_exhibit {
  const char *title;
  enum sim_museum_class kind;
  bool published;
  const char *source; /* address of the report, or where it comes from */
  const char *fault;  /* what was wrong; paragraphs of plain text, as are the next two */
  const char *outcome;
  const char *remedy;
  const char *known; /* what is established, and what is not; or NULL */
  struct sim_museum_variant variants[SIM_MUSEUM_VARIANTS_MAX]; /* ends with a NULL name */
};

/* All of them, in the order in which they are shown; ends with NULL. */
extern const struct sim_museum_exhibit *const sim_museum_exhibits[];

#endif
