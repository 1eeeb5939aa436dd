/* SPDX-License-Identifier: MPL-2.0 */
/* The boot page table. */
#include <fm/boot.h>
#include <fm/bootpt.h>
#include <fm/frame_alloc.h>

#define LOADER_TABLE FM_PTE_SOFT_52 /* in an entry: it points to one of the loader's tables */

/* ---- The loader's tables ---- */

/* In their order in the image. */
enum { ROOT, LOW, HIGH, PAGES }; /* PAGES: the first of the four tables of level 2 */

#define PAGES_TABLES 4u

/* Entries of the loader's that point to tables: level 4, level 3. */
#define LOADER_ROOT_BITS  (FM_PTE_PRESENT | FM_PTE_WRITABLE)
#define LOADER_LEVEL3_BIT (FM_PTE_PRESENT | FM_PTE_WRITABLE | FM_PTE_GLOBAL)

static uint64_t table_at(fm_paddr image, uint32_t number)
{
  return image.raw + FM_IMAGE_TABLES + number * FM_PAGE_SIZE;
}

void fm_bootpt_write(uint64_t (*tables)[FM_PT_ENTRIES], fm_paddr image)
{
  __builtin_memset(tables, 0, FM_BOOTPT_TABLES * FM_PAGE_SIZE);

  tables[ROOT][fm_pt_index(0, FM_PT_LEVELS)] = table_at(image, LOW) | LOADER_ROOT_BITS;
  tables[ROOT][fm_pt_index(FM_LINEAR_BASE, FM_PT_LEVELS)] = table_at(image, LOW) | LOADER_ROOT_BITS;
  tables[ROOT][fm_pt_index(FM_IMAGE_BASE, FM_PT_LEVELS)] = table_at(image, HIGH) | LOADER_ROOT_BITS;
  for (uint32_t i = 0; i < PAGES_TABLES; i++)
    tables[LOW][i] = table_at(image, PAGES + i) | LOADER_LEVEL3_BIT;
  for (uint32_t i = 0; i < 2; i++)
    tables[HIGH][fm_pt_index(FM_IMAGE_BASE, 3) + i] =
        table_at(image, PAGES + i) | LOADER_LEVEL3_BIT;
  for (uint64_t i = 0; i < UINT64_C(1) * PAGES_TABLES * FM_PT_ENTRIES; i++)
    tables[PAGES + i / FM_PT_ENTRIES][i % FM_PT_ENTRIES] = i * fm_pt_page_size(2) | FM_BOOTPT_PAGE;
}

/* ---- Tables ---- */

static uint64_t *entries_of(fm_paddr table, const char *doing)
{
  return (uint64_t *)fm_linear_boot(table, FM_PAGE_SIZE, doing);
}

/* At most three deep.  A table that is reached twice is marked twice. */
static void mark_loader_tables(fm_paddr table, uint32_t level)
{
  uint64_t *entries = entries_of(table, "marking the loader's page tables");
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = {entries[i]};
    if (!fm_pte_is_table(pte, level))
      continue;
    entries[i] = fm_pte_of_table(fm_pte_paddr(pte)).raw | LOADER_TABLE;
    mark_loader_tables(fm_pte_paddr(pte), level - 1);
  }
}

void fm_bootpt_adopt(struct fm_kernel *kernel)
{
  mark_loader_tables(fm_paddr_of(kernel->boot_root), FM_PT_LEVELS);
}

/* A table without entries, from whoever has memory at this time. */
static bool new_table(struct fm_kernel *kernel, fm_paddr *ret)
{
  if (kernel->max_paddr != 0) {
    const struct fm_alloc_options options = {.type = fm_meta_empty(FM_META_EARLY)};
    struct fm_frame frame = {NULL};
    if (fm_frame_alloc(kernel, &options, &frame) != FM_ALLOC_OK)
      return false;
    *ret = fm_frame_into_raw(frame);
    return true;
  }
  if (!fm_early_alloc(&kernel->early, FM_PAGE_SIZE, FM_PAGE_SIZE, ret))
    return false;
  __builtin_memset(fm_linear_boot(*ret, FM_PAGE_SIZE, "clearing a new page table"), 0,
                   FM_PAGE_SIZE);
  return true;
}

/* ---- Mapping ---- */

/* The table of `level` that has the entry for `va`; what is missing on the way is made. */
static enum fm_bootpt_status walk_to(struct fm_kernel *kernel, uint64_t va, uint32_t level,
                                     uint64_t **ret)
{
  fm_paddr table = fm_paddr_of(kernel->boot_root);
  for (uint32_t at = FM_PT_LEVELS;; at--) {
    uint64_t *entries = entries_of(table, "reading a page table");
    if (at == level) {
      *ret = entries;
      return FM_BOOTPT_OK;
    }
    fm_pte pte = {entries[fm_pt_index(va, at)]};
    if (!fm_pte_is_valid(pte)) {
      if (!new_table(kernel, &table))
        return FM_BOOTPT_NO_ROOM;
      entries[fm_pt_index(va, at)] = fm_pte_of_table(table).raw;
    } else if (fm_pte_is_table(pte, at)) {
      table = fm_pte_paddr(pte);
    } else {
      fm_port_panic("boot page table: a huge page is mapped there already");
    }
  }
}

enum fm_bootpt_status fm_bootpt_map(struct fm_kernel *kernel, uint64_t va, fm_paddr paddr,
                                    uint64_t size, uint32_t max_level, uint64_t bits)
{
  uint64_t *entries = NULL;
  uint32_t known = 0; /* level of the table at `entries`; 0: none yet */
  for (uint64_t done = 0; done < size;) {
    uint32_t level = fm_pt_largest_level(va + done, paddr.raw + done, size - done, max_level);
    uint32_t index = fm_pt_index(va + done, level);
    if (entries == NULL || known != level || index == 0) {
      enum fm_bootpt_status status = walk_to(kernel, va + done, level, &entries);
      if (status != FM_BOOTPT_OK)
        return status;
      known = level;
    }
    fm_pte old = {entries[index]};
    if (fm_pte_is_valid(old))
      fm_port_panic("boot page table: a page is mapped there already");
    entries[index] = (paddr.raw + done) | bits;
    done += fm_pt_page_size(level);
  }
  return FM_BOOTPT_OK;
}

/* ---- Changing ---- */

/* Puts a table of 512 smaller pages where a huge page is. */
static bool split(struct fm_kernel *kernel, uint64_t *entry, uint32_t level, fm_paddr *ret)
{
  uint64_t huge = *entry;
  if (!new_table(kernel, ret))
    return false;
  uint64_t *entries = entries_of(*ret, "splitting a huge page");
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++)
    entries[i] = huge + i * fm_pt_page_size(level - 1);
  *entry = fm_pte_of_table(*ret).raw;
  return true;
}

enum fm_bootpt_status fm_bootpt_protect(struct fm_kernel *kernel, uint64_t va, uint64_t bits)
{
  fm_paddr table = fm_paddr_of(kernel->boot_root);
  for (uint32_t level = FM_PT_LEVELS;; level--) {
    uint64_t *entry = entries_of(table, "reading a page table") + fm_pt_index(va, level);
    fm_pte pte = {*entry};
    if (!fm_pte_is_valid(pte))
      fm_port_panic("boot page table: the page to be changed is not mapped");
    if (level == 1) {
      *entry = fm_pte_paddr(pte).raw | bits;
      return FM_BOOTPT_OK;
    }
    if (fm_pte_is_table(pte, level))
      table = fm_pte_paddr(pte);
    else if (!split(kernel, entry, level, &table))
      return FM_BOOTPT_NO_ROOM;
  }
}

/* ---- The end ---- */

/* Drops the reference that the boot forgot when it made this table. */
static void give_back(struct fm_kernel *kernel, fm_paddr table)
{
  struct fm_slot *slot = NULL;
  if (fm_slot_find(kernel, table, &slot) != FM_GET_OK)
    fm_port_panic("boot page table: a table lies where there is no slot");
  fm_frame_drop(kernel, fm_frame_from_raw(table));
}

/* At most three deep. */
static void take_down(struct fm_kernel *kernel, fm_paddr table, uint32_t level)
{
  uint64_t *entries = entries_of(table, "taking the boot page table down");
  for (uint32_t i = 0; i < FM_PT_ENTRIES; i++) {
    fm_pte pte = {entries[i]};
    if (!fm_pte_is_table(pte, level))
      continue;
    take_down(kernel, fm_pte_paddr(pte), level - 1);
    if ((pte.raw & LOADER_TABLE) == 0)
      give_back(kernel, fm_pte_paddr(pte));
    entries[i] = 0;
  }
}

void fm_bootpt_leave(struct fm_kernel *kernel)
{
  /* boot.leave, acq_rel: pairs with itself on the other CPUs: the last one finds their use of
   * the table over. */
  uint64_t before = fm_fetch_add_acq_rel(FM_SITE_BOOT_LEAVE, &kernel->boot_left, 1);
  if (before + 1 != kernel->cpus)
    return;
  take_down(kernel, fm_paddr_of(kernel->boot_root), FM_PT_LEVELS);
  kernel->stage = FM_STAGE_DONE;
}
