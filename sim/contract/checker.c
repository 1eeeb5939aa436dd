/* SPDX-License-Identifier: MPL-2.0 */
/* The life of the checker, its reports, the arrows of counts, the watched type, and the boot. */
#include <string.h>

#include "sim/contract/internal.h"

struct sim_contract *contract_here;

static const char *const words[] = {"off", "cheap", "full"};

const char *sim_check_level_name(enum sim_check_level level)
{
  return words[level];
}

bool sim_check_level_parse(const char *word, enum sim_check_level *ret)
{
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(word, words[i]) == 0) {
      *ret = (enum sim_check_level)i;
      return true;
    }
  return false;
}

/* ---- Reports ---- */

void contract_report(struct sim_contract_breach breach)
{
  struct sim_contract *contract = contract_here;
  if (contract->last == breach.clause && contract->last_frame == breach.frame.raw)
    return;
  contract->last = breach.clause;
  contract->last_frame = breach.frame.raw;
  if (contract->report != NULL)
    contract->report(&breach, contract->data);
}

void contract_note(enum sim_clause clause, const char *operation, const fm_paddr *frame)
{
  struct sim_contract_breach breach = {.clause = clause, .operation = operation};
  if (frame != NULL) {
    breach.frame = *frame;
    breach.has_frame = true;
    if (contract_has(*frame)) {
      breach.before = breach.after = contract_look(*frame);
      breach.ghost = *contract_ghost(*frame);
    }
  }
  contract_report(breach);
}

/* ---- Operations ---- */

struct contract_op contract_begin(const char *name)
{
  struct sim_contract *contract = contract_here;
  struct contract_op op = {name, ++contract->begun, contract->open == 0};
  contract->open++;
  contract->last = SIM_CLAUSE_NONE;
  return op;
}

bool contract_end(const struct contract_op *op)
{
  struct sim_contract *contract = contract_here;
  contract->open--;
  contract->without_handle = false;
  return op->alone && contract->begun == op->begun;
}

/* ---- Looking ---- */

bool contract_has(fm_paddr frame)
{
  struct sim_contract *contract = contract_here;
  if (contract->kernel == NULL || !fm_is_page_aligned(frame.raw) ||
      frame.raw >= contract->kernel->max_paddr)
    return false;
  return contract->ghost.slots != NULL ||
         sim_ghost_init(&contract->ghost, contract->kernel->nr_frames);
}

struct sim_ghost_slot *contract_ghost(fm_paddr frame)
{
  return sim_ghost_at(&contract_here->ghost, contract_here->kernel, frame);
}

struct fm_slot contract_look(fm_paddr frame)
{
  const struct fm_kernel *kernel = contract_here->kernel;
  if (kernel->chunks == 0 || fm_chunk_look(kernel, frame).state == FM_CHUNK_WRITTEN)
    return *fm_slot_at(frame);
  struct fm_slot_view view;
  fm_slot_view(kernel, fm_slot_at(frame), &view);
  return (struct fm_slot){
      .ref_count = view.ref_count, .vtable_ptr = view.vtable_ptr, .in_list = view.in_list};
}

uint64_t contract_free_bytes(void)
{
  return fm_ops_native.free_bytes(contract_here->kernel);
}

/* ---- Arrows ---- */

static bool is_count(const struct sim_contract *contract, const struct fm_access *access,
                     fm_paddr *ret)
{
  uint64_t at = (uint64_t)(uintptr_t)access->where - FM_META_WINDOW;
  if (contract->kernel == NULL || contract->ghost.slots == NULL ||
      at >= contract->kernel->nr_frames * FM_SLOT_SIZE ||
      at % FM_SLOT_SIZE != offsetof(struct fm_slot, ref_count))
    return false;
  *ret = fm_paddr_of(at / FM_SLOT_SIZE * FM_PAGE_SIZE);
  return true;
}

/* What the access left; false: it wrote nothing. */
static bool wrote(const struct fm_access *access, uint64_t *ret)
{
  switch (access->kind) {
  case FM_ACCESS_STORE:
    *ret = access->operand;
    return true;
  case FM_ACCESS_CAS:
    *ret = access->operand;
    return access->done;
  case FM_ACCESS_ADD:
    *ret = access->seen + access->operand;
    return true;
  case FM_ACCESS_SUB:
    *ret = access->seen - access->operand;
    return true;
  default:
    return false;
  }
}

void sim_contract_access(sim_contract *contract, const struct fm_access *access)
{
  fm_paddr frame;
  uint64_t after;
  if (!is_count(contract, access, &frame) || !wrote(access, &after))
    return;
  struct sim_ghost_slot *ghost = &contract->ghost.slots[fm_pfn_of_paddr(frame).nr];
  bool known = access->kind != FM_ACCESS_STORE || ghost->counted;
  uint64_t before = access->kind != FM_ACCESS_STORE ? access->seen : ghost->count;
  ghost->count = after;
  ghost->counted = true;
  enum sim_clause clause =
      known ? sim_contract_arrow(access->site, before, after) : SIM_CLAUSE_NONE;
  if (clause == SIM_CLAUSE_NONE)
    return;
  struct sim_contract_breach breach = {.clause = clause,
                                       .operation = fm_site_info(access->site)->name,
                                       .frame = frame,
                                       .has_frame = true,
                                       .before = *fm_slot_at(frame),
                                       .after = *fm_slot_at(frame),
                                       .ghost = *ghost};
  breach.before.ref_count = before;
  breach.after.ref_count = after;
  contract_report(breach);
}

/* ---- The watched type ---- */

static void watched_on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  (void)kernel;
  (void)meta;
  const fm_paddr frame = fm_paddr_of(fm_page_down(reader->at.raw));
  if (contract_here == NULL || !contract_has(frame))
    return;
  uint64_t count = fm_slot_at(frame)->ref_count;
  struct sim_ghost_slot *ghost = contract_ghost(frame);
  if (count != FM_COUNT_BUSY && count != FM_COUNT_UNIQUE)
    contract_note(SIM_CLAUSE_DROP_META_ALONE, "on_drop", &frame);
  else if (ghost->dropped)
    contract_note(SIM_CLAUSE_DROP_META_ONCE, "on_drop", &frame);
  ghost->dropped = true;
}

const struct fm_meta_type *sim_contract_watched_type(void)
{
  static const struct fm_meta_type type = {.name = "watched",
                                           .size = sizeof(uint64_t),
                                           .align = sizeof(uint64_t),
                                           .flags = FM_META_ON_DROP,
                                           .on_drop = watched_on_drop};
  return &type;
}

/* ---- Boot ---- */

static enum fm_boot_status check_boot(fm_paddr image, enum fm_boot_stage until,
                                      struct fm_kernel **ret)
{
  struct sim_contract *contract = contract_here;
  const struct fm_kernel *kernel = contract->kernel;
  struct contract_op op = contract_begin("boot");
  uint32_t stage = kernel != NULL ? kernel->stage : FM_STAGE_LOADED;
  if (stage < contract->stage)
    contract_note(SIM_CLAUSE_BOOT_ONCE, op.name, NULL);
  if (stage < FM_STAGE_METADATA && until >= FM_STAGE_METADATA &&
      (fm_port_this_cpu.id != 0 || contract->cpus_started))
    contract_note(SIM_CLAUSE_BOOT_CONTEXT, op.name, NULL);
  enum fm_boot_status status = contract->inner->boot(image, until, ret);
  contract->kernel = *ret;
  contract->stage = MAX(contract->stage, (*ret)->stage);
  (void)contract_end(&op);
  return status;
}

static void check_boot_cpu(struct fm_kernel *kernel)
{
  contract_here->cpus_started |= fm_port_this_cpu.id != 0;
  contract_here->inner->boot_cpu(kernel);
  contract_here->stage = MAX(contract_here->stage, kernel->stage);
}

/* ---- Life ---- */

sim_contract *sim_contract_new(enum sim_check_level level, sim_contract_report report, void *data)
{
  g_assert(contract_here == NULL);
  sim_contract *contract = g_new0(sim_contract, 1);
  contract->level = level;
  contract->report = report;
  contract->data = data;
  contract_here = contract;
  return contract;
}

sim_contract *sim_contract_free(sim_contract *contract)
{
  if (contract == NULL)
    return NULL;
  contract_here = NULL;
  sim_ghost_clear(&contract->ghost);
  g_free(contract);
  return NULL;
}

const struct fm_ops *sim_contract_ops(sim_contract *contract, const struct fm_ops *inner)
{
  contract->inner = inner;
  contract->table = *inner;
  contract->table.boot = check_boot;
  contract->table.boot_cpu = check_boot_cpu;
  contract_fill_frames(&contract->table);
  contract_fill_segments(&contract->table);
  contract_fill_lists(&contract->table);
  contract_fill_tables(&contract->table);
  contract_fill_allocs(&contract->table);
  return &contract->table;
}

const struct fm_ops *sim_contract_inner(const sim_contract *contract)
{
  return contract->inner;
}

bool sim_contract_attach(sim_contract *contract, struct fm_kernel *kernel)
{
  contract->kernel = kernel;
  contract->stage = kernel->stage;
  return contract->ghost.slots != NULL || sim_ghost_init(&contract->ghost, kernel->nr_frames);
}

void sim_contract_poked(sim_contract *contract, fm_paddr frame)
{
  if (contract->ghost.slots != NULL && contract_has(frame))
    contract->ghost.slots[fm_pfn_of_paddr(frame).nr].counted = false;
}

void sim_contract_without_handle(sim_contract *contract)
{
  contract->without_handle = true;
}

const struct sim_ghost *sim_contract_ghost(const sim_contract *contract)
{
  return contract->ghost.slots != NULL ? &contract->ghost : NULL;
}
