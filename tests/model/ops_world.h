/* SPDX-License-Identifier: MPL-2.0 */
/* The state of all frames in the words of the reference (tests/data/ops). */
#ifndef FM_TESTS_MODEL_OPS_WORLD_H
#define FM_TESTS_MODEL_OPS_WORLD_H

#include <fm/kernel.h>
#include <fm/slot.h>
#include <glib.h>

/* What a slot holds: "1 KernelMeta", "UNUSED -"; newly allocated. */
char *ops_describe(const struct fm_kernel *kernel, const struct fm_slot *slot);

/* A line "PREFIX 1 KernelMeta 4096" for each kind of frame, sorted as strings. */
void ops_write_counts(const struct fm_kernel *kernel, const char *prefix, GString *out);

/* A line for each run of equal frames; returns how many there are. */
unsigned ops_write_map(const struct fm_kernel *kernel, GString *out);

#endif
