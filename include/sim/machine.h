/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The machine: physical memory as a sparse file, seen through two windows, and a kernel
 * image in it that boots.
 *
 *   sim_plan_make()      what a map needs; refuses with a reason and a remedy
 *   sim_machine_new()    RAM file, windows, image with boot info: switched on, not booted
 *   sim_machine_boot()   runs the kernel side's boot, all of it or stage by stage
 *   ... operations through sim_machine_ops(), inside sim_guard_run() ...
 *   sim_machine_free()   windows and file go; another machine may follow
 *
 * One machine per process at a time, because the windows stand at fixed addresses; a
 * second one is refused.  Call from one thread, except where CPUs run on threads of their
 * own between sim_cpu_enter() and the thread's end.
 *
 * Errors are GErrors of SIM_ERROR (sim/error.h), their text complete for the user.
 */
#ifndef SIM_MACHINE_H
#define SIM_MACHINE_H

#include <fm/ops.h>
#include <glib.h>

G_BEGIN_DECLS

struct sim_bootmap;

struct sim_extent {
  uint64_t base;
  uint64_t size;
};

struct sim_config {
  const struct sim_bootmap *map; /* borrowed for the time of the call */
  uint32_t cpus;                 /* 1 .. FM_CPUS_MAX */
  enum fm_allocator_kind allocator;
  enum fm_top top;
  enum fm_linear_map linear_map;
  enum fm_metadata_mode metadata;
  bool kernel_given;    /* else the loader looks for a place */
  uint64_t kernel_base; /* bytes */
  uint64_t kernel_size;
  /* What the loader adds to the map; a size of 0: none.  Bytes. */
  struct sim_extent initramfs;
  struct sim_extent cmdline;
  struct sim_extent framebuffer;
  const char *ram_file;     /* NULL: memory of this process only */
  const struct fm_ops *ops; /* that load and boot; borrowed for the machine's life; NULL: native */
  uint32_t handles;         /* room for so many durable ones; 0: no table of them */
};

/* One CPU, allocator buddy, top physical, image placed by the loader, no file. */
void sim_config_init(struct sim_config *config, const struct sim_bootmap *map);

/* Bytes of a framebuffer, rounded up; false: a figure is 0, or larger than screens have. */
bool sim_framebuffer_size(uint64_t width, uint64_t height, uint64_t bits_per_pixel, uint64_t *ret);

struct sim_plan {
  struct fm_region given[FM_REGIONS_MAX]; /* the firmware's map and what the loader adds */
  uint32_t nr_given;
  struct fm_regions regions; /* normalised */
  uint64_t kernel_base;
  uint64_t kernel_size;
  struct fm_boot_plan boot;
};

/* Where the kernel image goes in a normalised map: 128 MiB if `size` bytes are usable
 * there, else the lowest multiple of 2 MiB from 1 MiB up that fits and ends at or below
 * 2 GiB.  False: nowhere. */
bool sim_place_kernel(const struct fm_regions *regions, uint64_t size, uint64_t *ret_base);

/* SIM_ERROR_BOOT if this machine cannot boot; *ret holds what was known so far even
 * then. */
bool sim_plan_make(const struct sim_config *config, struct sim_plan *ret, GError **error);

typedef struct sim_machine sim_machine;

/* Refuses (SIM_ERROR_LIMIT) what the host cannot hold before it touches anything. */
sim_machine *sim_machine_new(const struct sim_config *config, GError **error);

/* Read-only view of a RAM file that somebody left behind or still writes, whose boot came at
 * least to that stage.  Before METADATA there are no slots to look at, before EARLY only the
 * boot info. */
sim_machine *sim_machine_open(const char *path, enum fm_boot_stage least, GError **error);

/* Writes every deferred slot of a RAM file, which nobody may use meanwhile; *ret_slots: how
 * many.  If the file system fills up, what was written stays good. */
bool sim_machine_materialise(const char *path, uint64_t *ret_slots, GError **error);

/* What the loader wrote into the image. */
const struct fm_boot_info *sim_machine_info(const sim_machine *machine);

/* Boots, all CPUs, up to the end. */
bool sim_machine_boot(sim_machine *machine, GError **error);

/* Goes on with the boot up to a stage. */
bool sim_machine_boot_to(sim_machine *machine, enum fm_boot_stage until, GError **error);

sim_machine *sim_machine_free(sim_machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_machine, sim_machine_free)

/* The table of operations in use: native at first. */
const struct fm_ops *sim_machine_ops(const sim_machine *machine);
void sim_machine_set_ops(sim_machine *machine, const struct fm_ops *ops);

struct fm_kernel *sim_machine_kernel(const sim_machine *machine);

/* Whether a writer holds the file of a machine that was opened read-only. */
bool sim_machine_has_writer(const sim_machine *machine);

/* NULL while the machine lives; else why the simulated kernel ended. */
const char *sim_machine_panic(const sim_machine *machine);

/* Registers a metadata type with its code; `type` must outlive the machine. */
enum fm_meta_status sim_machine_register(sim_machine *machine, const struct fm_meta_type *type,
                                         uint32_t *ret_number);

/* The built-in or registered type of that name ("unit" is "anon"); false: none.  The museum's
 * types (sim/museum/types.h) are registered when they are first asked for. */
bool sim_machine_type(sim_machine *machine, const char *name, fm_meta_id *ret);

/* From now on this thread (or fiber) is CPU `id`. */
void sim_cpu_enter(sim_machine *machine, uint32_t id);

/* ---- Running kernel code ---- */

enum sim_end {
  SIM_END_DONE,      /* it returned */
  SIM_END_PANIC,     /* the simulated kernel ended: see sim_machine_panic() */
  SIM_END_HOST,      /* the host could not go on: the RAM file has no room left */
  SIM_END_ABANDONED, /* the scheduler gave the thread up in the middle */
  SIM_END_UNWOUND,   /* a destructor failed, and nobody in the kernel caught that */
};

/* Runs `body(data)`, which calls operations.  A panic or a fault of the simulated kernel
 * ends it there and marks the machine dead.  Does not nest, but several threads
 * of a scheduler may each be inside one. */
enum sim_end sim_guard_run(sim_machine *machine, void (*body)(void *data), void *data);

/* Findings of debug assertions since the last call: a NULL-terminated array of texts, or
 * NULL if there are none; free with g_strfreev(). */
char **sim_machine_take_findings(sim_machine *machine);

/* Lets the `nth` allocation from now on fail (1: the next one) as if there were no memory;
 * 0: none.  Instrumented build only.  Returns what was still to come of an earlier call. */
uint64_t sim_machine_fail_alloc(sim_machine *machine, uint64_t nth);

/* Told of all that the allocator hands out and takes back (fm_hook_memory()), on the CPU that
 * does it.  Instrumented build only; NULL: nobody. */
typedef void (*sim_memory_watch)(enum fm_memory_event event, fm_paddr start, uint64_t size,
                                 void *data);
void sim_machine_watch_memory(sim_machine *machine, sim_memory_watch watch, void *data);

/* ---- Looking at the whole machine ---- */

struct sim_census {
  uint64_t types[FM_META_TYPES_MAX]; /* shared frames by type number */
  uint64_t unused;
  uint64_t unique;
  uint64_t unique_types[FM_META_TYPES_MAX]; /* those of them whose type is known */
  uint64_t busy;
  uint64_t broken; /* illegal counts, or in use without a type */
};

void sim_machine_census(const sim_machine *machine, struct sim_census *ret);

/*
 * SHA-256, in hex, over all frames in ascending order: state, count, type name, list
 * membership and the initialised metadata bytes.  Frames that are equal in all of that
 * and follow one another are hashed as one run.
 */
char *sim_machine_digest(const sim_machine *machine);

G_END_DECLS

#endif
