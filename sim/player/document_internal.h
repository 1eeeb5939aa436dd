/* SPDX-License-Identifier: MPL-2.0 */
/* The parts of a document, for the two files that make it. */
#ifndef SIM_PLAYER_DOCUMENT_INTERNAL_H
#define SIM_PLAYER_DOCUMENT_INTERNAL_H

#include "sim/player/document.h"

struct player_change {
  enum sim_player_section section;
  char *key;
  char *json; /* NULL: the row goes */
};

struct player_moment {
  GString *head;      /* members of the JSON object */
  GPtrArray *lines;   /* char *: what changed, for people */
  GPtrArray *said;    /* char * */
  GPtrArray *passed;  /* char *: names of points */
  GPtrArray *changes; /* struct player_change * */
  uint64_t expected;  /* expectations that were looked at */
  guint findings;     /* how many were known at its end */
  guint questions;    /* how many were asked by then */
};

struct sim_player {
  char *kind;
  char *name;
  char *title;
  char *verdict;
  /* Of JSON texts, each in the order in which they came. */
  GPtrArray *facts;
  GPtrArray *left_out;
  GPtrArray *sources;
  GPtrArray *commands;
  GPtrArray *regions;
  GPtrArray *strips;
  GPtrArray *findings;
  GPtrArray *questions;
  GPtrArray *moments; /* struct player_moment * */
  uint64_t moments_left_out;
  bool thinned;
  uint32_t pace; /* moments as they came that one moment of the document stands for */
  bool open;     /* the last moment that was begun is in the document */
  GHashTable *rows[SIM_PLAYER_SECTIONS]; /* key -> JSON text, as they are now */
  GHashTable *seen;                      /* keys that the sweep has put */
  enum sim_player_section sweeping;      /* SIM_PLAYER_SECTIONS: none */
};

/* The keys of a table by their bytes; borrowed, the array is to be freed. */
GPtrArray *sim_player_sorted_keys(GHashTable *table);

#endif
