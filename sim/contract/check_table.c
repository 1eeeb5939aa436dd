/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Spaces and page tables.  A tracked page owns the reference that it was given: the ghost counts
 * it as a page-table path of the frame.  Entries are read as they lie in RAM.
 */
#include "sim/contract/internal.h"
#include "sim/internal.h"
#include "sim/pagemap.h"

/* ---- Looking at entries ---- */

static fm_pte read_entry(fm_paddr node, uint32_t index)
{
  return *((const fm_pte *)(uintptr_t)(FM_LINEAR_WINDOW + node.raw) + index);
}

/* The entry of this level for an address below the cursor's highest node; 0 if the way there
 * ends sooner. */
static fm_pte entry_at(const struct fm_pt_cursor *cursor, uint64_t va, uint32_t level)
{
  fm_paddr node = cursor->path[cursor->guard];
  for (uint32_t at = cursor->guard; at >= level && at != 0; at--) {
    if (node.raw >= contract_here->kernel->max_paddr)
      break;
    fm_pte pte = read_entry(node, fm_pt_index(va, at));
    if (at == level)
      return pte;
    if (!fm_pte_is_table(pte, at))
      break;
    node = fm_pte_paddr(pte);
  }
  return (fm_pte){0};
}

static bool is_leaf(fm_pte pte, uint32_t level)
{
  return fm_pte_is_valid(pte) && !fm_pte_is_table(pte, level);
}

static uint64_t frames_of(uint32_t level)
{
  return fm_pt_page_size(level) / FM_PAGE_SIZE;
}

/* ---- Ghost ---- */

/* The reference leaves whoever had it for a table. */
static void give_to_table(fm_paddr frame)
{
  struct sim_ghost_slot *ghost = contract_ghost(frame);
  if (ghost->forgotten != 0) {
    ghost->forgotten--;
  } else if (ghost->held != 0) {
    ghost->held--;
    contract_here->ghost.ledger--;
  } else if (ghost->foreign != 0) {
    ghost->foreign--;
  }
  ghost->mapped++;
}

/* And back, to whoever holds what was taken out. */
static void take_from_table(fm_paddr frame)
{
  struct sim_ghost_slot *ghost = contract_ghost(frame);
  if (ghost->mapped != 0)
    ghost->mapped--;
  else if (ghost->foreign != 0)
    ghost->foreign--;
  sim_ghost_hold(&contract_here->ghost, ghost);
}

static void each_frame(fm_paddr start, uint32_t level, void (*each)(fm_paddr frame))
{
  for (uint64_t i = 0; i < frames_of(level); i++) {
    fm_paddr frame = fm_paddr_add(start, i * FM_PAGE_SIZE);
    if (contract_has(frame))
      each(frame);
  }
}

static void table_is_gone(fm_paddr frame)
{
  struct sim_ghost_slot *ghost = contract_ghost(frame);
  if (ghost->mapped != 0)
    ghost->mapped--;
  if (sim_ghost_holders(ghost) == 0)
    ghost->initialised = false;
}

/* The tracked pages of a user's subtree, before it is dropped. */
static void forget_paths(fm_paddr node, uint32_t level)
{
  uint32_t count = level == FM_PT_LEVELS ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES;
  if (node.raw >= contract_here->kernel->max_paddr)
    return;
  for (uint32_t i = 0; i < count; i++) {
    fm_pte pte = read_entry(node, i);
    if (fm_pte_is_table(pte, level))
      forget_paths(fm_pte_paddr(pte), level - 1);
    else if (fm_pte_is_valid(pte) && (pte.raw & FM_PTE_SOFT_52) == 0 && level <= 2)
      each_frame(fm_pte_paddr(pte), level, table_is_gone);
  }
}

/* A reference to a root goes; with the last one its tables do. */
static void let_go_root(fm_paddr root)
{
  if (!contract_has(root))
    return;
  if (fm_slot_at(root)->ref_count == 1)
    forget_paths(root, FM_PT_LEVELS);
  sim_ghost_release(&contract_here->ghost, contract_ghost(root));
}

/* ---- Spaces ---- */

static enum fm_pt_error check_space_new(struct fm_kernel *kernel, struct fm_space *ret)
{
  struct contract_op op = contract_begin("process");
  enum fm_pt_error error = contract_here->inner->space_new(kernel, ret);
  bool quiet = contract_end(&op);
  if (error != FM_PT_OK)
    return error;
  fm_paddr root = fm_slot_paddr(ret->root.slot);
  if (!contract_has(root))
    return error;
  struct fm_slot slot = contract_look(root);
  const struct fm_vtable *vtable = fm_kernel_vtable_of(kernel, fm_kaddr_of(slot.vtable_ptr));
  bool good = slot.ref_count == 1 && vtable != NULL && vtable->number == FM_META_PAGE_TABLE &&
              fm_node_meta(root)->level == FM_PT_LEVELS;
  if (quiet && !good)
    contract_note(SIM_CLAUSE_SPACE_ROOT, op.name, &root);
  sim_ghost_fresh(&contract_here->ghost, contract_ghost(root), SIM_USAGE_PAGE_TABLE);
  return error;
}

static void check_space_drop(struct fm_kernel *kernel, struct fm_space space)
{
  struct contract_op op = contract_begin("exit");
  fm_paddr root = fm_slot_paddr(space.root.slot);
  if (contract_has(root) && sim_ghost_holders(contract_ghost(root)) == 0)
    contract_note(SIM_CLAUSE_DROP_REF_HELD, op.name, &root);
  let_go_root(root);
  contract_here->inner->space_drop(kernel, space);
  (void)contract_end(&op);
}

/* CR3 holds a reference: the table that was active may lose its last one. */
static void switch_root(fm_paddr next)
{
  uint64_t now = fm_this_cpu()->cr3;
  const struct fm_kernel *kernel = contract_here->kernel;
  if (now == next.raw)
    return;
  if (now != kernel->boot_root)
    let_go_root(fm_paddr_of(now));
  if (next.raw != kernel->boot_root && contract_has(next))
    contract_ghost(next)->foreign++;
}

static void check_activate(struct fm_kernel *kernel, struct fm_space space)
{
  struct contract_op op = contract_begin("activate");
  switch_root(fm_slot_paddr(space.root.slot));
  contract_here->inner->space_activate(kernel, space);
  (void)contract_end(&op);
}

static void check_deactivate(struct fm_kernel *kernel)
{
  struct contract_op op = contract_begin("activate");
  switch_root(fm_paddr_of(kernel->kernel_root != 0 ? kernel->kernel_root : kernel->boot_root));
  contract_here->inner->space_deactivate(kernel);
  (void)contract_end(&op);
}

/* ---- Pages ---- */

static uint64_t count_of(fm_paddr frame)
{
  return contract_has(frame) ? fm_slot_at(frame)->ref_count : 0;
}

static void take_old(const struct fm_pt_item *old)
{
  if (old != NULL && old->kind == FM_PT_TRACKED)
    each_frame(old->paddr, old->level, take_from_table);
}

static enum fm_pt_error check_map(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level,
                                  struct fm_page_prop prop, bool tracked, struct fm_pt_item *old)
{
  struct contract_op op = contract_begin("map");
  uint64_t va = cursor->va;
  uint64_t before = count_of(paddr);
  fm_pte entry = entry_at(cursor, va, level);
  if (tracked && op.alone && contract_has(paddr) &&
      (sim_ghost_holders(contract_ghost(paddr)) == 0 || fm_count_state(before) != FM_STATE_SHARED))
    contract_note(SIM_CLAUSE_MAP_REF_HELD, op.name, &paddr);
  enum fm_pt_error error = contract_here->inner->pt_map(cursor, paddr, level, prop, tracked, old);
  bool quiet = contract_end(&op);
  fm_pte now = entry_at(cursor, va, level);
  if (quiet && error != FM_PT_OK && now.raw != entry.raw)
    contract_note(SIM_CLAUSE_MAP_ERR_UNCHANGED, op.name, &paddr);
  if (error != FM_PT_OK)
    return error;
  if (quiet && (!is_leaf(now, level) || fm_pte_paddr(now).raw != paddr.raw))
    contract_note(SIM_CLAUSE_MAP_PRESENT, op.name, &paddr);
  else if (quiet && count_of(paddr) != before)
    contract_note(SIM_CLAUSE_MAP_KEEPS_COUNT, op.name, &paddr);
  take_old(old);
  if (tracked)
    each_frame(paddr, level, give_to_table);
  return error;
}

static enum fm_pt_error check_take(struct fm_pt_cursor *cursor, uint64_t end,
                                   struct fm_pt_item *ret)
{
  struct contract_op op = contract_begin("unmap");
  fm_pte entry = entry_at(cursor, cursor->va, 1);
  uint64_t va = cursor->va;
  fm_paddr frame = fm_pte_paddr(entry);
  bool page = is_leaf(entry, 1) && (entry.raw & FM_PTE_SOFT_52) == 0;
  uint64_t before = page ? count_of(frame) : 0;
  enum fm_pt_error error = contract_here->inner->pt_take(cursor, end, ret);
  bool quiet = contract_end(&op);
  if (error != FM_PT_OK || ret->kind == FM_PT_NOTHING)
    return error;
  fm_paddr about = fm_paddr_of(fm_page_down(ret->paddr.raw));
  if (quiet && fm_pte_is_valid(entry_at(cursor, ret->va, ret->level)))
    contract_note(SIM_CLAUSE_TAKE_ABSENT, op.name, &about);
  else if (quiet && page && ret->va == va && ret->level == 1 && count_of(frame) != before)
    contract_note(SIM_CLAUSE_TAKE_KEEPS_COUNT, op.name, &frame);
  if (ret->kind == FM_PT_TRACKED)
    each_frame(ret->paddr, ret->level, take_from_table);
  return error;
}

static void release_taken(fm_paddr frame)
{
  sim_ghost_release(&contract_here->ghost, contract_ghost(frame));
}

static void check_drop_taken(struct fm_kernel *kernel, const struct fm_pt_item *item)
{
  struct contract_op op = contract_begin("unmap");
  uint64_t before = item->kind == FM_PT_TRACKED ? count_of(item->paddr) : 0;
  if (item->kind == FM_PT_TRACKED)
    each_frame(item->paddr, item->level, release_taken);
  else if (item->kind == FM_PT_TABLE && count_of(item->paddr) == 1)
    forget_paths(item->paddr, item->level - 1);
  contract_here->inner->pt_drop_taken(kernel, item);
  if (!contract_end(&op) || item->kind != FM_PT_TRACKED)
    return;
  uint64_t after = count_of(item->paddr);
  bool good =
      before == 1 ? after == FM_COUNT_UNUSED || after == FM_COUNT_UNIQUE : after == before - 1;
  if (!good)
    contract_note(SIM_CLAUSE_TAKEN_MINUS_ONE, op.name, &item->paddr);
}

static enum fm_pt_error check_protect(struct fm_pt_cursor *cursor, uint64_t end, uint32_t clear,
                                      uint32_t set, struct fm_pt_item *ret)
{
  struct contract_op op = contract_begin("protect");
  enum fm_pt_error error = contract_here->inner->pt_protect(cursor, end, clear, set, ret);
  if (!contract_end(&op) || error != FM_PT_OK ||
      (ret->kind != FM_PT_TRACKED && ret->kind != FM_PT_UNTRACKED))
    return error;
  fm_pte now = entry_at(cursor, ret->va, ret->level);
  fm_paddr about = fm_paddr_of(fm_page_down(ret->paddr.raw));
  if (!is_leaf(now, ret->level) || fm_pte_paddr(now).raw != ret->paddr.raw)
    contract_note(SIM_CLAUSE_PROTECT_FRAME, op.name, &about);
  return error;
}

void contract_fill_tables(struct fm_ops *table)
{
  table->space_new = check_space_new;
  table->space_drop = check_space_drop;
  table->space_activate = check_activate;
  table->space_deactivate = check_deactivate;
  table->pt_map = check_map;
  table->pt_take = check_take;
  table->pt_drop_taken = check_drop_taken;
  table->pt_protect = check_protect;
}
