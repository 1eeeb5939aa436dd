/* SPDX-License-Identifier: MPL-2.0 */
/*
 * One execution as the film of a player (sim/player/document.h): a moment before the threads, one
 * for each row of its table (table.h) with the same number, and one that tells how it came out.
 * Internal to sim/explore.
 *
 *   new -> sim_film_watch() as the watch of a replay of the same tokens, judged -> free
 *
 * The execution is run twice: what each read reads from is known after the first time only, and
 * slots are looked at during the second one, when each access has just been done.
 *
 * Of the machine the film has slots, page tables and who holds what.  Free lists and
 * translations are not in it: they are not whole in the middle of an operation.  Handles are those
 * of the interpreter that runs the threads, which binds and forgets them between two accesses; so
 * that is seen at the next access.
 *
 * Belongs to the thread that explores; the watch runs on fibers.
 */
#ifndef SIM_EXPLORE_FILM_H
#define SIM_EXPLORE_FILM_H

#include "sim/explore/front.h"
#include "sim/explore/program.h"
#include "sim/explore/table.h"

typedef struct sim_film sim_film;

/*
 * Makes the first moment: the machine as it is before the threads.  All are borrowed as long as
 * the film lives; `options` are those of the search.  `kind`: of the finding, or NULL: there is
 * none; `text`: one line of it, or what there is to say in the end instead (NULL: nothing).
 */
sim_film *sim_film_new(sim_player *player, const struct sim_program *program,
                       const struct sim_trail *trail, const struct sim_explore_options *options,
                       const char *kind, const char *text);

/* A sim_explore_watch; `data` is a sim_film. */
void sim_film_watch(const struct fm_access *access, uint32_t thread, void *data);

/* All threads have ended, and the machine is as they left it: to be called by the judge of the
 * replay.  An execution that is not complete is not judged, and its last moment shows the machine
 * as it was after its last access. */
void sim_film_judged(sim_film *film);

/* After the replay.  Returns NULL. */
sim_film *sim_film_free(sim_film *film);

/* Of the whole exploration: the verdict, and the lines of the overview. */
void sim_film_facts(sim_player *player, const struct sim_front_report *report);

#endif
