/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Lessons: folders NN-NAME with a text, scripts and a note for teachers.
 *
 *   README.md       the text; its first heading is "Lesson N: TITLE"
 *   notes.md        for teachers; paragraphs that begin with "**Goal.**" and "**Time.**"
 *   lesson.fms      the script: it holds, and its questions are those of the lesson
 *   wrong-*.fms     what goes wrong: run, it is violated
 *   explore*.fms    explored, it holds; wrong-explore*.fms: explored, it is violated
 *
 * Nothing here prints, and nothing is kept of the files but what is handed out.  One thread.
 */
#ifndef SIM_LESSON_LESSON_H
#define SIM_LESSON_LESSON_H

#include <glib.h>
#include <stdbool.h>

struct sim_lesson {
  guint number;
  char *name;   /* "busy-window": of the folder, without the number */
  char *folder; /* path */
  char *title;
  char *goal; /* one line; "" if the note has none */
  char *time;
};

/*
 * Where the lessons are.  `wanted` (NULL: not said) is taken as it is.  Else the first of
 * these that has lessons: docs/lessons in a folder above the program's, as in a source tree;
 * ../share/framesim/lessons beside the program's folder; `installed`.
 * Newly allocated; NULL with SIM_ERROR_INPUT and the places that were looked at.
 */
char *sim_lessons_folder(const char *wanted, const char *installed, GError **error);

/* All lessons of a folder by number, struct sim_lesson *; at least one, no number twice. */
GPtrArray *sim_lessons_load(const char *folder, GError **error);

/* The lesson of a number ("9", "09") or a name ("busy-window", "10-busy-window", or a part of
 * the name that no other has); NULL with SIM_ERROR_USAGE.  Borrowed. */
const struct sim_lesson *sim_lessons_pick(const GPtrArray *lessons, const char *word,
                                          GError **error);

/* A file of the lesson ("README.md"); newly allocated, NULL on error. */
char *sim_lesson_read(const struct sim_lesson *lesson, const char *file, GError **error);

/* The paths of the scripts that are its tests: lesson.fms, then the others above by name;
 * NULL-terminated, new.  Whatever else is in the folder is there to be tried. */
char **sim_lesson_scripts(const struct sim_lesson *lesson, GError **error);

/* Whether a script of a lesson is there to show what goes wrong; whether it is explored. */
bool sim_lesson_is_wrong(const char *script);
bool sim_lesson_is_explored(const char *script);

#endif
