/* SPDX-License-Identifier: MPL-2.0 */
/* What the files that follow a run share. */
#ifndef SIM_PLAYER_FOLLOW_INTERNAL_H
#define SIM_PLAYER_FOLLOW_INTERNAL_H

#include "sim/player/follow.h"
#include "sim/script/interp.h"
#include "sim/script/question.h"

/* Slots that say the same, as a boot left them. */
struct follow_slots {
  uint64_t first; /* frame number */
  uint64_t frames;
  struct fm_slot_view view;
  uint8_t storage[FM_META_MAX_SIZE];
  const char *type; /* interned; "" if there is none */
};

/* One machine of the script, from its boot on. */
struct follow_epoch {
  uint32_t moment; /* in which it was booted */
  uint64_t nr_frames;
  GArray *slots; /* struct follow_slots, by frame, without gaps */
};

struct sim_follow {
  struct sim_run_watcher watcher;
  sim_player *player;
  GHashTable *sources;  /* sim_source * -> number + 1 */
  GHashTable *commands; /* sim_command * -> number + 1 */
  GPtrArray *epochs;    /* struct follow_epoch */
  GHashTable *groups;   /* number of a group of frames + 1: in the strip */
  GHashTable *beyond;   /* frame number + 1: would be in it, if there were room */
  GArray *dirty;        /* uint64_t: frames that may have changed since the last moment */
  GHashTable *is_dirty; /* frame number + 1 */
  GPtrArray *passed;    /* char *: points of the step of the main program */
  GPtrArray *said;      /* char *: since the last moment */
  GHashTable *holders;  /* sim_handle * -> struct follow_holder */
  uint64_t looks;       /* at all handles */
  guint found;          /* findings that are told */
  guint asked;          /* questions that are told */
  uint64_t expectations;
  bool memory_dirty; /* something else than slots was written: perhaps page tables */
  bool any;
};

/* A handle as it was when it was last looked at. */
struct follow_holder {
  struct sim_handle was;
  bool owned;
  char *key;
  uint64_t look; /* in which it was seen last */
};

void follow_holder_free(gpointer data);

/* ---- follow.c ---- */

/* The number of this command in the document, with its source. */
int32_t follow_command(sim_follow *follow, const struct sim_command *command);

/* The number of this source in the document. */
uint32_t follow_source(sim_follow *follow, const sim_source *source);

/* The slot, or the tables, may have changed by this access. */
void follow_note_access(sim_follow *follow, const sim_run *run, const struct fm_access *access);

/* The title, and what the machine is. */
void follow_tell_machine(sim_follow *follow, const sim_run *run);

/* ---- follow_slots.c ---- */

void follow_epoch_free(gpointer data);

/* A machine was booted in the last moment, or is met there: looks at all of its slots. */
void follow_slots_boot(sim_follow *follow, const sim_run *run);

/* This frame may have another slot than before, or is to be seen. */
void follow_slots_mark(sim_follow *follow, uint64_t number);

/* Puts the slots that were marked, and those that the command under way has touched. */
void follow_slots_put(sim_follow *follow, const sim_run *run);

/* After the run: the strip. */
void follow_slots_end(sim_follow *follow);

/* ---- follow_rows.c ---- */

/* Everything else: handles, page tables, translations, CPUs, free lists, counts. */
void follow_rows_put(sim_follow *follow, sim_run *run);

/* [name, kind, frame, frames, step, whether it owns references]; new. */
char *follow_holder_row(const struct sim_handle *handle);

/* Only what may change between two points of a step. */
void follow_rows_put_tables(sim_follow *follow, sim_run *run);

#endif
