/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The loader's part before anything exists: where the kernel image goes, what is added to
 * the firmware's map, and whether the result can boot.  A refusal reads like a kernel log
 * and says what would have helped.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "sim/internal.h"
#include "sim/size.h"

#define KERNEL_HOME (UINT64_C(128) << 20) /* where the image goes if there is memory */
#define KERNEL_TOP  (UINT64_C(2) << 30)   /* the last page of the address space maps its end */
#define KERNEL_LOW  (UINT64_C(1) << 20)

void sim_config_init(struct sim_config *config, const struct sim_bootmap *map)
{
  *config = (struct sim_config){
      .map = map,
      .cpus = 1,
      .allocator = FM_ALLOCATOR_BUDDY,
      .top = FM_TOP_PHYSICAL,
      .kernel_size = FM_IMAGE_SIZE,
  };
}

bool sim_framebuffer_size(uint64_t width, uint64_t height, uint64_t bits_per_pixel, uint64_t *ret)
{
  if (width - 1 >= 65536 || height - 1 >= 65536 || bits_per_pixel - 1 >= 64)
    return false;
  *ret = (width * height * bits_per_pixel + 7) / 8;
  return true;
}

static const struct fm_region *region_at(const struct fm_regions *regions, uint64_t paddr)
{
  for (uint32_t i = 0; i < regions->count; i++)
    if (paddr >= regions->at[i].base && paddr < fm_region_end(&regions->at[i]))
      return &regions->at[i];
  return NULL;
}

static bool is_usable(const struct fm_regions *regions, uint64_t base, uint64_t size)
{
  const struct fm_region *region = region_at(regions, base);
  return region != NULL && region->type == FM_REGION_USABLE && fm_region_end(region) - base >= size;
}

/* The first address from `base` on that is no usable memory. */
static uint64_t first_unusable(const struct fm_regions *regions, uint64_t base)
{
  const struct fm_region *region = region_at(regions, base);
  while (region != NULL && region->type == FM_REGION_USABLE) {
    base = fm_region_end(region);
    region = region_at(regions, base);
  }
  return base;
}

/* "no" memory, "reserved" memory, ... */
static const char *type_word_at(const struct fm_regions *regions, uint64_t paddr)
{
  const struct fm_region *region = region_at(regions, paddr);
  return region == NULL ? "no" : fm_region_type_name((enum fm_region_type)region->type);
}

bool sim_place_kernel(const struct fm_regions *regions, uint64_t size, uint64_t *ret_base)
{
  if (KERNEL_HOME + size < KERNEL_TOP && is_usable(regions, KERNEL_HOME, size)) {
    *ret_base = KERNEL_HOME;
    return true;
  }
  uint64_t first = (KERNEL_LOW + FM_IMAGE_ALIGN - 1) & ~(FM_IMAGE_ALIGN - 1);
  for (uint64_t base = first; base < KERNEL_TOP && size < KERNEL_TOP - base;
       base += FM_IMAGE_ALIGN) {
    if (is_usable(regions, base, size)) {
      *ret_base = base;
      return true;
    }
  }
  return false;
}

static void add(struct sim_plan *plan, uint64_t base, uint64_t size, enum fm_region_type type)
{
  plan->given[plan->nr_given++] = (struct fm_region){.base = base, .size = size, .type = type};
}

static bool normalise(struct sim_plan *plan, const char *file, GError **error)
{
  switch (fm_ops_native.regions_normalise(plan->given, plan->nr_given, &plan->regions)) {
  case FM_REGION_OK:
    return true;
  case FM_REGION_EMPTY:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT, "boot: %s: the map has no region", file);
    return false;
  case FM_REGION_TOO_MANY:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: more than %u regions together with those that the loader adds", file,
                FM_REGIONS_MAX);
    return false;
  case FM_REGION_TOO_MANY_PIECES:
    g_set_error(
        error, SIM_ERROR, SIM_ERROR_BOOT,
        "boot: %s: the regions fall into more than %u pieces, where the kernel's table ends", file,
        FM_REGIONS_MAX);
    return false;
  case FM_REGION_PAST_END:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: a region reaches into the last page below 2^64, which cannot be rounded "
                "up",
                file);
    return false;
  }
  return false;
}

/* ---- What the loader adds beside the image ---- */

/* What is loaded lies in memory that is there. */
static bool add_loaded(struct sim_plan *plan, const struct fm_regions *regions,
                       const struct sim_extent *extent, const char *what, GError **error)
{
  if (extent->size == 0)
    return true;
  if (extent->base <= UINT64_MAX - extent->size && is_usable(regions, extent->base, extent->size)) {
    add(plan, extent->base, extent->size, FM_REGION_RECLAIMABLE);
    return true;
  }
  uint64_t where = first_unusable(regions, extent->base);
  g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
              "boot: loader: the %s at 0x%" PRIx64 ", 0x%" PRIx64
              " bytes, does not lie in usable memory: at 0x%" PRIx64 " there is %s memory\n"
              "hint: 'framesim map' shows the usable regions",
              what, extent->base, extent->size, where, type_word_at(regions, where));
  return false;
}

/* The framebuffer may lie anywhere; most are memory of a device. */
static bool add_framebuffer(struct sim_plan *plan, const struct sim_extent *extent, GError **error)
{
  if (extent->size == 0)
    return true;
  if (extent->size > FM_WINDOW_ROOM || extent->base > FM_WINDOW_ROOM) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "a framebuffer of 0x%" PRIx64 " bytes at 0x%" PRIx64
                " reaches beyond any machine's memory",
                extent->size, extent->base);
    return false;
  }
  add(plan, extent->base, extent->size, FM_REGION_FRAMEBUFFER);
  return true;
}

/* In the order of the boot code.  The map is normalised again, so that the image keeps clear of
 * them. */
static bool add_extras(struct sim_plan *plan, const struct sim_config *config, GError **error)
{
  const struct fm_regions *regions = &plan->regions;
  return add_framebuffer(plan, &config->framebuffer, error) &&
         add_loaded(plan, regions, &config->initramfs, "initramfs", error) &&
         add_loaded(plan, regions, &config->cmdline, "command line", error) &&
         normalise(plan, config->map->file, error);
}

static uint64_t total_usable(const struct fm_regions *regions)
{
  uint64_t sum = 0;
  for (uint32_t i = 0; i < regions->count; i++)
    if (regions->at[i].type == FM_REGION_USABLE)
      sum += regions->at[i].size;
  return sum;
}

static const struct fm_region *largest_usable(const struct fm_regions *regions, uint64_t below)
{
  const struct fm_region *best = NULL;
  for (uint32_t i = 0; i < regions->count; i++) {
    const struct fm_region *region = &regions->at[i];
    if (region->type == FM_REGION_USABLE && region->base < below &&
        (best == NULL || region->size > best->size))
      best = region;
  }
  return best;
}

static void refuse_kernel(const struct fm_regions *regions, uint64_t size, GError **error)
{
  const struct fm_region *best = largest_usable(regions, KERNEL_TOP);
  g_autofree char *size_text = sim_size_text(size);
  g_autofree char *best_text = sim_size_text(best != NULL ? best->size : 0);
  g_autofree char *where =
      best != NULL ? g_strdup_printf("the largest usable region below 2 GiB is %s at 0x%" PRIx64,
                                     best_text, best->base)
                   : g_strdup("there is no usable memory below 2 GiB");
  g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
              "boot: loader: no place for the kernel image: %s of usable memory are needed at "
              "128 MiB, or at a multiple of 2 MiB from 2 MiB up that ends below 2 GiB; %s\n"
              "hint: a smaller image may fit, of 1M or more: --kernel BASE:SIZE, in a script "
              "machine { kernel BASE SIZE }",
              size_text, where);
}

static bool check_given_kernel(const struct sim_config *config, const struct fm_regions *regions,
                               GError **error)
{
  uint64_t base = config->kernel_base;
  uint64_t size = config->kernel_size;

  if (base % FM_IMAGE_ALIGN != 0 || size % FM_PAGE_SIZE != 0 || size < FM_IMAGE_MIN_SIZE ||
      size >= KERNEL_TOP || base >= KERNEL_TOP - size) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "kernel 0x%" PRIx64 ":0x%" PRIx64
                " does not work: BASE must be a multiple of 2M, SIZE a multiple of 4K and at least "
                "1M, and the end below 2G",
                base, size);
    return false;
  }
  if (is_usable(regions, base, size))
    return true;
  uint64_t where = first_unusable(regions, base);
  g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
              "boot: loader: the kernel image at 0x%" PRIx64 "-0x%" PRIx64
              " does not lie in usable memory: at 0x%" PRIx64 " there is %s memory\n"
              "hint: leave --kernel out to have a place found",
              base, base + size, where, type_word_at(regions, where));
  return false;
}

/* The early allocator is out of memory. */
static void refuse_tables(const struct sim_plan *plan, const char *file, GError **error)
{
  const struct fm_early *early = &plan->boot.early;
  g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
              "boot: %s: boot page table: no room for a table after %" PRIu64
              " of them; the early allocator has used up 0x%" PRIx64 "-0x%" PRIx64
              " below 4 GiB and 0x%" PRIx64 "-0x%" PRIx64 " above\n"
              "hint: larger pages need fewer tables: --linear-map largest, in a script "
              "machine { linear_map largest }",
              file, plan->boot.tables, early->low.start, early->low.end, early->high.start,
              early->high.end);
}

static void refuse_slots(const struct sim_plan *plan, const struct sim_config *config,
                         GError **error)
{
  g_autofree char *need = sim_size_text(plan->boot.meta_size);
  const struct fm_early *early = &plan->boot.early;
  g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
              "boot: %s: metadata: the slots of %" PRIu64 " frames (up to 0x%" PRIx64
              ") need %s in one piece; the early allocator has 0x%" PRIx64 "-0x%" PRIx64
              " below 4 GiB and 0x%" PRIx64 "-0x%" PRIx64 " above\n"
              "hint: a larger piece of usable memory would help%s",
              config->map->file, plan->boot.nr_frames, plan->boot.max_paddr, need, early->low.next,
              early->low.end, early->high.next, early->high.end,
              config->top == FM_TOP_PHYSICAL ? "; so may --top usable, which makes fewer slots"
                                             : "");
}

static void refuse_window(const struct sim_plan *plan, const char *file, GError **error)
{
  g_autofree char *room = sim_size_text(FM_WINDOW_ROOM);
  g_set_error(error, SIM_ERROR, SIM_ERROR_LIMIT,
              "boot: %s: physical memory reaches up to 0x%" PRIx64
              ", and the linear window of this build has room for %s%s",
              file, plan->boot.max_paddr, room,
              FM_SANITIZER[0] != '\0' ? "\nhint: sanitizer builds have small windows; use a "
                                        "plain build for this map"
                                      : "");
}

static bool refuse_boot(const struct sim_plan *plan, const struct sim_config *config,
                        enum fm_boot_status status, GError **error)
{
  g_autofree char *usable = sim_size_text(total_usable(&plan->regions));
  const char *file = config->map->file;

  switch (status) {
  case FM_BOOT_NO_USABLE:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: early allocator: no usable memory is left (%s)", file, usable);
    break;
  case FM_BOOT_NO_PHYSICAL:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: metadata: no region of physical memory, so there is nothing to describe",
                file);
    break;
  case FM_BOOT_NO_ROOM_CPUS:
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: early allocator: no room for the storage of %u CPUs\n"
                "hint: use fewer CPUs",
                file, config->cpus);
    break;
  case FM_BOOT_NO_ROOM_TABLES:
    refuse_tables(plan, file, error);
    break;
  case FM_BOOT_NO_ROOM_META:
    refuse_slots(plan, config, error);
    break;
  case FM_BOOT_WINDOW:
    refuse_window(plan, file, error);
    break;
  default:
    g_set_error(error, SIM_ERROR, SIM_ERROR_INTERNAL, "boot: %s: unexpected status %d", file,
                status);
  }
  return false;
}

static bool place_kernel(const struct sim_config *config, struct sim_plan *plan, GError **error)
{
  plan->kernel_base = config->kernel_base;
  plan->kernel_size = config->kernel_size;
  if (config->kernel_given)
    return check_given_kernel(config, &plan->regions, error);
  if (sim_place_kernel(&plan->regions, config->kernel_size, &plan->kernel_base))
    return true;
  plan->kernel_size = 0;
  refuse_kernel(&plan->regions, config->kernel_size, error);
  return false;
}

bool sim_plan_make(const struct sim_config *config, struct sim_plan *ret, GError **error)
{
  const GArray *map = config->map->regions;

  memset(ret, 0, sizeof(*ret));
  /* The image, the start page, and what was asked for. */
  guint added = 2u + (config->framebuffer.size != 0) + (config->initramfs.size != 0) +
                (config->cmdline.size != 0);
  if (map->len > FM_REGIONS_MAX - added) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_BOOT,
                "boot: %s: %u regions; with the %u that the loader adds they are more than %u",
                config->map->file, map->len, added, FM_REGIONS_MAX);
    return false;
  }
  for (guint i = 0; i < map->len; i++)
    ret->given[ret->nr_given++] = g_array_index(map, struct fm_region, i);
  if (!normalise(ret, config->map->file, error) || !add_extras(ret, config, error))
    return false;

  bool placed = place_kernel(config, ret, error);
  if (placed)
    add(ret, ret->kernel_base, ret->kernel_size, FM_REGION_KERNEL);
  add(ret, FM_AP_START_PAGE, FM_PAGE_SIZE, FM_REGION_RECLAIMABLE);
  if (!normalise(ret, config->map->file, placed ? error : NULL) || !placed)
    return false;

  const struct fm_boot_options options = {
      .top = config->top, .cpus = config->cpus, .linear_map = config->linear_map};
  enum fm_boot_status status = fm_ops_native.boot_plan(&ret->regions, &options, &ret->boot);
  return status == FM_BOOT_OK || refuse_boot(ret, config, status, error);
}
