/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What a player shows: a film of moments, each of which says what changed since the one before.
 *
 *   new -> facts, sources, commands, regions -> begin, put ..., end -> begin ... -> write
 *
 * The document knows no run.  It holds a state, which is a set of rows: a row has a section
 * (what kind of thing it is), a key (which one) and a value, a JSON text.  Whoever fills the
 * document says what the rows are now; only what differs from the moment before is kept.  What
 * the rows of each section mean stands in docs/player.md, and the page (sim/player/page/) shows
 * them by these meanings.
 *
 * Bounds: at most SIM_PLAYER_MOMENTS moments.  A document that is not thinned takes no more
 * then, and counts those that are left out; a thinned one merges each two moments into one and
 * goes on at half the pace.  Memory is about the size of the file.
 *
 * Everything is copied.  Text need not be UTF-8 and may hold anything: it cannot leave its
 * place in the page.  One thread at a time.
 */
#ifndef SIM_PLAYER_DOCUMENT_H
#define SIM_PLAYER_DOCUMENT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SIM_PLAYER_MOMENTS 10000u

typedef struct sim_player sim_player;

enum sim_player_section {
  SIM_PLAYER_SLOT,   /* key: the frame's address */
  SIM_PLAYER_HOLDER, /* key: the name and the step that made it */
  SIM_PLAYER_TABLE,  /* key: process, address, level */
  SIM_PLAYER_TLB,    /* key: CPU, address */
  SIM_PLAYER_CPU,    /* key: the CPU */
  SIM_PLAYER_FREE,   /* key: pool, order */
  SIM_PLAYER_COUNT,  /* key: what is counted */
  SIM_PLAYER_PIECE,  /* key: number of a piece of 2 MiB */
  SIM_PLAYER_SECTIONS,
};

/* What a moment is, beside its rows.  Strings may be NULL: nothing to say. */
struct sim_player_moment {
  const char *kind; /* "start", "step", "point", "finding", "sample", "end" */
  uint64_t step;    /* 0: none */
  int32_t cpu;      /* -1: none */
  const char *thread;
  int32_t command;   /* what sim_player_command() gave; -1: none */
  const char *point; /* "drop.dec" */
  const char *order;
  const char *seen;
  const char *written;
  const char *from;   /* where what was seen had been written: "step 3" */
  const char *what;   /* the point in plain words */
  const char *frame;  /* "0x2345000": what it is about */
  const char *result; /* "Ok", "InUse", ...; of a point with which a thread ends: "ended" */
  const char *text;   /* of moments that are no command */
};

/* `kind`: "run", "replay", "explore", "lesson"; `name`: the file. */
sim_player *sim_player_new(const char *kind, const char *name);
sim_player *sim_player_free(sim_player *player);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_player, sim_player_free)

/* From now on, too many moments are merged by two instead of being left out. */
void sim_player_set_thinned(sim_player *player);

/* ---- What does not change ---- */

/* The heading; the last one counts. */
void sim_player_set_title(sim_player *player, const char *title);

/* The title, or the file's name if there is none. */
const char *sim_player_heading(const sim_player *player);

/* The outcome in a word ("held", "violated"), or NULL: it is a kind of fact, but stands out. */
void sim_player_set_verdict(sim_player *player, const char *verdict);

/* A line of the overview, as "seed" "0"; the same name again replaces it. */
void sim_player_fact(sim_player *player, const char *name, const char *value);

/* Something that is not in the document, in a sentence: the page says so at its top. */
void sim_player_left_out(sim_player *player, const char *sentence);

/* A text whose lines can be pointed at; returns its number. */
uint32_t sim_player_source(sim_player *player, const char *name, const char *text, gsize size);

/* A place in a source (lines from 1) and what stands there; returns its number. */
int32_t sim_player_command(sim_player *player, uint32_t source, uint32_t line, const char *text);

/* A range of memory [start, end) for the overview of the machine. */
void sim_player_region(sim_player *player, uint64_t start, uint64_t end, const char *type);

/* The frames that the strip shows, `count` from this address on. */
void sim_player_strip(sim_player *player, uint64_t start, uint32_t count);

/* ---- Moments ---- */

/* False: the document is full, and this moment is left out (put and end do nothing then). */
bool sim_player_begin(sim_player *player, const struct sim_player_moment *moment);

/* Of the moment that was begun last, also after its end: lines of what changed, of what was
 * said, points that were passed, and how many expectations were looked at. */
void sim_player_change(sim_player *player, const char *line);
void sim_player_said(sim_player *player, const char *text);
void sim_player_passed(sim_player *player, const char *point);
void sim_player_expected(sim_player *player, uint64_t count);

/* The row is so from this moment on; `json` NULL: there is none. */
void sim_player_put(sim_player *player, enum sim_player_section section, const char *key,
                    const char *json);

/* Between these, the rows that are put are all that the section has: the others go. */
void sim_player_sweep_begin(sim_player *player, enum sim_player_section section);
void sim_player_sweep_end(sim_player *player);

void sim_player_end(sim_player *player);

/* How many moments there are; the last one has number moments - 1.  With a thinned document
 * numbers change, so these are for others only. */
uint32_t sim_player_moments(const sim_player *player);

/* How many of the caller's moments one of a thinned document stands for; 1 at first. */
uint32_t sim_player_pace(const sim_player *player);

/* Moments that are not in the document because it was full. */
uint64_t sim_player_moments_left_out(const sim_player *player);

/* What a row was at an earlier moment, found out later.  Changes nothing if that moment says
 * something of the row itself. */
void sim_player_amend(sim_player *player, uint32_t moment, enum sim_player_section section,
                      const char *key, const char *json);

/* Forgets what the rows of a section are, because a new machine begins: the caller amends. */
void sim_player_forget(sim_player *player, enum sim_player_section section);

/* A finding, known from the moment that was begun last on. */
void sim_player_finding(sim_player *player, const char *kind, const char *place, const char *text,
                        const char *frame);

/* A question, asked at the moment that was begun last.  `choices` is NULL-terminated, or NULL:
 * the answer is free.  The page shows `answer` and `because` (or NULL) when it is told to. */
void sim_player_question(sim_player *player, const char *text, const char *const *choices,
                         const char *answer, const char *because);

/* ---- The result ---- */

/* The whole document as JSON, safe to stand in a page: it has no '<', '>' or '&'. */
char *sim_player_to_json(const sim_player *player);

/* ---- Values ---- */

/* Appends a JSON string. */
void sim_player_quote(GString *json, const char *text);

/* `["a", 1]` of format "su": s a string (NULL: ""), u a uint64_t (a number up to 2^53, else a
 * string), x a uint64_t as "0x1f".  New. */
char *sim_player_row(const char *format, ...);

#endif
