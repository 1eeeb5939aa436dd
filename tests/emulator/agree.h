/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Whether two memory management units agree: sim_mmu_walk(), over the tables of test_machine,
 * and the emulator's, over the same file.
 *
 * agree_boot() and agree_begin() put a machine into an emulator; agree_use() says which tables
 * are meant, to both.  The comparing functions return NULL if both say the same, else what
 * each says, newly allocated; they add to *count how much was compared.
 *
 * Compared are addresses one by one (whether anything is mapped there, and what), and whole
 * tables: every page that they map, with the bits of its entry, and which rights all levels
 * give together.  One thread.
 */
#ifndef FM_TESTS_EMULATOR_AGREE_H
#define FM_TESTS_EMULATOR_AGREE_H

#include "sim/rng.h"
#include "tests/emulator/emulator.h"
#include "tests/support.h"

/* Boots test_machine, its RAM in a file, and starts an emulator on it. */
void agree_boot(const struct test_config *config);

/* The same in two steps, for those who boot by themselves: a path for the RAM file, and the
 * emulator for test_machine, which has it.  After that the file has no name any more. */
char *agree_ram_file(void);
void agree_begin(const char *ram_file);

/* Checked fixture. */
void agree_teardown(void);

void agree_use(uint64_t root);

/* One address, of any kind. */
char *agree_at(uint64_t va, uint64_t *count);

/* An address in each page of [start, end). */
char *agree_on_pages(uint64_t start, uint64_t end, uint64_t *count);

/* So many random addresses from [start, end). */
char *agree_on_samples(struct sim_rng *rng, uint64_t start, uint64_t end, unsigned samples,
                       uint64_t *count);

/* Each page of the tables. */
char *agree_on_leaves(uint64_t *count);

/* Each stretch of pages with the same rights. */
char *agree_on_rights(uint64_t *count);

/* Fails the test if there is something to tell. */
void agree_expect(char *disagreement);

/* FM_TEST_SEED, or 1. */
uint64_t agree_seed(void);

#endif
