/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/kernel.h>

struct fm_cpu_block *fm_kernel_cpu(const struct fm_kernel *kernel, uint32_t id)
{
  if (id == 0)
    return (struct fm_cpu_block *)fm_linear(fm_paddr_of(kernel->image_base + FM_IMAGE_CPU0),
                                            sizeof(struct fm_cpu_block));
  const uint64_t *blocks = (const uint64_t *)fm_linear(fm_paddr_of(kernel->cpu_blocks),
                                                       (kernel->cpus - 1) * sizeof(uint64_t));
  return (struct fm_cpu_block *)fm_kaddr_ptr(fm_kaddr_of(blocks[id - 1]));
}
