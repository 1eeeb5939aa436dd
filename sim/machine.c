/* SPDX-License-Identifier: MPL-2.0 */
/* The life of a machine, and the machine's side of the port. */
#include <sim/machine.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sim/bootmap/bootmap.h"
#include "sim/durable/table.h"
#include "sim/error.h"
#include "sim/internal.h"
#include "sim/museum/types.h"

struct sim_machine *sim_machine_here;
__thread struct fm_port_cpu fm_port_this_cpu;

/* ---- Port ---- */

void fm_port_finding(const char *text, const void *where)
{
  struct sim_machine *machine = sim_machine_here;
  uint64_t address = (uint64_t)(uintptr_t)where;
  if (address >= FM_META_WINDOW && address < FM_META_WINDOW + machine->meta_mapped)
    g_ptr_array_add(machine->findings,
                    g_strdup_printf("%s (frame 0x%" G_GINT64_MODIFIER "x)", text,
                                    fm_slot_paddr((const struct fm_slot *)where).raw));
  else
    g_ptr_array_add(machine->findings, g_strdup(text));
}

const struct fm_meta_type *fm_port_meta_type(uint32_t number)
{
  return number < FM_META_TYPES_MAX ? sim_machine_here->registered[number] : NULL;
}

/* In the middle of the boot, so a failure cannot be returned: it ends the kernel there and
 * sim_machine_boot() hands it on. */
void fm_port_map_meta(fm_paddr start, uint64_t size)
{
  struct sim_machine *machine = sim_machine_here;
  if (!sim_window_map(&machine->ram, FM_META_WINDOW, size, start.raw, "metadata window",
                      &machine->map_error))
    fm_port_panic("the metadata window could not be mapped");
  machine->meta_mapped = size;
}

/* ---- Loader ---- */

/* Reserved memory above the highest physical region has no slots and no bytes. */
static uint64_t memory_end(const struct sim_plan *plan)
{
  uint64_t image_end = plan->kernel_base + plan->kernel_size;
  return fm_page_up(MAX(plan->boot.max_paddr, image_end));
}

/* Behind memory comes the chunk table, if there is one, then that of durable handles. */
static uint64_t chunks_end(const struct sim_plan *plan, const struct sim_config *config)
{
  bool deferred = config->metadata == FM_METADATA_DEFERRED;
  return memory_end(plan) + (deferred ? fm_chunk_table_size(plan->boot.nr_frames) : 0);
}

static void load_image(struct sim_machine *machine, const struct sim_config *config)
{
  const struct sim_plan *plan = &machine->plan;
  uint8_t *image = (uint8_t *)(uintptr_t)(FM_LINEAR_WINDOW + plan->kernel_base);

  memcpy(image + FM_IMAGE_REGIONS, plan->given, plan->nr_given * sizeof(plan->given[0]));
  machine->ops->boot_write_tables((uint64_t(*)[FM_PT_ENTRIES])(void *)(image + FM_IMAGE_TABLES),
                                  machine->image);
  uint32_t vtables =
      machine->ops->boot_write_vtables((struct fm_vtable *)(void *)(image + FM_IMAGE_VTABLES));

  struct fm_boot_info info = {
      .magic = FM_BOOT_MAGIC,
      .version = FM_BOOT_VERSION,
      .cpus = config->cpus,
      .image_base = plan->kernel_base,
      .image_size = plan->kernel_size,
      .top = config->top,
      .allocator = config->allocator,
      .regions = plan->nr_given,
      .vtables = vtables,
      .ram_size = machine->ram.size,
      .linear_map = config->linear_map,
      .metadata = config->metadata,
      .chunks = config->metadata == FM_METADATA_DEFERRED ? memory_end(plan) : 0,
      .handles = config->handles != 0 ? chunks_end(plan, config) : 0,
  };
  memcpy(image, &info, sizeof(info));
  if (config->handles != 0)
    sim_table_format(machine, config->handles);
}

struct load {
  struct sim_machine *machine;
  const struct sim_config *config;
};

static void run_load(void *data)
{
  struct load *load = data;
  load_image(load->machine, load->config);
}

/* A kernel that reached for memory before it was mapped: what would have helped? */
static const char *remedy(const struct sim_machine *machine)
{
  if (machine->kernel->stage == FM_STAGE_LOADED)
    return "\nhint: the storage of the CPUs has to lie below 4 GiB; fewer CPUs may fit there";
  return "\nhint: larger pages need fewer page tables, which then fit below 4 GiB: --linear-map "
         "largest, in a script machine { linear_map largest }";
}

/* One of the museum's, whose boot is another one than the plan has. */
static bool is_variant(const struct sim_machine *machine)
{
  return machine->ops != &fm_ops_native && machine->ops != &fm_ops_instrumented;
}

static void explain_panic(const struct sim_machine *machine, GError **error)
{
  bool unmapped = machine->reached_unmapped && machine->kernel != NULL;
  if (unmapped)
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT, "boot: %s: kernel panic after stage '%s': %s%s",
                machine->map_file, fm_boot_stage_name((enum fm_boot_stage)machine->kernel->stage),
                machine->panic, is_variant(machine) ? "" : remedy(machine));
  else
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT, "boot: kernel panic: %s", machine->panic);
}

static void explain_end(const struct sim_machine *machine, enum sim_end end, GError **error)
{
  if (machine->map_error != NULL)
    g_propagate_error(error, g_error_copy(machine->map_error));
  else if (end == SIM_END_HOST)
    g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT, "%s%s%s\nhint: %s", machine->panic,
                machine->ram.path != NULL ? ": " : "",
                machine->ram.path != NULL ? machine->ram.path : "",
                machine->ram.path != NULL ? "choose a file system with more room (--ram)"
                                          : "put the RAM into a file on a disk (--ram FILE)");
  else
    explain_panic(machine, error);
}

/* ---- Life ---- */

struct sim_machine *sim_machine_alloc(GError **error)
{
  if (sim_machine_here != NULL) {
    g_set_error_literal(error, SIM_ERROR, SIM_ERROR_INTERNAL,
                        "this process already simulates a machine");
    return NULL;
  }
  sim_trap_install();
  struct sim_machine *machine = g_new0(struct sim_machine, 1);
  machine->ops = &fm_ops_native;
  machine->ram.fd = -1;
  machine->findings = g_ptr_array_new_with_free_func(g_free);
  sim_machine_here = machine;
  return machine;
}

/* What is written: tables of the boot and of the kernel, slots, page of each CPU, and what the
 * image holds; a little more than that. */
static uint64_t resident_bytes(const struct sim_plan *plan, const struct sim_config *config)
{
  const struct fm_boot_plan *boot = &plan->boot;
  uint64_t fixed = (config->cpus + 64 + 257 + boot->tables) * FM_PAGE_SIZE;
  if (boot->fault != 0)
    return fixed;
  uint64_t bitmap = config->allocator == FM_ALLOCATOR_BITMAP ? boot->nr_frames / 8 : 0;
  if (config->metadata == FM_METADATA_DEFERRED)
    return fixed + bitmap + fm_chunk_table_size(boot->nr_frames) + (UINT64_C(16) << 20);
  return fixed + bitmap + boot->meta_size;
}

/* A named file that holds no image would be taken for somebody else's the next time; an
 * empty one may be used again.  If even that fails, the next machine says so. */
static void empty_ram_file(const struct sim_ram *ram)
{
  if (ram->path != NULL)
    (void)!ftruncate(ram->fd, 0);
}

sim_machine *sim_machine_new(const struct sim_config *config, GError **error)
{
  g_autoptr(sim_machine) machine = sim_machine_alloc(error);
  if (machine == NULL || !sim_plan_make(config, &machine->plan, error))
    return NULL;

  if (config->ops != NULL)
    machine->ops = config->ops;
  const struct sim_plan *plan = &machine->plan;
  uint64_t ram_size =
      chunks_end(plan, config) + (config->handles != 0 ? sim_table_size(config->handles) : 0);
  if (!sim_preflight(config->ram_file, resident_bytes(plan, config), ram_size, error) ||
      !sim_ram_create(&machine->ram, config->ram_file, ram_size, error))
    return NULL;
  if (!sim_window_map(&machine->ram, FM_LINEAR_WINDOW, ram_size, 0, "linear window", error)) {
    empty_ram_file(&machine->ram);
    return NULL;
  }
  machine->linear_mapped = ram_size;
  machine->memory = memory_end(plan);
  machine->image = fm_paddr_of(plan->kernel_base);
  machine->map_file = g_strdup(config->map->file);

  struct load load = {machine, config};
  enum sim_end end = sim_guard_run(machine, run_load, &load);
  if (end != SIM_END_DONE) {
    explain_end(machine, end, error);
    empty_ram_file(&machine->ram);
    return NULL;
  }
  return g_steal_pointer(&machine);
}

struct boot {
  struct sim_machine *machine;
  enum fm_boot_stage until;
  enum fm_boot_status status;
};

/* The other CPUs start, and go over to the kernel's page table; the boot processor is the
 * last one that leaves the boot page table. */
static void start_cpus(struct sim_machine *machine)
{
  uint32_t cpus = machine->kernel->cpus;
  for (uint32_t i = 1; i <= cpus; i++) {
    sim_cpu_enter(machine, i % cpus);
    machine->ops->boot_cpu(machine->kernel);
  }
}

static void run_boot(void *data)
{
  struct boot *boot = data;
  struct sim_machine *machine = boot->machine;
  boot->status = machine->ops->boot(machine->image, boot->until, &machine->kernel);
  if (boot->status == FM_BOOT_OK && boot->until == FM_STAGE_DONE &&
      machine->kernel->stage == FM_STAGE_KERNEL_TABLE)
    start_cpus(machine);
}

/* What only a variant runs into. */
static const char *other_refusal(enum fm_boot_status status)
{
  switch (status) {
  case FM_BOOT_NO_ROOM_TABLES:
    return "the early allocator has no room for the page tables";
  case FM_BOOT_NO_ROOM_META:
    return "the early allocator has no room for the slots";
  case FM_BOOT_MARK:
    return "a frame that the boot has to take is in use already";
  default:
    return NULL;
  }
}

static bool refuse_boot(const struct sim_machine *machine, enum fm_boot_status status,
                        GError **error)
{
  if (is_variant(machine) && other_refusal(status) != NULL) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT, "boot: %s", other_refusal(status));
    return false;
  }
  if (status == FM_BOOT_NO_ROOM_ALLOC)
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: frame allocator %s: no room for its own state",
                fm_allocator_name((enum fm_allocator_kind)machine->kernel->allocator));
  else if (status == FM_BOOT_NO_ROOM_KERNEL)
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: kernel page table: frame allocator %s has no frame left for it\n"
                "hint: more usable memory would help; it needs 257 frames and more",
                fm_allocator_name((enum fm_allocator_kind)machine->kernel->allocator));
  else
    g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "boot: status %d although the plan was good",
                status);
  return false;
}

bool sim_machine_boot_to(sim_machine *machine, enum fm_boot_stage until, GError **error)
{
  struct boot boot = {machine, until, FM_BOOT_OK};
  enum sim_end end = sim_guard_run(machine, run_boot, &boot);
  if (end != SIM_END_DONE) {
    explain_end(machine, end, error);
    return false;
  }
  return boot.status == FM_BOOT_OK || refuse_boot(machine, boot.status, error);
}

bool sim_machine_boot(sim_machine *machine, GError **error)
{
  return sim_machine_boot_to(machine, FM_STAGE_DONE, error);
}

sim_machine *sim_machine_free(sim_machine *machine)
{
  if (machine == NULL)
    return NULL;
  machine->table = sim_table_free(machine->table);
  sim_window_unmap(FM_META_WINDOW, machine->meta_mapped);
  sim_window_unmap(FM_LINEAR_WINDOW, machine->linear_mapped);
  sim_ram_clear(&machine->ram);
  g_ptr_array_unref(machine->findings);
  g_clear_error(&machine->map_error);
  g_free(machine->panic);
  g_free(machine->map_file);
  fm_port_this_cpu = (struct fm_port_cpu){0};
  sim_machine_here = NULL;
  g_free(machine);
  return NULL;
}

/* ---- Properties ---- */

const struct fm_ops *sim_machine_ops(const sim_machine *machine)
{
  return machine->ops;
}

void sim_machine_set_ops(sim_machine *machine, const struct fm_ops *ops)
{
  machine->ops = ops;
}

const struct fm_boot_info *sim_machine_info(const sim_machine *machine)
{
  return (const struct fm_boot_info *)(uintptr_t)(FM_LINEAR_WINDOW + machine->image.raw);
}

struct fm_kernel *sim_machine_kernel(const sim_machine *machine)
{
  return machine->kernel;
}

bool sim_machine_has_writer(const sim_machine *machine)
{
  return machine->ram.has_writer;
}

const char *sim_machine_panic(const sim_machine *machine)
{
  return machine->panic;
}

enum fm_meta_status sim_machine_register(sim_machine *machine, const struct fm_meta_type *type,
                                         uint32_t *ret_number)
{
  enum fm_meta_status status = machine->ops->meta_register(machine->kernel, type, ret_number);
  if (status == FM_META_OK)
    machine->registered[*ret_number] = type;
  return status;
}

bool sim_machine_type(sim_machine *machine, const char *name, fm_meta_id *ret)
{
  if (strcmp(name, "unit") == 0)
    name = "anon";
  for (uint32_t number = 0; number < machine->kernel->nr_vtables; number++) {
    const struct fm_vtable *vtable = fm_kernel_vtable(machine->kernel, number);
    if (strcmp(vtable->name, name) == 0) {
      *ret = fm_meta_id_of(number, vtable->size);
      return true;
    }
  }
  const struct fm_meta_type *type = sim_museum_type(name);
  uint32_t number;
  if (type == NULL || machine->ram.readonly ||
      sim_machine_register(machine, type, &number) != FM_META_OK)
    return false;
  *ret = fm_meta_id_of(number, type->size);
  return true;
}

void sim_cpu_enter(sim_machine *machine, uint32_t id)
{
  fm_port_this_cpu.id = id;
  fm_port_this_cpu.block = fm_kernel_cpu(machine->kernel, id);
}

char **sim_machine_take_findings(sim_machine *machine)
{
  if (machine->findings->len == 0)
    return NULL;
  g_ptr_array_add(machine->findings, NULL);
  gpointer *texts = g_ptr_array_steal(machine->findings, NULL);
  return (char **)texts;
}

uint64_t sim_machine_fail_alloc(sim_machine *machine, uint64_t nth)
{
  uint64_t pending = machine->fail_alloc;
  machine->fail_alloc = nth;
  return pending;
}

void sim_machine_watch_memory(sim_machine *machine, sim_memory_watch watch, void *data)
{
  machine->watch_memory = watch;
  machine->watch_memory_data = data;
}
