/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the readers of firmware maps share; private to sim/bootmap/.
 *
 * A reader is one file and one row in the table of bootmap.c.  It walks the lines of a
 * source with the helpers below, adds the regions it finds and stops at the first
 * mistake.  The helpers never look past the end of a line, and a line may hold any bytes.
 *
 * A new format: write its file and add its row.  Of two equally sure readers the first row
 * is taken.
 */
#ifndef SIM_BOOTMAP_READER_H
#define SIM_BOOTMAP_READER_H

#include "sim/bootmap/bootmap.h"

struct sim_bootmap_reader {
  const char *name;
  const char *example; /* a line of this format, for messages */
  /* How sure it is that the text is of this format; 0: not at all.  The surest reads. */
  guint (*likeness)(const sim_source *source);
  /* Appends to `map`; false and *error at the first mistake. */
  bool (*read)(const sim_source *source, sim_bootmap *map, GError **error);
};

extern const struct sim_bootmap_reader sim_bootmap_e820;
extern const struct sim_bootmap_reader sim_bootmap_text;

/* A line that is read from left to right.  Line ends, blanks before them and a byte order
 * mark do not belong to it. */
struct sim_bootmap_line {
  const sim_source *source; /* borrowed */
  guint number;             /* from 1 */
  const char *at;           /* next byte to read */
  const char *end;
};

/* Line `number` into *ret; false behind the last one.  What follows the final newline comes
 * as an empty line. */
bool sim_bootmap_get_line(const sim_source *source, guint number, struct sim_bootmap_line *ret);

static inline bool sim_bootmap_at_end(const struct sim_bootmap_line *line)
{
  return line->at == line->end;
}

/* Steps over blanks and tabs; true if there was one. */
bool sim_bootmap_skip_blanks(struct sim_bootmap_line *line);

/* Steps over `text` if the line goes on with it. */
bool sim_bootmap_take(struct sim_bootmap_line *line, const char *text);

/* Steps behind the first `text` in the rest of the line, if there is one. */
bool sim_bootmap_find(struct sim_bootmap_line *line, const char *text);

/* Steps over a run of hex digits, which may have 0x in front.  `what` names the number in
 * messages ("start address"). */
bool sim_bootmap_take_hex(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                          GError **error);

/* Steps over a decimal or 0x number with its K, M, G or T. */
bool sim_bootmap_take_number(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                             GError **error);

/* Sets *error at the bytes [at, at + width) of the line; `hint` may be NULL.  Returns
 * false, so that a reader can return it. */
bool sim_bootmap_fail(const struct sim_bootmap_line *line, const char *at, gsize width,
                      const char *hint, GError **error, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

/*
 * Appends [start, end); the line names its end at `at`, for messages.  Fails if it ends
 * before it starts, or if the map is full.
 */
bool sim_bootmap_add(sim_bootmap *map, const struct sim_bootmap_line *line, const char *at,
                     struct fm_range range, enum fm_region_type type, GError **error);

#endif
