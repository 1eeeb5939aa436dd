/* SPDX-License-Identifier: MPL-2.0 */
/*
 * How two machines differ, in the terms of machines: figures of the boot, regions, frames,
 * page tables, free memory.  From their summaries; pure.
 */
#ifndef SIM_DIFF_H
#define SIM_DIFF_H

#include "sim/summary.h"

G_BEGIN_DECLS

/* One figure of both, as text; of those that differ. */
struct sim_diff_figure {
  char name[32];
  char *a;
  char *b;
};

/* A region that only one of them has. */
struct sim_diff_region {
  struct fm_region region;
  bool in_b;
};

/* Frames of a state and a type. */
struct sim_diff_count {
  char state[12];
  char type[FM_META_NAME_SIZE];
  uint64_t a;
  uint64_t b;
};

/* Frames that are equal within each machine and differ between them. */
struct sim_diff_frames {
  uint64_t first; /* frame number */
  uint64_t frames;
  char *a; /* "shared 1, anon", "no slot", ... */
  char *b;
};

typedef struct {
  GArray *figures;    /* struct sim_diff_figure */
  GArray *regions;    /* struct sim_diff_region */
  GArray *counts;     /* struct sim_diff_count: all that one of them has */
  GArray *frames;     /* struct sim_diff_frames: the first of them */
  GArray *tables;     /* struct sim_diff_figure: the first difference of each root */
  GArray *free_lists; /* struct sim_diff_figure */
  uint64_t runs;      /* of frames that differ, those beyond the first ones too */
  uint64_t different; /* frames in them */
  bool same;
} sim_diff;

/* At most so many runs of frames are kept; 0: all. */
sim_diff *sim_diff_new(const sim_summary *a, const sim_summary *b, uint64_t shown);
sim_diff *sim_diff_free(sim_diff *diff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_diff, sim_diff_free)

G_END_DECLS

#endif
