/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/emulator/cpu.h"

#include <check.h>
#include <string.h>

#include "tests/emulator/emulator.h"

/* ---- The processor's page ---- */

/* Where in it. */
enum {
  AT_LGDT = 0x00,
  AT_LIDT = 0x10,
  AT_LTR = 0x20,
  AT_READ = 0x30,
  AT_WRITE = 0x40,
  AT_HANDLERS = 0x100, /* two bytes for each vector */
  AT_GDT = 0x200,
  AT_GDT_POINTER = 0x280,
  AT_IDT_POINTER = 0x290,
  AT_TSS = 0x300,
  AT_IDT = 0x400,
  AT_STACK = 0xff0, /* its end */
};

enum { VECTORS = 32, HANDLER_SIZE = 2, GATE_SIZE = 16, TSS_SIZE = 104 };

/* Instructions, with the address in RDI; the processor's tables by their pointers. */
static const uint8_t lgdt[] = {0x0f, 0x01, 0x17};
static const uint8_t lidt[] = {0x0f, 0x01, 0x1f};
static const uint8_t ltr_ax[] = {0x0f, 0x00, 0xd8};
static const uint8_t mov_al_mem[] = {0x8a, 0x07};
static const uint8_t mov_mem_al[] = {0x88, 0x07};
static const uint8_t nop = 0x90;

/* Segments: their selectors, and descriptors of 64 bits. */
enum { KERNEL_CODE = 0x08, KERNEL_DATA = 0x10, USER_DATA = 0x1b, USER_CODE = 0x23, TASK = 0x28 };
static const uint64_t segments[] = {
    0,
    UINT64_C(0x00af9b000000ffff),
    UINT64_C(0x00cf93000000ffff),
    UINT64_C(0x00cff3000000ffff),
    UINT64_C(0x00affb000000ffff),
};

#define CR0_ET_PE    UINT64_C(0x11)
#define EFER_LMA     UINT64_C(0xd00)
#define GATE         UINT64_C(0x8e0000080000) /* interrupt gate to KERNEL_CODE */
#define TASK_PRESENT UINT64_C(0x890000000000)

static struct {
  uint64_t va;
  uint64_t paddr;
  uint64_t user_va;
} page;

static void put(uint8_t *bytes, unsigned at, const void *what, size_t size)
{
  memcpy(bytes + at, what, size);
}

static void put_word(uint8_t *bytes, unsigned at, uint64_t value)
{
  put(bytes, at, &value, sizeof(value));
}

static void put_code(uint8_t *bytes)
{
  put(bytes, AT_LGDT, lgdt, sizeof(lgdt));
  put(bytes, AT_LIDT, lidt, sizeof(lidt));
  put(bytes, AT_LTR, ltr_ax, sizeof(ltr_ax));
  put(bytes, AT_READ, mov_al_mem, sizeof(mov_al_mem));
  put(bytes, AT_WRITE, mov_mem_al, sizeof(mov_mem_al));
}

/* A pointer for lgdt and lidt: 16 bits of limit, 64 of address. */
static void put_pointer(uint8_t *bytes, unsigned at, uint64_t va, uint16_t size)
{
  uint16_t limit = size - 1;
  put(bytes, at, &limit, sizeof(limit));
  put_word(bytes, at + sizeof(limit), va);
}

static void put_tables(uint8_t *bytes)
{
  uint64_t tss = page.va + AT_TSS;
  put(bytes, AT_GDT, segments, sizeof(segments));
  put_word(bytes, AT_GDT + TASK,
           (TSS_SIZE - 1) | (tss & 0xffffff) << 16 | TASK_PRESENT | (tss >> 24 & 0xff) << 56);
  put_word(bytes, AT_GDT + TASK + 8, tss >> 32);
  put_pointer(bytes, AT_GDT_POINTER, page.va + AT_GDT, TASK + 16);
  put_word(bytes, AT_TSS + 4, page.va + AT_STACK);
  for (unsigned i = 0; i < VECTORS; i++) {
    uint64_t handler = page.va + AT_HANDLERS + i * HANDLER_SIZE;
    put_word(bytes, AT_IDT + i * GATE_SIZE,
             (handler & 0xffff) | GATE | (handler >> 16 & 0xffff) << 48);
    put_word(bytes, AT_IDT + i * GATE_SIZE + 8, handler >> 32);
  }
  put_pointer(bytes, AT_IDT_POINTER, page.va + AT_IDT, VECTORS * GATE_SIZE);
}

/* ---- Steps ---- */

static void set_mode(bool user)
{
  emulator_set(EMULATOR_CS, user ? USER_CODE : KERNEL_CODE);
  emulator_set(EMULATOR_SS, user ? USER_DATA : KERNEL_DATA); /* this one sets the level */
}

/* Steps an instruction, with its address in RDI.  Returns where it ends. */
static uint64_t step(uint64_t rip, uint64_t rdi, uint64_t rax)
{
  emulator_set(EMULATOR_RSP, page.va + AT_STACK);
  emulator_set(EMULATOR_RDI, rdi);
  emulator_set(EMULATOR_RAX, rax);
  emulator_set(EMULATOR_RIP, rip);
  emulator_step();
  return emulator_get(EMULATOR_RIP);
}

static void expect_step(unsigned at, size_t size, uint64_t rdi, uint64_t rax)
{
  ck_assert_uint_eq(step(page.va + at, rdi, rax), page.va + at + size);
}

/* Into 64-bit mode.  The stub fills a segment register from where the processor has its
 * descriptors; that is address 0 after a reset, and physical as long as paging is off. */
static void enter_long_mode(uint64_t root)
{
  uint8_t saved[sizeof(segments)];
  emulator_set(EMULATOR_CR0, CR0_ET_PE);
  emulator_set(EMULATOR_EFER, EFER_LMA);
  emulator_read(0, saved, sizeof(saved));
  emulator_write(0, segments, sizeof(segments));
  set_mode(false);
  emulator_write(0, saved, sizeof(saved));
  emulator_use(root);
}

void cpu_begin(uint64_t root, uint64_t va, uint64_t paddr)
{
  uint8_t bytes[FM_PAGE_SIZE] = {0};
  page.va = va;
  page.paddr = paddr;
  put_code(bytes);
  put_tables(bytes);
  for (unsigned at = 0; at < sizeof(bytes); at += sizeof(bytes) / 4)
    emulator_write(paddr + at, bytes + at, sizeof(bytes) / 4);
  enter_long_mode(root);
  expect_step(AT_LGDT, sizeof(lgdt), va + AT_GDT_POINTER, 0);
  expect_step(AT_LIDT, sizeof(lidt), va + AT_IDT_POINTER, 0);
  expect_step(AT_LTR, sizeof(ltr_ax), 0, TASK);
}

void cpu_user_page(uint64_t va, uint64_t paddr)
{
  uint8_t bytes[AT_HANDLERS] = {0};
  put_code(bytes);
  emulator_write(paddr, bytes, sizeof(bytes));
  page.user_va = va;
}

/* ---- Accesses ---- */

static struct cpu_outcome outcome_of(uint64_t rip, uint64_t wanted_rip)
{
  struct cpu_outcome outcome = {CPU_NO_EXCEPTION, 0, 0, 0};
  uint64_t handlers = page.va + AT_HANDLERS;
  if (rip == wanted_rip) {
    outcome.byte = (uint8_t)emulator_get(EMULATOR_RAX);
    return outcome;
  }
  if (rip < handlers || rip >= handlers + VECTORS * HANDLER_SIZE)
    ck_abort_msg("the processor went astray, to 0x%llx", (unsigned long long)rip);
  outcome.vector = (unsigned)(rip - handlers) / HANDLER_SIZE;
  emulator_read(page.paddr + (emulator_get(EMULATOR_RSP) - page.va), &outcome.code,
                sizeof(outcome.code));
  if (outcome.vector == CPU_PAGE_FAULT)
    outcome.address = emulator_get(EMULATOR_CR2);
  return outcome;
}

static struct cpu_outcome fetch(uint64_t va, uint64_t paddr)
{
  uint8_t saved = 0;
  if (paddr != 0) {
    emulator_read(paddr, &saved, 1);
    emulator_write(paddr, &nop, 1);
  }
  struct cpu_outcome outcome = outcome_of(step(va, 0, 0), va + sizeof(nop));
  if (paddr != 0)
    emulator_write(paddr, &saved, 1);
  return outcome;
}

struct cpu_outcome cpu_access(struct sim_request request, uint8_t byte, uint64_t paddr)
{
  set_mode(request.user);
  if (request.access == SIM_ACCESS_EXEC)
    return fetch(request.va, paddr);
  bool write = request.access == SIM_ACCESS_WRITE;
  uint64_t rip = (request.user ? page.user_va : page.va) + (uint64_t)(write ? AT_WRITE : AT_READ);
  return outcome_of(step(rip, request.va, byte), rip + sizeof(mov_al_mem));
}
