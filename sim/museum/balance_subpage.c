/* SPDX-License-Identifier: MPL-2.0 */
/* The logarithm of a number of frames that is 0. */
#include "sim/museum/exhibit.h"

struct sizes {
  uint64_t local;
  uint64_t global;
};

static struct sizes sizes_of(const struct fm_kernel *kernel)
{
  struct sizes sizes = {fm_this_cpu()->buddy.size, kernel->buddy.size};
  return sizes;
}

/* Bytes that the balance wants to move between the pools; 0: it wants nothing. */
static uint64_t wanted(const struct fm_kernel *kernel, struct sizes sizes)
{
  uint64_t expected = sizes.global / kernel->cpus / 2;
  if (sizes.local >= expected * 2)
    return sizes.local != 0 ? sizes.local - expected : 0;
  return sizes.local < expected / 8 && sizes.global != 0 ? expected - sizes.local : 0;
}

/* An allocation that found nothing leaves the pools as they were and balances them: then what
 * the old balance was asked can be told from here. */
static bool comes_to_nothing(const struct fm_kernel *kernel, struct sizes before)
{
  struct sizes now = sizes_of(kernel);
  uint64_t bytes = wanted(kernel, now);
  return before.local == now.local && before.global == now.global && bytes != 0 &&
         bytes < FM_PAGE_SIZE;
}

static enum fm_alloc_error alloc(struct fm_kernel *kernel, const struct fm_alloc_options *options,
                                 struct fm_frame *ret)
{
  struct sizes before = sizes_of(kernel);
  enum fm_alloc_error error = fm_frame_alloc(kernel, options, ret);
  if (error == FM_ALLOC_NO_MEMORY && comes_to_nothing(kernel, before))
    fm_port_panic("balance: the logarithm of 0 frames (without checks: a recursion without end)");
  return error;
}

static void replace(struct fm_ops *ops)
{
  ops->frame_alloc = alloc;
}

const struct sim_museum_exhibit sim_museum_balance_subpage = {
    .title = "Less than a frame is to be moved",
    .kind = SIM_MUSEUM_LOGIC,
    .published = false,
    .source = "ours: found while the rules of the pools were written down",
    .fault =
        "After each operation a CPU's pool is balanced against the global one. How much is moved "
        "is a power of two of frames, by the logarithm of the difference in bytes divided by "
        "4096. Near the end of memory the difference is half a frame, and the division gives 0.",
    .outcome = "A build with checks panics at the subtraction in the logarithm. One without takes "
               "a huge order, finds nothing, and tries twice with one less: it recurses until the "
               "stack ends. An allocation that should answer NoMemory ends the kernel.",
    .remedy = "Less than a frame is nothing: move nothing.",
    .known = "Run on the real code of the pools, outside of a kernel; no report is known.",
    .variants = {{.name = "balance-subpage",
                  .title = "the pools are balanced by the logarithm of 0",
                  .script = "balance-subpage.fms",
                  .end = SIM_MUSEUM_VIOLATED,
                  .replace = replace}},
};
