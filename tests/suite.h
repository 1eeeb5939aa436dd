/* SPDX-License-Identifier: MPL-2.0 */
/* What a unit-test file supplies to tests/main.c. */
#ifndef FM_TESTS_SUITE_H
#define FM_TESTS_SUITE_H

#include <check.h>

Suite *fm_test_suite(void);

#endif
