/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The port: all that the kernel side needs of a machine.
 *
 * Contract, once for all: nothing here allocates, blocks or returns an error.  Functions
 * may be called by any CPU at any time unless they say otherwise.  Besides these the
 * kernel side needs memcpy, memset and memcmp, and in the instrumented build the three
 * hooks of fm/site.h; a test compares its undefined symbols with that list.
 *
 * Addresses.  The kernel half of the address space cannot be mapped by a process, so
 * each kernel range has a twin in the user half (a window):
 *
 *   what            kernel address                            process address
 *   linear mapping  0xffff800000000000 + physical             FM_LINEAR_WINDOW + physical
 *   slots           0xffffe00000000000 + pfn * 64             FM_META_WINDOW + pfn * 64
 *   kernel image    0xffffffff80000000 + physical             FM_LINEAR_WINDOW + physical
 *
 * Whatever is stored in RAM, printed or exported is a kernel address; it is converted at
 * the moment of use.
 */
#ifndef FM_PORT_H
#define FM_PORT_H

#include <fm/site.h>
#include <fm/types.h>
#include <fm_config.h>

#define FM_LINEAR_BASE UINT64_C(0xffff800000000000)
#define FM_LINEAR_END  UINT64_C(0xffffc00000000000)
#define FM_META_BASE   UINT64_C(0xffffe00000000000)
#define FM_META_END    UINT64_C(0xffffe10000000000)
#define FM_IMAGE_BASE  UINT64_C(0xffffffff80000000)

#ifdef __cplusplus
extern "C" {
#endif

struct fm_cpu_block;

/* What one CPU holds in its registers; the machine sets it when a CPU starts to run. */
struct fm_port_cpu {
  struct fm_cpu_block *block; /* this CPU's storage in RAM (a GS base) */
  uint32_t id;                /* 0 .. cpus-1 */
  uint32_t irq_depth;         /* how often interrupts were masked and not yet unmasked */
  bool alone; /* no other CPU can go on any more: a wait would be for ever; any thread may set it */
};

extern __thread struct fm_port_cpu fm_port_this_cpu;

/* Ends the simulated machine.  `text` lives for ever.  Does not return. */
FM_NORETURN void fm_port_panic(const char *text);

/* A debug assertion failed (instrumented and checked builds): the machine records a
 * finding about the slot or address `where` and goes on.  `text` lives for ever. */
void fm_port_finding(const char *text, const void *where);

/* Boot code, in every build, is about to reach `size` bytes at this physical address through
 * the linear window: the machine looks whether the page table in CR3 maps them, and ends with
 * a page fault if not.  `doing` says for what, as in "making a page table"; lives for ever. */
void fm_port_reach(fm_paddr paddr, uint64_t size, const char *doing);

/* From now on the slots lie at FM_META_WINDOW: `size` bytes (whole pages) of RAM from
 * `start` on.  Called once, by the boot processor. */
void fm_port_map_meta(fm_paddr start, uint64_t size);

struct fm_meta_type;

/* The code behind vtable record `number`; NULL if the loader knows none.  Asked only for
 * types that were registered, never for the built-in ones. */
const struct fm_meta_type *fm_port_meta_type(uint32_t number);

#ifdef __cplusplus
}
#endif

/* Masks interrupts on this CPU, around accesses to its own storage.  Nests. */
static inline void fm_port_irq_mask(void)
{
  fm_port_this_cpu.irq_depth++;
}

static inline void fm_port_irq_unmask(void)
{
  fm_port_this_cpu.irq_depth--;
}

/*
 * The one way to the bytes of physical memory: `size` bytes from `paddr`, which stay
 * within one linear mapping.  Native: arithmetic.  Instrumented: the machine first looks
 * whether that address is mapped, and reports a page fault if it is not.
 */
static inline void *fm_linear(fm_paddr paddr, uint64_t size)
{
#ifdef FM_INSTRUMENTED
  fm_hook_linear(paddr.raw, size);
#else
  (void)size;
#endif
  return (void *)(uintptr_t)(FM_LINEAR_WINDOW + paddr.raw);
}

/* The same for boot code, which runs before all memory is mapped: the machine always looks. */
static inline void *fm_linear_boot(fm_paddr paddr, uint64_t size, const char *doing)
{
  fm_port_reach(paddr, size, doing);
  return (void *)(uintptr_t)(FM_LINEAR_WINDOW + paddr.raw);
}

/* Kernel address of a byte of the kernel image <-> where the process sees it. */
static inline void *fm_image_ptr(fm_kaddr kaddr)
{
  return (void *)(uintptr_t)(FM_LINEAR_WINDOW + (kaddr.raw - FM_IMAGE_BASE));
}

static inline fm_kaddr fm_image_kaddr(fm_paddr paddr)
{
  return fm_kaddr_of(FM_IMAGE_BASE + paddr.raw);
}

static inline fm_kaddr fm_linear_kaddr(fm_paddr paddr)
{
  return fm_kaddr_of(FM_LINEAR_BASE + paddr.raw);
}

/* Any of the three kernel ranges -> process address; NULL outside of them. */
static inline void *fm_kaddr_ptr(fm_kaddr kaddr)
{
  if (kaddr.raw >= FM_IMAGE_BASE)
    return fm_image_ptr(kaddr);
  if (kaddr.raw >= FM_META_BASE && kaddr.raw < FM_META_END)
    return (void *)(uintptr_t)(kaddr.raw - FM_META_BASE + FM_META_WINDOW);
  if (kaddr.raw >= FM_LINEAR_BASE && kaddr.raw < FM_LINEAR_END)
    return (void *)(uintptr_t)(kaddr.raw - FM_LINEAR_BASE + FM_LINEAR_WINDOW);
  return NULL;
}

/* Cheap assertions that a release kernel leaves out: findings in the instrumented build,
 * nothing in the native one. */
#ifdef FM_INSTRUMENTED
#define fm_debug_assert(cond, where, text)                                                         \
  do {                                                                                             \
    if (FM_UNLIKELY(!(cond)))                                                                      \
      fm_port_finding(text, where);                                                                \
  } while (0)
#else
#define fm_debug_assert(cond, where, text) ((void)0)
#endif

#endif
