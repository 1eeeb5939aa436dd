/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Replays the operation sequences of tests/data/ops, whose answers a real kernel gave, and
 * writes what our kernel side answers in the same words.
 */
#ifndef FM_TESTS_MODEL_OPS_REPLAY_H
#define FM_TESTS_MODEL_OPS_REPLAY_H

#include <glib.h>

/* The answers to the script `text`, line by line in the form of the .out files. */
char *ops_replay(const char *text);

#endif
