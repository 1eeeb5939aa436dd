/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Two metadata types for scripts that are about destructors.  A machine gets them when a script
 * first names one.
 *
 *   guarded   a number; its destructor reports a finding if the metadata has been destroyed
 *             already
 *   failing   the same, and its on_drop fails: it unwinds (sim_trap_unwind())
 *
 * Metadata of 16 bytes: the number, and whether it is destroyed.
 */
#ifndef SIM_MUSEUM_TYPES_H
#define SIM_MUSEUM_TYPES_H

#include <fm/meta.h>

/* The type of that name; NULL: none of these. */
const struct fm_meta_type *sim_museum_type(const char *name);

/* The names, ended by NULL. */
extern const char *const sim_museum_type_names[];

#endif
