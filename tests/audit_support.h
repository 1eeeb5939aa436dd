/* SPDX-License-Identifier: MPL-2.0 */
/* What tests of the audit share: its verdict, and rows of damage that it has to name. */
#ifndef FM_TESTS_AUDIT_SUPPORT_H
#define FM_TESTS_AUDIT_SUPPORT_H

#include <sim/audit.h>

#include "tests/support.h"

static struct sim_audit_result verdict;
static GArray *told; /* struct sim_audit_fault */

static inline void tell(const struct sim_audit_fault *fault, void *data)
{
  (void)data;
  g_array_append_val(told, *fault);
}

static inline void judge(unsigned threads)
{
  const struct sim_audit_options options = {.report = tell, .threads = threads};
  g_clear_pointer(&told, g_array_unref);
  told = g_array_new(FALSE, FALSE, sizeof(struct sim_audit_fault));
  sim_audit_run(test_machine, &options, &verdict);
  ck_assert_uint_eq(told->len, verdict.faults);
}

static inline const struct sim_audit_fault *fault_at(guint index)
{
  ck_assert_uint_lt(index, told->len);
  return &g_array_index(told, struct sim_audit_fault, index);
}

static inline void expect_sound(void)
{
  judge(1);
  ck_assert_msg(verdict.faults == 0, "%u faults, the first: %s (%s)", (unsigned)verdict.faults,
                told->len != 0 ? fault_at(0)->clause : "",
                told->len != 0 ? fault_at(0)->place : "");
}

/* One kind of damage, done to a machine that was found sound.  `faults`: how many there are of
 * the clause, and, if `alone`, in all.  `damage` returns the frame that the first of them is
 * about; UINT64_MAX: any. */
struct damage {
  enum sim_audit_clause clause;
  uint64_t (*damage)(void);
  unsigned faults;
  bool alone;
};

static inline void expect_named(const struct damage *row)
{
  expect_sound();
  uint64_t frame = row->damage();
  judge(1);
  const char *name = sim_audit_clause_name(row->clause);
  ck_assert_msg(verdict.by_clause[row->clause] == row->faults, "%s: %u, not %u", name,
                (unsigned)verdict.by_clause[row->clause], row->faults);
  for (guint i = 0; i < told->len; i++)
    if (row->alone)
      ck_assert_str_eq(fault_at(i)->clause, name);
  for (guint i = 0; i < told->len && frame != UINT64_MAX; i++) {
    if (fault_at(i)->number != row->clause)
      continue;
    ck_assert_uint_eq(fault_at(i)->frame.raw, frame);
    break;
  }
}

static inline uint64_t frame_of_link(uint64_t link)
{
  return fm_meta_to_frame(fm_kaddr_of(link)).raw;
}

/* The frame in which a piece of the kernel's state lies. */
static inline uint64_t frame_of(const void *state)
{
  return fm_page_down((uint64_t)(uintptr_t)state - FM_LINEAR_WINDOW);
}

#endif
