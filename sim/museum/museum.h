/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The museum: variants of the kernel side by name, and the scripts that show them.
 *
 * What an exhibit is: sim/museum/exhibit.h.  Nothing here changes, and nothing is owned.
 */
#ifndef SIM_MUSEUM_MUSEUM_H
#define SIM_MUSEUM_MUSEUM_H

#include "sim/museum/exhibit.h"

/* The variant of that name, and whose it is (may be NULL); NULL: there is none. */
const struct sim_museum_variant *sim_museum_find(const char *name,
                                                 const struct sim_museum_exhibit **ret_exhibit);

/* The name that was probably meant, or NULL. */
const char *sim_museum_suggest(const char *name);

/* The instrumented operations with the variant's over them. */
void sim_museum_make_ops(const struct sim_museum_variant *variant, struct fm_ops *ret);

/* "logic", "order", "memory"; and what a reader should take that for. */
const char *sim_museum_class_name(enum sim_museum_class kind);
const char *sim_museum_class_text(enum sim_museum_class kind);

/* A script of docs/museum, built into the program. */
struct sim_museum_script {
  const char *name; /* "dealloc-first.fms" */
  const char *path; /* where it is in the source tree */
  const char *text;
};

/* Ends with a NULL name. */
extern const struct sim_museum_script sim_museum_scripts[];

/* The script of that name; every variant's is there. */
const struct sim_museum_script *sim_museum_script_of(const char *name);

#endif
