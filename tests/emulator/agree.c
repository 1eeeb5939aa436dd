/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/emulator/agree.h"

#include <inttypes.h>
#include <sim/mmu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_FILE    "ram"
#define LOWER_END   (UINT64_C(1) << 47)
#define UPPER_START (-LOWER_END)
#define ADDRESSES   ((UINT64_C(1) << 48) - 1) /* the bits that a table of four levels looks at */

static uint64_t root;

/* ---- A machine in an emulator ---- */

char *agree_ram_file(void)
{
  g_autofree char *folder = test_folder_new();
  return g_build_filename(folder, RAM_FILE, NULL);
}

void agree_begin(const char *ram_file)
{
  emulator_start(ram_file, test_kernel()->max_paddr);
  test_folder_remove(g_path_get_dirname(ram_file));
}

void agree_boot(const struct test_config *config)
{
  struct test_config with_file = *config;
  g_autofree char *ram_file = agree_ram_file();
  with_file.sim.ram_file = ram_file;
  test_machine_boot_with(&with_file);
  agree_begin(ram_file);
}

void agree_teardown(void)
{
  emulator_stop();
  test_teardown();
}

void agree_use(uint64_t new_root)
{
  root = new_root;
  emulator_use(root);
}

void agree_expect(char *disagreement)
{
  if (disagreement != NULL)
    ck_abort_msg("seed %" PRIu64 ": %s", agree_seed(), disagreement);
}

uint64_t agree_seed(void)
{
  const char *seed = getenv("FM_TEST_SEED");
  return seed != NULL ? strtoull(seed, NULL, 0) : 1;
}

/* ---- One address ---- */

/* What our unit says of an address: whether it is mapped, be it to where there is no memory;
 * if it is not, *ret_level is the level at which that shows. */
static bool look(uint64_t va, struct sim_translation *ret, uint32_t *ret_level)
{
  const struct sim_request request = {.va = va, .quiet = true};
  struct sim_fault fault = {0};
  if (sim_mmu_walk(test_machine, fm_paddr_of(root), request, ret, &fault)) {
    *ret_level = ret->level;
    return true;
  }
  *ret_level = fault.level;
  return fault.kind == SIM_FAULT_BUS && ret->steps[ret->nr_steps - 1].level == fault.level;
}

static char *describe(bool mapped, uint64_t paddr)
{
  return mapped ? g_strdup_printf("0x%" PRIx64, paddr) : g_strdup("not mapped");
}

char *agree_at(uint64_t va, uint64_t *count)
{
  struct sim_translation ours;
  uint64_t theirs = 0;
  uint32_t level;
  bool our_answer = look(va, &ours, &level);
  bool their_answer = emulator_translate(va, &theirs);
  ++*count;
  if (our_answer == their_answer && (!our_answer || ours.paddr.raw == theirs))
    return NULL;
  g_autofree char *we = describe(our_answer, ours.paddr.raw);
  g_autofree char *they = describe(their_answer, theirs);
  return g_strdup_printf("root 0x%" PRIx64 ", address 0x%" PRIx64
                         ": sim_mmu_walk says %s, the emulator %s",
                         root, va, we, they);
}

char *agree_on_pages(uint64_t start, uint64_t end, uint64_t *count)
{
  char *text = NULL;
  for (uint64_t va = start; va != end && text == NULL; va += FM_PAGE_SIZE)
    text = agree_at(va, count);
  return text;
}

char *agree_on_samples(struct sim_rng *rng, uint64_t start, uint64_t end, unsigned samples,
                       uint64_t *count)
{
  char *text = NULL;
  for (unsigned i = 0; i < samples && text == NULL; i++)
    text = agree_at(start + sim_rng_below(rng, end - start), count);
  return text;
}

/* ---- Whole tables ---- */

/* A line of what the emulator prints of its tables, or what our unit has to say there. */
struct entry {
  uint64_t at;
  uint64_t value; /* physical address, or size */
  char flags[16];
};

#define FLAGS_FORMAT "%15s"

/* Our pages, ascending. */
static void each_leaf(void (*visit)(const struct sim_translation *leaf, GArray *list), GArray *list)
{
  uint64_t va = 0;
  do {
    struct sim_translation leaf;
    uint32_t level;
    if (look(va, &leaf, &level))
      visit(&leaf, list);
    va = (va & ~(fm_pt_page_size(level) - 1)) + fm_pt_page_size(level);
    if (va == LOWER_END)
      va = UPPER_START;
  } while (va != 0);
}

/* As the monitor's `info tlb` has it: bits of the entry.  What stands for a huge page is no
 * such bit in the last level. */
static void add_leaf(const struct sim_translation *leaf, GArray *list)
{
  static const struct {
    char letter;
    uint64_t bit;
  } flags[] = {{'X', FM_PTE_NO_EXECUTE},    {'G', FM_PTE_GLOBAL},   {'P', FM_PTE_LEAF},
               {'D', FM_PTE_DIRTY},         {'A', FM_PTE_ACCESSED}, {'C', FM_PTE_NO_CACHE},
               {'T', FM_PTE_WRITE_THROUGH}, {'U', FM_PTE_USER},     {'W', FM_PTE_WRITABLE}};
  struct entry entry = {.at = leaf->page, .value = leaf->paddr.raw};
  uint64_t bits = leaf->level == 1 ? leaf->pte & ~FM_PTE_LEAF : leaf->pte;
  for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
    entry.flags[i] = '-';
  for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++)
    if ((bits & flags[i].bit) != 0)
      entry.flags[i] = flags[i].letter;
  g_array_append_val(list, entry);
}

/* As the monitor's `info mem` has it: what all levels allow, for as long as it is the same. */
static void add_right(const struct sim_translation *leaf, GArray *list)
{
  struct entry entry = {.at = leaf->page, .value = fm_pt_page_size(leaf->level)};
  (void)g_snprintf(entry.flags, sizeof(entry.flags), "%cr%c", leaf->user ? 'u' : '-',
                   leaf->writable ? 'w' : '-');
  struct entry *last = list->len != 0 ? &g_array_index(list, struct entry, list->len - 1) : NULL;
  if (last != NULL && strcmp(last->flags, entry.flags) == 0 &&
      ((last->at + last->value) & ADDRESSES) == (entry.at & ADDRESSES))
    last->value += entry.value;
  else
    g_array_append_val(list, entry);
}

/* "ADDRESS: PADDR FLAGS" */
static bool read_leaf(const char *line, struct entry *ret)
{
  return sscanf(line, "%" SCNx64 ": %" SCNx64 " " FLAGS_FORMAT, &ret->at, &ret->value,
                ret->flags) == 3;
}

/* "START-END SIZE FLAGS" */
static bool read_right(const char *line, struct entry *ret)
{
  uint64_t end;
  return sscanf(line, "%" SCNx64 "-%" SCNx64 " %" SCNx64 " " FLAGS_FORMAT, &ret->at, &end,
                &ret->value, ret->flags) == 4 &&
         ((ret->at + ret->value) & ADDRESSES) == (end & ADDRESSES);
}

static char *describe_entry(const GArray *list, guint i)
{
  if (i >= list->len)
    return g_strdup("nothing more");
  const struct entry *entry = &g_array_index(list, struct entry, i);
  return g_strdup_printf("0x%" PRIx64 ": 0x%" PRIx64 " %s", entry->at, entry->value, entry->flags);
}

static bool is_equal(const GArray *ours, const GArray *theirs, guint i)
{
  if (i >= ours->len || i >= theirs->len)
    return false;
  const struct entry *a = &g_array_index(ours, struct entry, i);
  const struct entry *b = &g_array_index(theirs, struct entry, i);
  return a->at == b->at && a->value == b->value && strcmp(a->flags, b->flags) == 0;
}

/* Compares our list with what the monitor's command prints. */
static char *compare(const char *command, bool (*read)(const char *line, struct entry *ret),
                     const GArray *ours, uint64_t *count)
{
  g_autoptr(GArray) theirs = g_array_new(FALSE, TRUE, sizeof(struct entry));
  g_autofree char *output = emulator_monitor(command);
  g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    struct entry entry = {0};
    if (**line == '\0' && line[1] == NULL)
      break;
    if (!read(*line, &entry))
      return g_strdup_printf("'%s' prints '%s'", command, *line);
    g_array_append_val(theirs, entry);
  }
  guint i = 0;
  while (i < ours->len && is_equal(ours, theirs, i))
    i++;
  *count += i;
  if (i == ours->len && i == theirs->len)
    return NULL;
  g_autofree char *we = describe_entry(ours, i);
  g_autofree char *they = describe_entry(theirs, i);
  return g_strdup_printf("root 0x%" PRIx64 ", '%s', line %u of %u: sim_mmu_walk has '%s', the "
                         "emulator '%s'",
                         root, command, i + 1, theirs->len, we, they);
}

char *agree_on_leaves(uint64_t *count)
{
  g_autoptr(GArray) ours = g_array_new(FALSE, TRUE, sizeof(struct entry));
  each_leaf(add_leaf, ours);
  return compare("info tlb", read_leaf, ours, count);
}

char *agree_on_rights(uint64_t *count)
{
  g_autoptr(GArray) ours = g_array_new(FALSE, TRUE, sizeof(struct entry));
  each_leaf(add_right, ours);
  return compare("info mem", read_right, ours, count);
}
