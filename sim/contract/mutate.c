/* SPDX-License-Identifier: MPL-2.0 */
/* The machines on which mutations run, and who is the first to notice. */
#include "sim/contract/mutate.h"

#include <sim/audit.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "sim/hook.h"

/* ---- Looking up ---- */

static const struct mutation *find(enum sim_clause clause)
{
  const struct mutation *const all[] = {mutations_of_frames, mutations_of_handles,
                                        mutations_of_groups, mutations_of_tables,
                                        mutations_of_state,  mutations_of_trees};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    for (const struct mutation *row = all[i]; row->clause != SIM_CLAUSE_NONE; row++)
      if (row->clause == clause)
        return row;
  return NULL;
}

/* ---- Who notices ---- */

static void on_breach(const struct sim_contract_breach *breach, void *data)
{
  struct mutate_scene *scene = data;
  if (scene->first == SIM_CLAUSE_NONE)
    scene->first = breach->clause;
}

/* Of several faults of one frame, that of the earlier clause. */
static void on_fault(const struct sim_audit_fault *fault, void *data)
{
  struct mutate_scene *scene = data;
  enum sim_clause clause = (enum sim_clause)fault->number;
  if (scene->first == SIM_CLAUSE_NONE)
    scene->first_frame = fault->frame;
  else if (fault->frame.raw != scene->first_frame.raw || clause > scene->first)
    return;
  scene->first = clause;
}

/* What the ledger says of a frame. */
static uint64_t holders_of(fm_paddr frame, void *data)
{
  const struct mutate_scene *scene = data;
  const struct sim_ghost *ghost = sim_contract_ghost(scene->contract);
  if (ghost == NULL)
    return 0;
  const struct sim_ghost_slot *slot = &ghost->slots[fm_pfn_of_paddr(frame).nr];
  return (uint64_t)slot->held + slot->forgotten + slot->mapped;
}

static void audit(struct mutate_scene *scene)
{
  const struct sim_audit_options options = {.holders = scene->holders ? holders_of : NULL,
                                            .holders_data = scene,
                                            .report = on_fault,
                                            .data = scene,
                                            .threads = 1};
  struct sim_audit_result result;
  sim_audit_run(scene->machine, &options, &result);
}

struct watch {
  struct sim_observer observer;
  sim_contract *contract;
};

static void after(struct sim_observer *observer, const struct fm_access *access)
{
  sim_contract_access(((struct watch *)observer)->contract, access);
}

static void spin(struct sim_observer *observer, enum fm_site site)
{
  (void)observer;
  (void)site;
  fm_port_panic("a lock is held that nobody will give back");
}

/* ---- Helpers of the mutations ---- */

fm_meta_id mutate_link(void)
{
  return FM_META_ID(FM_META_LINK, struct fm_link_meta);
}

struct fm_slot *mutate_claim(struct mutate_scene *scene, uint64_t n, bool unique)
{
  const struct fm_link_meta meta = {.prev = 0x1122, .next = 0x3344};
  struct fm_slot *slot = fm_slot_at(mutate_frame(n));
  (void)!scene->ops->claim(scene->kernel, mutate_frame(n), mutate_link(), &meta, unique, &slot);
  return slot;
}

struct fm_frame mutate_shared(struct mutate_scene *scene, uint64_t n)
{
  return fm_frame_of_slot(mutate_claim(scene, n, false));
}

struct fm_unique mutate_unique(struct mutate_scene *scene, uint64_t n)
{
  return fm_unique_of_slot(mutate_claim(scene, n, true));
}

/* ---- Machines ---- */

static void take_pieces(struct mutate_scene *scene)
{
  const struct fm_ops *ops = MUTATE_RIGHT;
  fm_paddr frame;
  for (unsigned i = 0; i < MUTATE_PIECES; i++)
    (void)!ops->alloc(scene->kernel, MUTATE_PIECE, MUTATE_PIECE, &scene->pieces[i]);
  for (unsigned i = 0; i < MUTATE_PIECES; i += 2)
    ops->dealloc(scene->kernel, scene->pieces[i], MUTATE_PIECE);
  (void)!ops->alloc(scene->kernel, FM_PAGE_SIZE, FM_PAGE_SIZE, &frame);
}

static fm_paddr map_page(struct mutate_scene *scene, uint64_t va)
{
  const struct fm_ops *ops = MUTATE_RIGHT;
  struct fm_frame frame = {NULL};
  struct fm_pt_cursor cursor;
  (void)!ops->frame_alloc(scene->kernel, &(struct fm_alloc_options){0}, &frame);
  fm_paddr paddr = ops->frame_into_raw(frame);
  (void)!ops->pt_lock(scene->kernel, scene->space, va, va + FM_PAGE_SIZE, &cursor);
  (void)!ops->pt_map(&cursor, paddr, 1,
                     fm_page_prop_of((uint32_t)FM_PAGE_READ | FM_PAGE_WRITE | FM_PAGE_USER), true,
                     NULL);
  ops->pt_unlock(&cursor);
  return paddr;
}

static void make_tree(struct mutate_scene *scene)
{
  (void)!MUTATE_RIGHT->space_new(scene->kernel, &scene->space);
  scene->page = map_page(scene, MUTATE_VA);
  (void)map_page(scene, MUTATE_VA + (UINT64_C(2) << 20));
  MUTATE_RIGHT->space_activate(scene->kernel, scene->space);
}

struct setting {
  struct mutate_scene *scene;
  const struct mutation *mutation;
};

static void prepare(void *data)
{
  const struct setting *setting = data;
  enum mutate_machine machine = setting->mutation->machine;
  if (machine == MUTATE_BUDDY || machine == MUTATE_TREE)
    take_pieces(setting->scene);
  if (machine == MUTATE_TREE)
    make_tree(setting->scene);
}

static void act(void *data)
{
  const struct setting *setting = data;
  setting->mutation->act(setting->scene);
}

static sim_machine *new_machine(enum mutate_machine kind, GError **error)
{
  uint64_t ram = kind == MUTATE_BITMAP ? MUTATE_RAM - FM_PAGE_SIZE : MUTATE_RAM;
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(ram);
  struct sim_config config;
  sim_config_init(&config, map);
  config.kernel_given = true;
  config.kernel_base = MUTATE_IMAGE;
  config.kernel_size = UINT64_C(1) << 20;
  config.cpus = kind == MUTATE_PLAIN || kind == MUTATE_BITMAP ? 1 : 2;
  config.allocator = kind == MUTATE_PLAIN    ? FM_ALLOCATOR_NONE
                     : kind == MUTATE_BITMAP ? FM_ALLOCATOR_BITMAP
                                             : FM_ALLOCATOR_BUDDY;
  return sim_machine_new(&config, error);
}

static bool boot(const struct mutation *mutation, struct mutate_scene *scene, GError **error)
{
  enum mutate_machine kind = mutation->machine;
  if (kind == MUTATE_UNBOOTED)
    return true;
  enum fm_boot_stage until =
      kind == MUTATE_PLAIN || kind == MUTATE_BITMAP ? FM_STAGE_ALLOCATOR : FM_STAGE_DONE;
  if (!sim_machine_boot_to(scene->machine, until, error))
    return false;
  scene->kernel = sim_machine_kernel(scene->machine);
  return true;
}

static void watch_and_act(const struct mutation *mutation, struct mutate_scene *scene)
{
  struct setting setting = {scene, mutation};
  struct watch watch = {.observer = {.after = after, .spin = spin}, .contract = scene->contract};
  fm_port_this_cpu.alone = true;
  (void)sim_guard_run(scene->machine, prepare, &setting);
  sim_observer = &watch.observer;
  (void)sim_guard_run(scene->machine, act, &setting);
  sim_observer = NULL;
  fm_port_this_cpu.alone = false;
}

static bool try(const struct mutation *mutation, bool alter, enum sim_clause *ret, GError **error)
{
  struct fm_ops table = fm_ops_instrumented;
  if (alter && mutation->alter != NULL)
    mutation->alter(&table);
  g_autoptr(sim_machine) machine = new_machine(mutation->machine, error);
  if (machine == NULL)
    return false;
  struct mutate_scene scene = {.machine = machine};
  g_autoptr(sim_contract) contract = sim_contract_new(SIM_CHECK_FULL, on_breach, &scene);
  scene.contract = contract;
  scene.ops = sim_contract_ops(contract, &table);
  sim_machine_set_ops(machine, scene.ops);
  bool booted = boot(mutation, &scene, error);
  if (booted)
    watch_and_act(mutation, &scene);
  if (booted && scene.first == SIM_CLAUSE_NONE &&
      (unsigned)mutation->clause < (unsigned)SIM_AUDIT_CLAUSES)
    audit(&scene);
  const struct sim_ghost *ghost = sim_contract_ghost(contract);
  if (scene.first == SIM_CLAUSE_NONE && scene.ended && ghost != NULL && ghost->ledger != 0)
    scene.first = SIM_CLAUSE_LEDGER_CLEAN;
  sim_machine_set_ops(machine, &fm_ops_instrumented);
  *ret = scene.first;
  return booted;
}

bool sim_contract_mutate(enum sim_clause clause, enum sim_clause *ret_first, GError **error)
{
  const struct mutation *mutation = find(clause);
  *ret_first = SIM_CLAUSE_NONE;
  return mutation == NULL || try(mutation, true, ret_first, error);
}

bool sim_contract_mutate_not(enum sim_clause clause, enum sim_clause *ret_first, bool *ret_tried,
                             GError **error)
{
  const struct mutation *mutation = find(clause);
  *ret_first = SIM_CLAUSE_NONE;
  *ret_tried = mutation != NULL && mutation->alter != NULL;
  return !*ret_tried || try(mutation, false, ret_first, error);
}
