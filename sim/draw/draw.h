/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The pictures: what each one shows and where its parts stand.
 *
 * Each function looks at a machine (or a map, or a run's timeline) and gives a new picture, or
 * NULL with an error of SIM_ERROR_USAGE whose text says what else could be drawn.  Nothing is
 * changed.  The survey decides on places (survey.h), the machine on what stands there.
 */
#ifndef SIM_DRAW_DRAW_H
#define SIM_DRAW_DRAW_H

#include "sim/bootmap/bootmap.h"
#include "sim/draw/picture.h"
#include "sim/draw/survey.h"

struct sim_view {
  const sim_machine *machine;
  const sim_survey *survey;
  const char *title;   /* NULL: the picture's own */
  const char *caption; /* "after step 7: drop f" */
  bool frame_given;
  uint64_t frame; /* bytes: the one to look at */
  bool range_given;
  uint64_t start; /* bytes, whole pages: what to show */
  uint64_t end;
};

/* Physical memory: all of it as a bar, and the frames that the script works with in rows of
 * 16 by their addresses; or those of the range. */
sim_picture *sim_draw_strip(const struct sim_view *view, GError **error);

/* The 64 bytes of a frame's slot, its fields, and the bits of its count. */
sim_picture *sim_draw_slot(const struct sim_view *view, GError **error);

/* The page tables of a process; `root` 0: it does not live at that step. */
sim_picture *sim_draw_tables(const struct sim_view *view, const struct sim_survey_process *process,
                             fm_paddr root, GError **error);

/* The buddies of a range of up to 64 frames: which chunks are on free lists, in which pool. */
sim_picture *sim_draw_buddy(const struct sim_view *view, GError **error);

/* The states of a slot and what leads from one to another; with a frame, where it is.  The
 * machine may be NULL. */
sim_picture *sim_draw_states(const struct sim_view *view, GError **error);

/* A firmware map as it was given, and normalised. */
sim_picture *sim_draw_regions(const sim_bootmap *map, GError **error);

/* A timeline (sim/script/timeline.h) as columns of CPUs: points in their order, and arrows from
 * writes to reads.  `first` to `last` are steps; 0 and 0: those of threads, or if there are
 * none, all, without the points in them. */
sim_picture *sim_draw_spacetime(const char *timeline, const char *title, uint64_t first,
                                uint64_t last, GError **error);

#endif
