/* SPDX-License-Identifier: MPL-2.0 */
/* What a unit-test file supplies to tests/main.c. */
#ifndef FM_TESTS_SUITE_H
#define FM_TESTS_SUITE_H

#include <check.h>

Suite *fm_test_suite(void);

/* If its tests need what not every machine has, this too: NULL if it is there, else what is
 * missing, in one line. */
extern const char *fm_test_missing(void) __attribute__((weak));

#endif
