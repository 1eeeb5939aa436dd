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
 *
 * Some forms are lines of a longer log: what stands around them does not matter.  In the
 * others each line counts but empty ones, comments (#) and the headings that they know.
 */
#ifndef SIM_BOOTMAP_READER_H
#define SIM_BOOTMAP_READER_H

#include "sim/bootmap/bootmap.h"

/* How sure a reader is that a text is for it. */
enum sim_bootmap_likeness {
  SIM_BOOTMAP_NOT,
  SIM_BOOTMAP_PERHAPS, /* some line is of this form, or almost */
  SIM_BOOTMAP_DERIVED, /* a log with a table that the kernel made out of the firmware's */
  SIM_BOOTMAP_IN_LOG,  /* a log with the firmware's table */
  SIM_BOOTMAP_WHOLE,   /* the first line that counts is of this form */
};

struct sim_bootmap_reader {
  const char *name;
  const char *example; /* a line of this format, for messages */
  enum sim_bootmap_likeness (*likeness)(const sim_source *source); /* the surest reads */
  /* Appends to `map`; false and *error at the first mistake. */
  bool (*read)(const sim_source *source, sim_bootmap *map, GError **error);
};

extern const struct sim_bootmap_reader sim_bootmap_crash;
extern const struct sim_bootmap_reader sim_bootmap_e820;
extern const struct sim_bootmap_reader sim_bootmap_efi;
extern const struct sim_bootmap_reader sim_bootmap_iomem;
extern const struct sim_bootmap_reader sim_bootmap_json;
extern const struct sim_bootmap_reader sim_bootmap_lsmem;
extern const struct sim_bootmap_reader sim_bootmap_multiboot;
extern const struct sim_bootmap_reader sim_bootmap_sysfs;
extern const struct sim_bootmap_reader sim_bootmap_text;
extern const struct sim_bootmap_reader sim_bootmap_xen;

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

/* Steps over a run of decimal digits. */
bool sim_bootmap_take_decimal(struct sim_bootmap_line *line, const char *what, uint64_t *ret,
                              GError **error);

/* Steps over a known text, else fails: "expected WHAT". */
bool sim_bootmap_want(struct sim_bootmap_line *line, const char *text, const char *what,
                      GError **error);

/* Fails if there is more in the line: "expected the end of the WHAT". */
bool sim_bootmap_want_end(const struct sim_bootmap_line *line, const char *what, GError **error);

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

/* Says which table of a log was read, and what else there was (NULL: nothing); the map takes
 * over both texts. */
void sim_bootmap_set_tables(sim_bootmap *map, char *table, char *others);

/* Steps over a word, which is a name of fm_region_type_name() (text.c). */
bool sim_bootmap_take_type_name(struct sim_bootmap_line *line, enum fm_region_type *ret,
                                GError **error);

/* Appends the regions of a folder such as /sys/firmware/memmap (sysfs.c). */
bool sim_bootmap_read_folder(const char *folder, sim_bootmap *map, GError **error);

/* ---- fields.c: what the tables of several formats have in common ---- */

/* A line with anything in it that is no comment; steps over blanks in front. */
bool sim_bootmap_is_full(struct sim_bootmap_line *line);

/* For a form in which each line counts: `is_row` says whether a line looks like a row. */
enum sim_bootmap_likeness sim_bootmap_likeness_of_rows(const sim_source *source,
                                                       bool (*is_row)(struct sim_bootmap_line));

/* Two addresses, and where the second stands. */
struct sim_bootmap_pair {
  uint64_t first;
  uint64_t second;
  const char *second_at;
};

/* Steps over "0x1000-0x1fff": hex, blanks around the hyphen allowed. */
bool sim_bootmap_take_pair(struct sim_bootmap_line *line, struct sim_bootmap_pair *ret,
                           GError **error);

/* Steps over such a pair if there is one with at least so many digits in each number. */
bool sim_bootmap_skip_pair(struct sim_bootmap_line *line, gsize digits);

/* Half open, from a pair whose second number is the last byte. */
bool sim_bootmap_range_to_last(const struct sim_bootmap_line *line,
                               const struct sim_bootmap_pair *pair, struct fm_range *ret,
                               GError **error);

/* Adds the region; its second number is the last byte, or the first one behind. */
bool sim_bootmap_add_to_last(sim_bootmap *map, const struct sim_bootmap_line *line,
                             const struct sim_bootmap_pair *pair, enum fm_region_type type,
                             GError **error);
bool sim_bootmap_add_to_end(sim_bootmap *map, const struct sim_bootmap_line *line,
                            const struct sim_bootmap_pair *pair, enum fm_region_type type,
                            GError **error);

/* The words of a format for types of memory, in any case of letters.  What is no word of
 * these and not nearly one is reserved: nobody may use memory of a kind that we do not
 * know.  Words for reserved memory are there so that they are not taken for slips. */
struct sim_bootmap_words {
  const struct sim_bootmap_word {
    const char *words;
    enum fm_region_type type;
  } * rows; /* the last one has no words */
  const char *hint;
};

/* Those of Linux, which Xen and /sys/firmware/memmap share. */
extern const struct sim_bootmap_words sim_bootmap_linux_words;

/* The rest of the line is the type.  A known one with something behind it is refused
 * rather than taken for an unknown one: RAM would get lost in silence. */
bool sim_bootmap_take_type(struct sim_bootmap_line *line, const struct sim_bootmap_words *words,
                           enum fm_region_type *ret, GError **error);

/* "(usable)" at the end of the line. */
bool sim_bootmap_take_type_in_parentheses(struct sim_bootmap_line *line,
                                          const struct sim_bootmap_words *words,
                                          enum fm_region_type *ret, GError **error);

#endif
