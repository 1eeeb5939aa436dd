/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What tests of the kernel side and of the machine have in common: a small booted machine,
 * and operations whose end is looked at.
 *
 * The machine has 8 MiB: the image at 2 MiB, the slots from 3 MiB on, and from
 * TEST_FRAME up nothing but free memory.  There is one at a time (test_machine).  Failures
 * of the helpers are failures of the test.  Addresses and sizes in bytes; one thread.
 */
#ifndef FM_TESTS_SUPPORT_H
#define FM_TESTS_SUPPORT_H

#include <sim/machine.h>

#include "tests/suite.h"

#define MIB UINT64_C(1048576)
#define GIB (MIB * 1024)

#define TEST_RAM        (8 * MIB)
#define TEST_IMAGE      (2 * MIB)
#define TEST_IMAGE_SIZE MIB
#define TEST_FRAME      (5 * MIB)

/* For loop tests over both: index 0 is the native build, 1 the instrumented one. */
#define TEST_BUILDS 2

extern sim_machine *test_machine;

/* How the next machine is to be; test_config_init() gives the one described above, with the
 * allocator that uses no slots for itself. */
struct test_config {
  uint64_t ram;
  struct sim_bootmap *map;  /* instead of `ram`; borrowed */
  enum fm_boot_stage stage; /* how far to boot: ALLOCATOR, so that tests make their own tables */
  struct sim_config sim;    /* its map is filled in */
};

void test_config_init(struct test_config *config);

/* Switched on, not booted; NULL and *error as sim_machine_new() has them. */
sim_machine *test_machine_create(const struct test_config *config, GError **error);

/* Makes test_machine and boots it. */
void test_machine_boot_with(const struct test_config *config);

/* The usual one, with this allocator. */
void test_machine_boot(enum fm_allocator_kind allocator);

/* Checked fixtures: boot with allocator bitmap, with none; and the end of both. */
void test_setup(void);
void test_setup_without_allocator(void);
void test_teardown(void);

/* Makes the machine use a build, and returns its operations. */
const struct fm_ops *test_use_build(int build);

struct fm_kernel *test_kernel(void);
struct fm_slot *test_slot(uint64_t frame);

/* Ops on the test machine that have to succeed. */
struct fm_frame test_claim(uint64_t frame, fm_meta_id type, const void *meta);
struct fm_unique test_claim_unique(uint64_t frame, fm_meta_id type, const void *meta);

/* The size-less built-in type for ordinary frames. */
fm_meta_id test_anon(void);

/* Registers `type` and returns its id. */
fm_meta_id test_register(const struct fm_meta_type *type);

/* Fails the test unless `body` ends by a panic whose text begins so. */
void test_expect_panic(void (*body)(void *data), void *data, const char *text);

/* Findings since the last call: how many; *ret_first, if not NULL, is the first or NULL
 * (newly allocated). */
unsigned test_take_findings(char **ret_first);

/* Fails the test, naming the first fault, if the audit finds one; counts of holders are
 * not looked at. */
void test_expect_sound(void);

/* What this process holds: open files, and mappings. */
unsigned test_open_files(void);
unsigned test_mappings(void);

/* A fresh folder for files of the test, and its removal with what is in it. */
char *test_folder_new(void);
void test_folder_remove(char *folder);

#endif
