/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A PC in an emulator, whose memory is the RAM file of a simulated machine, and whose memory
 * management unit is asked.
 *
 *   emulator_start()      the PC is there, and stands still: it runs nothing that we do not step
 *   emulator_use()        sets CR3; paging has four levels, no-execute bits, and write protection
 *                         for supervisors
 *   ... emulator_translate(), emulator_monitor() ...
 *   emulator_stop()       kills it; also right if none was started
 *
 * It sees what the simulated machine writes, but what is written there (emulator_poke()) stays
 * there: the mapping is private, page by page.  Its memory has to be in one piece below 3 GiB;
 * where a PC has its ROMs, 640 KiB .. 1 MiB, it sees them instead of the file.
 *
 * There is one at a time.  It dies with the process that started it, so no failed test leaves
 * one behind; emulator_adopt() sees to it that not even its exit status is left.  Failures of these
 * functions are failures of the test, with what the emulator printed.  One thread.
 */
#ifndef FM_TESTS_EMULATOR_EMULATOR_H
#define FM_TESTS_EMULATOR_EMULATOR_H

#include <stdbool.h>
#include <stdint.h>

#define EMULATOR "qemu-system-x86_64"

#define EMULATOR_RAM_MAX   (UINT64_C(3) << 30)
#define EMULATOR_ROM_START UINT64_C(0xa0000)
#define EMULATOR_ROM_END   UINT64_C(0x100000)

/* NULL if an emulator is installed, else what is missing: static. */
const char *emulator_missing(void);

/* Once, by the process that will run all tests: whatever they leave is waited for at its end. */
void emulator_adopt(void);

/* `size` bytes, all of the file. */
void emulator_start(const char *ram_file, uint64_t size);
void emulator_stop(void);

/* The process, or 0. */
int emulator_process(void);

/* Page tables from this physical address on; all translations are flushed. */
void emulator_use(uint64_t root);

/* What the tables make of an address, whatever their rights; false: not mapped. */
bool emulator_translate(uint64_t va, uint64_t *ret);

/* What a command of the monitor prints, newly allocated. */
char *emulator_monitor(const char *command);

/* 8 bytes of its memory, written by physical address. */
void emulator_poke(uint64_t paddr, uint64_t value);

/* The same for any number of bytes. */
void emulator_read(uint64_t paddr, void *ret, unsigned size);
void emulator_write(uint64_t paddr, const void *bytes, unsigned size);

/* Registers of the processor, by their numbers in its description. */
enum emulator_register {
  EMULATOR_RAX = 0,
  EMULATOR_RDI = 5,
  EMULATOR_RSP = 7,
  EMULATOR_RIP = 16,
  EMULATOR_CS = 18,
  EMULATOR_SS = 19,
  EMULATOR_CR0 = 27,
  EMULATOR_CR2 = 28,
  EMULATOR_CR3 = 29,
  EMULATOR_CR4 = 30,
  EMULATOR_EFER = 32,
};

uint64_t emulator_get(enum emulator_register number);
void emulator_set(enum emulator_register number, uint64_t value);

/* One instruction, or the way to the handler of what it raises. */
void emulator_step(void);

#endif
