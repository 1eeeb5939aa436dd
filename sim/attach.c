/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A machine that somebody left behind in a RAM file, or still writes: found, judged and
 * mapped read-only.  The file may say anything, so every figure that leads anywhere is
 * looked at before it is followed.
 */
#include <sim/machine.h>
#include <string.h>
#include <unistd.h>

#include "sim/durable/table.h"
#include "sim/error.h"
#include "sim/internal.h"

static bool find_image(struct sim_machine *machine, struct fm_boot_info *ret)
{
  for (uint64_t at = 0; at < UINT64_C(1) << 31 && at < machine->ram.size; at += FM_IMAGE_ALIGN) {
    if (pread(machine->ram.fd, ret, sizeof(*ret), (off_t)at) != sizeof(*ret))
      break;
    if (ret->magic == FM_BOOT_MAGIC && ret->image_base == at &&
        ret->image_size >= FM_IMAGE_MIN_SIZE && ret->image_size <= INT32_MAX &&
        at + ret->image_size <= machine->ram.size) {
      machine->image = fm_paddr_of(at);
      return true;
    }
  }
  return false;
}

/* What a torn or hostile file could say that would send us out of the windows or out of our
 * tables.  Each function may rely on what those before it have found to be true. */

static bool is_in_ram(uint64_t paddr, uint64_t size, uint64_t ram_size)
{
  return paddr <= ram_size && size <= ram_size - paddr;
}

static bool figures_are_sane(const struct fm_kernel *kernel, const struct fm_boot_info *info)
{
  return kernel->image_base == info->image_base && kernel->image_size == info->image_size &&
         kernel->cpus == info->cpus && kernel->cpus >= 1 && kernel->cpus <= FM_CPUS_MAX &&
         kernel->top <= FM_TOP_USABLE &&
         kernel->boot_root == kernel->image_base + FM_IMAGE_TABLES &&
         kernel->nr_vtables <= FM_META_TYPES_MAX &&
         kernel->vtables ==
             fm_image_kaddr(fm_paddr_of(kernel->image_base + FM_IMAGE_VTABLES)).raw &&
         kernel->regions.count <= FM_REGIONS_MAX && kernel->allocator < FM_ALLOCATORS &&
         kernel->linear_map <= FM_LINEAR_LARGEST;
}

/* Of a machine that has got as far as having slots. */
static bool slots_are_sane(const struct fm_kernel *kernel, uint64_t ram_size)
{
  return kernel->max_paddr != 0 && kernel->max_paddr <= ram_size &&
         kernel->nr_frames == kernel->max_paddr / FM_PAGE_SIZE &&
         is_in_ram(kernel->meta_start, kernel->meta_size, ram_size) &&
         kernel->meta_size >= kernel->nr_frames * FM_SLOT_SIZE &&
         fm_is_page_aligned(kernel->meta_start) && fm_is_page_aligned(kernel->meta_size) &&
         fm_is_page_aligned(kernel->kernel_root) && kernel->kernel_root < ram_size &&
         (kernel->slot_bound == kernel->max_paddr ||
          (kernel->slot_bound == 0 && kernel->chunks != 0)) &&
         (kernel->chunks == 0 ||
          (kernel->chunks >= kernel->max_paddr &&
           is_in_ram(kernel->chunks, fm_chunk_table_size(kernel->nr_frames), ram_size)));
}

/* A name goes to terminals and into JSON: printable, and it ends. */
static bool name_is_sane(const char *name)
{
  for (size_t i = 0; i < FM_META_NAME_SIZE; i++) {
    if (name[i] == '\0')
      return i != 0;
    if (!g_ascii_isprint(name[i]))
      return false;
  }
  return false;
}

static bool types_are_sane(const struct fm_kernel *kernel)
{
  if (kernel->nr_vtables < FM_META_BUILTINS)
    return false;
  for (uint32_t number = 0; number < kernel->nr_vtables; number++) {
    const struct fm_vtable *vtable = fm_kernel_vtable(kernel, number);
    if (!name_is_sane(vtable->name) || vtable->number != number || vtable->size > FM_META_MAX_SIZE)
      return false;
  }
  return true;
}

static bool regions_are_sane(const struct fm_kernel *kernel)
{
  uint64_t end = 0;
  for (uint32_t i = 0; i < kernel->regions.count; i++) {
    const struct fm_region *region = &kernel->regions.at[i];
    if (region->type >= FM_REGION_TYPES || region->base != end || region->size == 0 ||
        region->size > UINT64_MAX - end)
      return false;
    end = fm_region_end(region);
  }
  return kernel->regions.count != 0 && end >= kernel->max_paddr;
}

static bool cpus_are_sane(const struct fm_kernel *kernel, uint64_t ram_size)
{
  if (kernel->cpus == 1)
    return true;
  if (kernel->cpu_blocks % sizeof(uint64_t) != 0 ||
      !is_in_ram(kernel->cpu_blocks, kernel->cpus * sizeof(uint64_t), ram_size))
    return false;
  const uint64_t *blocks = (const uint64_t *)(uintptr_t)(FM_LINEAR_WINDOW + kernel->cpu_blocks);
  for (uint32_t id = 1; id < kernel->cpus; id++)
    if (blocks[id - 1] < FM_LINEAR_BASE || !fm_is_page_aligned(blocks[id - 1]) ||
        !is_in_ram(blocks[id - 1] - FM_LINEAR_BASE, FM_PAGE_SIZE, ram_size))
      return false;
  return true;
}

static bool allocator_is_sane(const struct fm_kernel *kernel, uint64_t ram_size)
{
  const struct fm_bitmap *bitmap = &kernel->bitmap;
  uint64_t in_image = kernel->image_base + FM_IMAGE_ALLOCATOR;

  if (kernel->allocator != FM_ALLOCATOR_BITMAP || bitmap->nr_bits == 0)
    return true;
  if (bitmap->nr_bits > kernel->nr_frames)
    return false;
  uint64_t bytes = fm_page_up((bitmap->nr_bits + 7) / 8);
  if (bitmap->words == fm_image_kaddr(fm_paddr_of(in_image)).raw)
    return is_in_ram(in_image, bytes, ram_size);
  return bitmap->words >= FM_LINEAR_BASE && fm_is_page_aligned(bitmap->words) &&
         is_in_ram(bitmap->words - FM_LINEAR_BASE, bytes, ram_size);
}

static bool handles_are_sane(const struct fm_boot_info *info, const struct fm_kernel *kernel,
                             uint64_t ram_size)
{
  uint64_t at = info->handles;
  uint64_t chunks = kernel->chunks != 0 ? fm_chunk_table_size(kernel->nr_frames) : 0;
  return at == 0 ||
         (fm_is_page_aligned(at) && at >= kernel->max_paddr && at < ram_size &&
          at >= kernel->chunks + chunks &&
          sim_table_is_sane((const void *)(uintptr_t)(FM_LINEAR_WINDOW + at), ram_size - at));
}

static bool kernel_is_sane(const struct fm_kernel *kernel, const struct fm_boot_info *info,
                           uint64_t ram_size)
{
  if (kernel->stage == FM_STAGE_LOADED)
    return true; /* nothing of it is looked at */
  if (kernel->stage >= FM_STAGES || !figures_are_sane(kernel, info) || !types_are_sane(kernel) ||
      !regions_are_sane(kernel) || !cpus_are_sane(kernel, ram_size))
    return false;
  return kernel->stage < FM_STAGE_METADATA ||
         (slots_are_sane(kernel, ram_size) && allocator_is_sane(kernel, ram_size) &&
          handles_are_sane(info, kernel, ram_size));
}

struct attach {
  struct sim_machine *machine;
  const struct fm_boot_info *info;
  bool sane;
  enum fm_boot_stage stage;
  uint64_t meta_start;
  uint64_t meta_size;
};

/* Reads through the window, so that a file that is cut short meanwhile ends it here. */
static void run_attach(void *data)
{
  struct attach *attach = data;
  const struct fm_kernel *kernel = attach->machine->kernel;
  attach->sane = kernel_is_sane(kernel, attach->info, attach->machine->ram.size);
  attach->stage = (enum fm_boot_stage)kernel->stage;
  attach->meta_start = kernel->meta_start;
  attach->meta_size = kernel->meta_size;
}

static bool map_image(struct sim_machine *machine, const char *path, struct fm_boot_info *ret,
                      GError **error)
{
  if (!find_image(machine, ret) || ret->version != FM_BOOT_VERSION) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "%s is no RAM file of this version of framesim: no boot info at any multiple of "
                "2 MiB below 2 GiB",
                path);
    return false;
  }
  if (!sim_window_map(&machine->ram, FM_LINEAR_WINDOW, machine->ram.size, 0, "linear window",
                      error))
    return false;
  machine->linear_mapped = machine->ram.size;
  machine->memory = machine->ram.size;
  if (ret->handles != 0)
    machine->memory = MIN(machine->memory, ret->handles);
  if (ret->chunks != 0)
    machine->memory = MIN(machine->memory, ret->chunks);
  machine->kernel =
      (struct fm_kernel *)(uintptr_t)(FM_LINEAR_WINDOW + machine->image.raw + FM_IMAGE_KERNEL);
  return true;
}

enum open_mode { OPEN_READ, OPEN_WRITE, OPEN_COPY };

static sim_machine *open_as(const char *path, enum open_mode mode, enum fm_boot_stage least,
                            GError **error)
{
  g_autoptr(sim_machine) machine = sim_machine_alloc(error);
  struct fm_boot_info info;
  if (machine == NULL || !sim_ram_open(&machine->ram, path, mode == OPEN_WRITE, error))
    return NULL;
  machine->ram.copied = mode == OPEN_COPY;
  if (!map_image(machine, path, &info, error))
    return NULL;

  struct attach attach = {.machine = machine, .info = &info};
  enum sim_end end = sim_guard_run(machine, run_attach, &attach);
  if (end != SIM_END_DONE || !attach.sane) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "%s: %s", path,
                end != SIM_END_DONE ? machine->panic : "the kernel state in it is damaged");
    return NULL;
  }
  if (attach.stage < least) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "%s: the boot of the machine in it has come to stage '%s', and not to '%s'", path,
                fm_boot_stage_name(attach.stage), fm_boot_stage_name(least));
    return NULL;
  }
  if (attach.stage < FM_STAGE_METADATA)
    return g_steal_pointer(&machine);
  if (!sim_window_map(&machine->ram, FM_META_WINDOW, attach.meta_size, attach.meta_start,
                      "metadata window", error))
    return NULL;
  machine->meta_mapped = attach.meta_size;
  return g_steal_pointer(&machine);
}

sim_machine *sim_machine_open(const char *path, enum fm_boot_stage least, GError **error)
{
  return open_as(path, OPEN_READ, least, error);
}

sim_machine *sim_machine_open_writable(const char *path, enum fm_boot_stage least, GError **error)
{
  return open_as(path, OPEN_WRITE, least, error);
}

sim_machine *sim_machine_open_copied(const char *path, enum fm_boot_stage least, GError **error)
{
  return open_as(path, OPEN_COPY, least, error);
}
