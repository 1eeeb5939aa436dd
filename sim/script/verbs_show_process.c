/* SPDX-License-Identifier: MPL-2.0 */
/* show map, show tree, show tlb, and translate. */
#include <inttypes.h>
#include <string.h>

#include "sim/pagemap.h"
#include "sim/script/operate.h"
#include "sim/script/verbs.h"
#include "sim/script/verbs_show.h"

#define LINES_SHOWN 40u

/* "urw-": user, read, write, execute. */
static void rights_text(uint64_t pte, char ret[5])
{
  ret[0] = (pte & FM_PTE_USER) != 0 ? 'u' : '-';
  ret[1] = (pte & FM_PTE_PRESENT) != 0 ? 'r' : '-';
  ret[2] = (pte & FM_PTE_WRITABLE) != 0 ? 'w' : '-';
  ret[3] = (pte & FM_PTE_NO_EXECUTE) != 0 ? '-' : 'x';
  ret[4] = '\0';
}

static const char *size_text(uint32_t level)
{
  static const char *const texts[] = {"", "4K", "2M", "1G"};
  return texts[level];
}

/* ---- show map ---- */

/* Pages side by side, in both address spaces, with the same rights. */
struct stretch {
  sim_run *run;
  guint lines;
  uint64_t pages;
  uint64_t va;
  fm_paddr paddr;
  uint32_t level;
  uint64_t bits;  /* rights, accessed, dirty */
  uint64_t count; /* references of the first frame */
};

#define SHOWN_BITS                                                                                 \
  (FM_PTE_PRESENT | FM_PTE_WRITABLE | FM_PTE_USER | FM_PTE_NO_EXECUTE | FM_PTE_ACCESSED |          \
   FM_PTE_DIRTY | FM_PTE_SOFT_52)

static uint64_t count_of(const sim_run *run, fm_paddr frame)
{
  struct fm_slot_view view;
  if (frame.raw >= run->kernel->max_paddr)
    return 0;
  fm_slot_view(run->kernel, fm_slot_at(frame), &view);
  return view.ref_count;
}

static void print_stretch(struct stretch *s)
{
  char rights[5];
  if (s->pages == 0)
    return;
  if (s->lines++ < LINES_SHOWN) {
    rights_text(s->bits, rights);
    sim_run_text(s->run, SIM_TEXT_OUTPUT,
                 "        0x%012" PRIx64 "-0x%012" PRIx64 " %s%s%s %5" PRIu64
                 " x %s -> frame 0x%" PRIx64 ", %s %" PRIu64,
                 s->va, s->va + s->pages * fm_pt_page_size(s->level), rights,
                 (s->bits & FM_PTE_ACCESSED) != 0 ? "a" : "-",
                 (s->bits & FM_PTE_DIRTY) != 0 ? "d" : "-", s->pages, size_text(s->level),
                 s->paddr.raw, (s->bits & FM_PTE_SOFT_52) != 0 ? "untracked, count" : "count",
                 s->count);
  }
  s->pages = 0;
}

static void visit_map(const struct sim_pagemap_entry *entry, void *data)
{
  struct stretch *s = data;
  uint64_t size = fm_pt_page_size(entry->level);
  fm_paddr paddr = fm_pte_paddr(entry->pte);
  uint64_t bits = entry->pte.raw & SHOWN_BITS;
  if (entry->is_table)
    return;
  uint64_t count = count_of(s->run, paddr);
  if (s->pages != 0 && entry->level == s->level && entry->va == s->va + s->pages * size &&
      paddr.raw == s->paddr.raw + s->pages * size && bits == s->bits && count == s->count) {
    s->pages++;
    return;
  }
  print_stretch(s);
  s->pages = 1;
  s->va = entry->va;
  s->paddr = paddr;
  s->level = entry->level;
  s->bits = bits;
  s->count = count;
}

enum sim_flow sim_show_map(sim_run *run, const struct sim_command *command)
{
  const struct sim_handle *handle = sim_call_handle(run, command, "map", SIM_KIND(PROCESS), true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  const GArray *areas = handle->process->areas;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      process %s: %u area%s", handle->name, areas->len,
               areas->len == 1 ? "" : "s");
  for (guint i = 0; i < areas->len; i++) {
    const struct sim_area *area = &g_array_index(areas, struct sim_area, i);
    sim_run_text(run, SIM_TEXT_OUTPUT, "        0x%012" PRIx64 "-0x%012" PRIx64 " %c%c%c %s",
                 area->start, area->end, (area->flags & FM_PAGE_READ) != 0 ? 'r' : '-',
                 (area->flags & FM_PAGE_WRITE) != 0 ? 'w' : '-',
                 (area->flags & FM_PAGE_EXEC) != 0 ? 'x' : '-',
                 area->shared ? "shared" : "private");
  }
  struct stretch stretch = {.run = run};
  sim_run_text(run, SIM_TEXT_OUTPUT, "      pages in its tables:");
  sim_pagemap_each(run->machine, fm_slot_paddr(handle->process->space.root.slot), visit_map,
                   &stretch);
  print_stretch(&stretch);
  if (stretch.lines == 0)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        none");
  if (stretch.lines > LINES_SHOWN)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and %u lines more", stretch.lines - LINES_SHOWN);
  return SIM_FLOW_NEXT;
}

/* ---- show tree ---- */

struct tree {
  sim_run *run;
  guint lines;
};

static void print_node(struct tree *tree, fm_paddr node, uint32_t level, uint64_t va)
{
  if (tree->lines++ >= LINES_SHOWN)
    return;
  if (node.raw >= tree->run->kernel->max_paddr) {
    sim_run_text(tree->run, SIM_TEXT_OUTPUT,
                 "        %*slevel %u: 0x%" PRIx64 ", where no memory is, from 0x%" PRIx64,
                 (int)(2 * (FM_PT_LEVELS - level)), "", level, node.raw, va);
    return;
  }
  const struct fm_page_table_meta *meta =
      (const struct fm_page_table_meta *)(const void *)fm_slot_at(node)->storage;
  sim_run_text(tree->run, SIM_TEXT_OUTPUT,
               "        %*slevel %u: frame 0x%" PRIx64 ", count %" PRIu64
               ", %u entr%s, from 0x%" PRIx64,
               (int)(2 * (FM_PT_LEVELS - level)), "", level, node.raw, count_of(tree->run, node),
               meta->nr_children, meta->nr_children == 1 ? "y" : "ies", va);
}

static void visit_tree(const struct sim_pagemap_entry *entry, void *data)
{
  if (entry->is_table)
    print_node(data, fm_pte_paddr(entry->pte), entry->level - 1, entry->va);
}

enum sim_flow sim_show_tree(sim_run *run, const struct sim_command *command)
{
  const struct sim_handle *handle = sim_call_handle(run, command, "tree", SIM_KIND(PROCESS), true);
  if (handle == NULL)
    return SIM_FLOW_STOP;
  struct tree tree = {.run = run};
  fm_paddr root = fm_slot_paddr(handle->process->space.root.slot);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      page tables of process %s", handle->name);
  print_node(&tree, root, FM_PT_LEVELS, 0);
  sim_pagemap_each(run->machine, root, visit_tree, &tree);
  if (tree.lines > LINES_SHOWN)
    sim_run_text(run, SIM_TEXT_OUTPUT, "        and %u tables more", tree.lines - LINES_SHOWN);
  return SIM_FLOW_NEXT;
}

/* ---- show tlb ---- */

enum sim_flow sim_show_tlb(sim_run *run, const struct sim_command *command)
{
  const struct sim_expr *expr = sim_command_expr(command, "tlb");
  uint32_t id;
  if (!sim_run_cpu(run, expr, &id))
    return SIM_FLOW_STOP;
  g_autoptr(GPtrArray) entries = sim_mmu_entries(sim_os_mmu(sim_run_os(run)), id);
  uint64_t root = fm_kernel_cpu(run->kernel, id)->cr3;
  const struct sim_process *active = root != 0 ? sim_os_find_root(run->os, root) : NULL;
  sim_run_text(run, SIM_TEXT_OUTPUT, "      CPU %u, %s%s: %u translation%s", id,
               active != NULL ? "process " : "no process", active != NULL ? active->name : "",
               entries->len, entries->len == 1 ? "" : "s");
  for (guint i = 0; i < entries->len; i++) {
    const struct sim_tlb_entry *entry = entries->pdata[i];
    const struct sim_process *filler = sim_os_find_root(run->os, entry->root);
    sim_run_text(run, SIM_TEXT_OUTPUT,
                 "        0x%012" PRIx64 " %s -> frame 0x%" PRIx64
                 " %cr%c%c%s%s, of %s, step %" PRIu64,
                 entry->page, size_text(entry->level), entry->paddr.raw, entry->user ? 'u' : '-',
                 entry->writable ? 'w' : '-', entry->executable ? 'x' : '-',
                 entry->dirty ? "d" : "-", entry->global ? ", global" : "",
                 filler != NULL ? filler->name : "a process that is gone", entry->tag);
  }
  return SIM_FLOW_NEXT;
}

/* ---- translate ---- */

static void print_step(sim_run *run, const struct sim_walk_step *step, bool leaf)
{
  char rights[5];
  rights_text(step->pte.raw, rights);
  sim_run_text(run, SIM_TEXT_OUTPUT,
               "        level %u: entry %3u of table 0x%" PRIx64 " = 0x%016" PRIx64
               "  %s%s%s%s %s 0x%" PRIx64,
               step->level, step->index, step->node.raw, step->pte.raw, rights,
               (step->pte.raw & FM_PTE_ACCESSED) != 0 ? "a" : "-",
               (step->pte.raw & FM_PTE_DIRTY) != 0 ? "d" : "-",
               (step->pte.raw & FM_PTE_GLOBAL) != 0 ? "g" : "-",
               (step->pte.raw & FM_PTE_PRESENT) == 0 ? "not present:"
               : leaf                                ? "page"
                                                     : "table",
               fm_pte_paddr(step->pte).raw);
}

enum sim_flow sim_verb_translate(sim_run *run, const struct sim_command *command)
{
  const struct sim_handle *handle =
      sim_call_handle(run, command, "HANDLE", SIM_KIND(PROCESS), true);
  struct sim_request request = {.user = true, .quiet = true};
  struct sim_translation walk;
  struct sim_fault fault;
  if (handle == NULL || !sim_run_number(run, sim_command_expr(command, "at"), &request.va))
    return SIM_FLOW_STOP;
  request.access = sim_command_has(command, "write")   ? SIM_ACCESS_WRITE
                   : sim_command_has(command, "fetch") ? SIM_ACCESS_EXEC
                                                       : SIM_ACCESS_READ;
  bool found = sim_mmu_walk(run->machine, fm_slot_paddr(handle->process->space.root.slot), request,
                            &walk, &fault);
  sim_run_text(run, SIM_TEXT_OUTPUT, "      0x%" PRIx64 " of process %s", request.va, handle->name);
  for (uint32_t i = 0; i < walk.nr_steps; i++)
    print_step(run, &walk.steps[i],
               walk.steps[i].level == 1 || (walk.steps[i].pte.raw & FM_PTE_LEAF) != 0);
  if (found) {
    sim_run_text(run, SIM_TEXT_OUTPUT, "        -> physical 0x%" PRIx64, walk.paddr.raw);
  } else {
    g_autofree char *text = sim_fault_to_string(&fault);
    sim_run_text(run, SIM_TEXT_OUTPUT, "        -> %s", text);
  }
  return SIM_FLOW_NEXT;
}
