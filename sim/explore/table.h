/* SPDX-License-Identifier: MPL-2.0 */
/*
 * An execution as a table for people: one column for each CPU, values, what each read reads
 * from, and the slot on the right.  Internal to sim/explore.
 */
#ifndef SIM_EXPLORE_TABLE_H
#define SIM_EXPLORE_TABLE_H

#include "sim/explore/explore.h"
#include "sim/explore/program.h"

/* An execution together with the command that each of its events belongs to. */
struct sim_trail {
  sim_execution *execution; /* owned */
  GArray *commands;         /* const struct sim_command *, one for each event */
};

void sim_trail_clear(struct sim_trail *trail);

/* The command of an event; NULL: none. */
const struct sim_command *sim_trail_command(const struct sim_trail *trail, int32_t event);

/* Whether the event has a row of its own; the number of its row, or of the last one before it;
 * and how many events the row stands for. */
bool sim_trail_is_shown(const struct sim_trail *trail, int32_t index);
guint sim_trail_row(const struct sim_trail *trail, int32_t index);
guint sim_trail_times(const struct sim_trail *trail, int32_t index);

/* Where in the slots an event is; false: it is elsewhere. */
bool sim_table_slot(const struct sim_program *program, const struct sim_execution_event *event,
                    fm_paddr *ret_frame, uint64_t *ret_offset);

/* Whether the event is of the count of a slot, and a value of it in words; newly allocated. */
bool sim_table_is_count(const struct sim_program *program, const struct sim_execution_event *event);
char *sim_table_value(bool count, uint64_t value);

/* Appends the table, with the orders that these options change, and behind it both accesses of a
 * race or who waits for what. */
void sim_table_append(const struct sim_program *program, const struct sim_trail *trail,
                      const struct sim_explore_options *options, GString *text);

/* "x.fms:12" of the command of an event; newly allocated. */
char *sim_trail_place(const struct sim_trail *trail, int32_t event);

/* The place of a command, as "x.fms:12"; newly allocated. */
char *sim_table_place(const struct sim_command *command);

#endif
