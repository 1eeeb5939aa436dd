/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Memory during a search: how it is put back, where the atomic locations are, and who has
 * accessed what plainly.
 *
 * All of it hangs on lines of 64 bytes.  The first access of a run to a line of RAM keeps its
 * bytes: a line may be a slot, of which the kernel side also changes what no hook tells of.  Of
 * other memory only the words are kept that were accessed; what is beside them is not ours.  The
 * kernel's own variables have no hooks, or only some; they are copied as a whole.
 */
#include <string.h>

#include "sim/explore/internal.h"

#define LINE        64u
#define WORD        8u
#define ALL_WORDS   0xffu
#define BLOCK_LINES 64u

/* ---- Copies ---- */

static void copy_away(struct sim_memory *memory, void *where, size_t size)
{
  struct sim_copy *copy = &memory->copies[memory->nr_copies++];
  copy->where = where;
  copy->size = size;
  copy->bytes = g_memdup2(where, size);
}

/* What the kernel side changes without telling: its lists and pools, and each CPU's storage. */
static void copy_kernel(struct sim_memory *memory, sim_machine *machine)
{
  struct fm_kernel *kernel = sim_machine_kernel(machine);
  uint8_t *bytes = (uint8_t *)kernel;
  size_t start = offsetof(struct fm_kernel, bitmap);
  size_t cpu = sizeof(struct fm_cpu_block);
  if (kernel->allocator == FM_ALLOCATOR_NONE) {
    start = offsetof(struct fm_kernel, next_list_id);
    cpu = offsetof(struct fm_cpu_block, buddy);
  }
  copy_away(memory, bytes + start, offsetof(struct fm_kernel, regions) - start);
  for (uint32_t id = 0; id < kernel->cpus; id++)
    copy_away(memory, fm_kernel_cpu(kernel, id), cpu);
  if (kernel->allocator == FM_ALLOCATOR_BITMAP)
    copy_away(memory, fm_kaddr_ptr(fm_kaddr_of(kernel->bitmap.words)),
              (kernel->bitmap.nr_bits + 63) / 64 * sizeof(uint64_t));
}

void sim_memory_init(struct sim_memory *memory, sim_machine *machine)
{
  memset(memory, 0, sizeof(*memory));
  memory->table_size = 1024;
  memory->table = g_new0(struct sim_line *, memory->table_size);
  memory->blocks = g_ptr_array_new_with_free_func(g_free);
  memory->cells = g_ptr_array_new_with_free_func(g_free);
  memory->room_touched = 256;
  memory->touched = g_new(struct sim_line *, memory->room_touched);
  memory->run = 1;
  if (machine == NULL)
    return;
  memory->linear_size = machine->linear_mapped;
  memory->meta_size = machine->meta_mapped;
  copy_kernel(memory, machine);
}

void sim_memory_deinit(struct sim_memory *memory)
{
  for (uint32_t i = 0; i < memory->nr_copies; i++)
    g_free(memory->copies[i].bytes);
  g_ptr_array_unref(memory->cells);
  g_ptr_array_unref(memory->blocks);
  g_free(memory->touched);
  g_free(memory->table);
}

static void put_back(const struct sim_line *line)
{
  uint8_t *bytes = (uint8_t *)line->base;
  if (line->words == ALL_WORDS) {
    memcpy(bytes, line->kept, LINE);
    return;
  }
  for (uint32_t word = 0; word < LINE / WORD; word++)
    if ((line->words >> word & 1) != 0)
      memcpy(bytes + word * WORD, line->kept + word * WORD, WORD);
}

void sim_memory_undo(struct sim_memory *memory)
{
  /* Backwards: what was kept first, through whichever window, is what was there. */
  for (uint32_t i = memory->nr_touched; i-- != 0;)
    put_back(memory->touched[i]);
  for (uint32_t i = 0; i < memory->nr_copies; i++)
    memcpy(memory->copies[i].where, memory->copies[i].bytes, memory->copies[i].size);
  memory->nr_touched = 0;
  memory->race.found = false;
  memory->run++;
}

/* ---- Lines ---- */

static uint32_t slot_of(const struct sim_memory *memory, uintptr_t base)
{
  uint64_t hash = (uint64_t)base * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(hash >> 40) & (memory->table_size - 1);
}

static void insert(struct sim_memory *memory, struct sim_line *line)
{
  uint32_t slot = slot_of(memory, line->base);
  while (memory->table[slot] != NULL)
    slot = (slot + 1) & (memory->table_size - 1);
  memory->table[slot] = line;
}

static void grow(struct sim_memory *memory)
{
  struct sim_line **old = memory->table;
  uint32_t size = memory->table_size;
  memory->table_size *= 2;
  memory->table = g_new0(struct sim_line *, memory->table_size);
  for (uint32_t i = 0; i < size; i++)
    if (old[i] != NULL)
      insert(memory, old[i]);
  g_free(old);
}

static struct sim_line *new_line(struct sim_memory *memory, uintptr_t base)
{
  if (memory->spares == 0) {
    memory->spare = g_new0(struct sim_line, BLOCK_LINES);
    memory->spares = BLOCK_LINES;
    g_ptr_array_add(memory->blocks, memory->spare);
  }
  struct sim_line *line = &memory->spare[--memory->spares];
  line->base = base;
  if (++memory->nr_lines * 2 > memory->table_size)
    grow(memory);
  insert(memory, line);
  return line;
}

static void touch(struct sim_memory *memory, struct sim_line *line)
{
  line->run = memory->run;
  line->words = 0;
  if (memory->nr_touched == memory->room_touched) {
    memory->room_touched *= 2;
    memory->touched = g_renew(struct sim_line *, memory->touched, memory->room_touched);
  }
  memory->touched[memory->nr_touched++] = line;
}

static bool is_ram(const struct sim_memory *memory, uintptr_t base)
{
  return base - FM_META_WINDOW < memory->meta_size || base - FM_LINEAR_WINDOW < memory->linear_size;
}

/* Keeps the words from byte `first` up to byte `end` of the line. */
static void keep(struct sim_memory *memory, struct sim_line *line, uint32_t first, uint32_t end)
{
  if (line->run != memory->run)
    touch(memory, line);
  if (is_ram(memory, line->base)) {
    memcpy(line->kept, (const void *)line->base, LINE);
    line->words = ALL_WORDS;
    return;
  }
  for (uint32_t word = first / WORD; word * WORD < end; word++) {
    if ((line->words >> word & 1) == 0)
      memcpy(line->kept + word * WORD, (const uint8_t *)line->base + word * WORD, WORD);
    line->words |= (uint8_t)(1u << word);
  }
}

/* The line of an address, where the bytes from there on are kept now. */
static inline struct sim_line *line_of(struct sim_memory *memory, uintptr_t address, uint64_t size)
{
  uintptr_t base = address & ~(uintptr_t)(LINE - 1);
  struct sim_line *line = memory->last;
  if (line == NULL || line->base != base) {
    uint32_t slot = slot_of(memory, base);
    while ((line = memory->table[slot]) != NULL && line->base != base)
      slot = (slot + 1) & (memory->table_size - 1);
    if (line == NULL)
      line = new_line(memory, base);
    memory->last = line;
  }
  if (line->run != memory->run || line->words != ALL_WORDS)
    keep(memory, line, (uint32_t)(address - base), (uint32_t)MIN(address - base + size, LINE));
  return line;
}

struct sim_line *sim_memory_line(struct sim_memory *memory, const void *where, uint64_t size)
{
  return line_of(memory, (uintptr_t)where, size);
}

void sim_memory_keep(struct sim_memory *memory, const void *where, uint64_t size)
{
  uintptr_t end = (uintptr_t)where + size;
  for (uintptr_t at = (uintptr_t)where; at < end; at = (at & ~(uintptr_t)(LINE - 1)) + LINE)
    (void)line_of(memory, at, end - at);
}

/* ---- Atomic locations ---- */

static uint16_t new_loc(struct sim_memory *memory, struct sim_line *line, void *where,
                        uint32_t size)
{
  if (memory->nr_locs == SIM_LOCS || line->locs == G_N_ELEMENTS(line->loc))
    return SIM_LOC_NONE;
  uint16_t loc = (uint16_t)memory->nr_locs++;
  memory->locs[loc] = (struct sim_loc){.where = where, .line = line, .size = size};
  line->loc[line->locs].loc = loc;
  line->loc[line->locs].offset = (uint8_t)((uintptr_t)where - line->base);
  line->loc[line->locs++].size = (uint8_t)size;
  return loc;
}

uint64_t sim_memory_value(const void *where, uint32_t size)
{
  return size == 1 ? *(const uint8_t *)where : *(const uint64_t *)where;
}

void sim_memory_set(void *where, uint32_t size, uint64_t value)
{
  if (size == 1)
    *(uint8_t *)where = (uint8_t)value;
  else
    *(uint64_t *)where = value;
}

uint16_t sim_memory_loc(struct sim_memory *memory, void *where, uint32_t size)
{
  struct sim_line *line = line_of(memory, (uintptr_t)where, size);
  uint32_t offset = (uint32_t)((uintptr_t)where - line->base);
  uint16_t found = SIM_LOC_NONE;
  for (uint32_t i = 0; i < line->locs && found == SIM_LOC_NONE; i++)
    if (line->loc[i].offset == offset && line->loc[i].size == size)
      found = line->loc[i].loc;
  if (found == SIM_LOC_NONE)
    found = new_loc(memory, line, where, size);
  if (found != SIM_LOC_NONE && memory->locs[found].run != memory->run) {
    memory->locs[found].run = memory->run;
    memory->initial[found] = sim_memory_value(where, size);
    memory->locs[found].ram = memory->initial[found];
  }
  return found;
}
