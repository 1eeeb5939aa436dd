/* SPDX-License-Identifier: MPL-2.0 */
/*
 * RAM files with damage.  Opening one gives SIM_ERROR_INPUT, with the file's name, or a view
 * that can be looked at from end to end.  Both are a judgement: a fault that the machine
 * caught would be a figure that was followed before it was looked at.
 *
 * A small file of each allocator is made once.  The first byte of the input chooses one of
 * them; then come records of 12 bytes, and what is left over does not matter:
 *
 *   place  1   which piece of the file (struct place), modulo their number
 *   how    1   the word there is replaced, xored or added to, modulo 3
 *   index  2   which 64-bit word of the piece, modulo their number
 *   word   8   all in little endian
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sim/audit.h>

#include "sim/bootmap/bootmap.h"
#include "sim/diff.h"
#include "sim/error.h"
#include "tests/fuzz/fuzz.h"

#define MIB UINT64_C(1048576)

enum { CPUS = 3, RECORD = 12, RECORDS_MAX = 32, PLACES = 8 };

static const uint64_t ram_size = 4 * MIB, image = 2 * MIB, image_size = MIB;

struct place {
  uint64_t start, size; /* bytes, multiples of 8 */
};

static struct file {
  enum fm_allocator_kind allocator;
  int fd; /* in memory; 0: not made yet */
  char path[64];
  struct place places[PLACES];
} files[] = {{.allocator = FM_ALLOCATOR_BITMAP}, {.allocator = FM_ALLOCATOR_BUDDY}};

/* ---- The file ---- */

static void find_places(struct file *file)
{
  const uint64_t kernel_at = image + FM_IMAGE_KERNEL;
  struct fm_kernel kernel;

  fuzz_require(pread(file->fd, &kernel, sizeof(kernel), (off_t)kernel_at) == sizeof(kernel));
  const struct place places[PLACES] = {
      {image, sizeof(struct fm_boot_info)},
      {image + FM_IMAGE_VTABLES, FM_META_BUILTINS * sizeof(struct fm_vtable)},
      {kernel_at, offsetof(struct fm_kernel, regions) + 8},
      {kernel_at + offsetof(struct fm_kernel, regions), 10 * sizeof(struct fm_region)},
      {image + FM_IMAGE_CPU0, FM_PAGE_SIZE},
      {image + FM_IMAGE_ALLOCATOR, FM_PAGE_SIZE},
      {kernel.cpu_blocks, (CPUS - 1) * sizeof(uint64_t)},
      {kernel.meta_start, kernel.meta_size},
  };
  memcpy(file->places, places, sizeof(places));
}

static void make_machine(const char *path, enum fm_allocator_kind allocator)
{
  g_autoptr(sim_bootmap) map = sim_bootmap_new_ram(ram_size);
  g_autoptr(GError) error = NULL;
  struct sim_config config;

  sim_config_init(&config, map);
  config.cpus = CPUS;
  config.allocator = allocator;
  config.kernel_given = true;
  config.kernel_base = image;
  config.kernel_size = image_size;
  config.ram_file = path;
  g_autoptr(sim_machine) machine = sim_machine_new(&config, &error);
  fuzz_require(machine != NULL && sim_machine_boot(machine, &error));
}

static void make_file(struct file *file)
{
  struct sigaction segv, bus;
  g_autofree char *folder = g_dir_make_tmp("framesim-fuzz-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "ram", NULL);
  g_autofree char *bytes = NULL;
  gsize size;

  /* The machine catches faults; here they go to whoever was asked before, as findings. */
  (void)sigaction(SIGSEGV, NULL, &segv);
  (void)sigaction(SIGBUS, NULL, &bus);
  make_machine(path, file->allocator);
  (void)sigaction(SIGSEGV, &segv, NULL);
  (void)sigaction(SIGBUS, &bus, NULL);

  fuzz_require(g_file_get_contents(path, &bytes, &size, NULL) && size == ram_size);
  (void)unlink(path);
  (void)rmdir(folder);
  file->fd = memfd_create("ram", MFD_CLOEXEC);
  fuzz_require(file->fd > 0 && write(file->fd, bytes, size) == (ssize_t)size);
  (void)snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d", file->fd);
  find_places(file);
}

/* ---- Damage ---- */

struct damage {
  off_t at;
  uint64_t before;
};

static void apply(const struct file *file, const uint8_t record[RECORD], struct damage *ret)
{
  const struct place *place = &file->places[record[0] % PLACES];
  uint64_t index = (record[2] | (uint64_t)record[3] << 8) % (place->size / 8);
  uint64_t word = 0, operand;

  ret->at = (off_t)(place->start + index * 8);
  fuzz_require(pread(file->fd, &ret->before, 8, ret->at) == 8);
  memcpy(&operand, record + 4, 8);
  operand = GUINT64_FROM_LE(operand);
  switch (record[1] % 3) {
  case 0:
    word = operand;
    break;
  case 1:
    word = ret->before ^ operand;
    break;
  case 2:
    word = ret->before + operand;
    break;
  }
  fuzz_require(pwrite(file->fd, &word, 8, ret->at) == 8);
}

static void undo(const struct file *file, const struct damage *damage)
{
  fuzz_require(pwrite(file->fd, &damage->before, 8, damage->at) == 8);
}

/* ---- The view ---- */

static void count_fault(const struct sim_audit_fault *fault, void *data)
{
  fuzz_require(fault->clause[0] != '\0' && fault->text[0] != '\0' && fault->frame.raw < ram_size);
  (*(uint64_t *)data)++;
}

/* All that the program's `check` and `show` read of a view. */
static void look_at_everything(const sim_machine *machine)
{
  const struct fm_kernel *kernel = sim_machine_kernel((sim_machine *)machine);
  struct sim_census census;
  struct fm_slot_view view;
  uint64_t faults = 0, sum;

  fuzz_require(sim_audit(machine, NULL, NULL, count_fault, &faults) == faults);
  g_autoptr(sim_summary) summary = sim_summary_new(machine);
  g_autoptr(sim_diff) diff = sim_diff_new(summary, summary, 10);
  fuzz_require(diff->same);
  sim_machine_census(machine, &census);
  sum = census.unused + census.unique + census.busy + census.broken;
  for (unsigned i = 0; i < FM_META_TYPES_MAX; i++)
    sum += census.types[i];
  fuzz_require(sum == kernel->nr_frames);
  g_autofree char *digest = sim_machine_digest(machine);
  fuzz_require(strlen(digest) == 64);
  (void)sim_machine_ops(machine)->free_bytes((struct fm_kernel *)kernel);
  for (uint32_t i = 0; i < kernel->nr_vtables; i++)
    fuzz_require(strlen(fm_kernel_vtable(kernel, i)->name) < FM_META_NAME_SIZE);
  for (uint32_t i = 0; i < kernel->regions.count; i++)
    fuzz_require(fm_region_type_name((enum fm_region_type)kernel->regions.at[i].type) != NULL);
  for (uint64_t at = 0; at < kernel->max_paddr; at += FM_PAGE_SIZE)
    fm_slot_view(kernel, fm_slot_at(fm_paddr_of(at)), &view);
}

static enum fuzz_answer open_and_look(const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_machine) machine = sim_machine_open(path, FM_STAGE_METADATA, &error);

  fuzz_require((machine != NULL) == (error == NULL));
  if (machine == NULL) {
    fuzz_require(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
    fuzz_require(strstr(error->message, path) != NULL);
    fuzz_require(strstr(error->message, "fault") == NULL);
    return FUZZ_REFUSED;
  }
  look_at_everything(machine);
  return FUZZ_TAKEN;
}

enum fuzz_answer fuzz_feed_ram(const char *target, const uint8_t *data, size_t size)
{
  struct file *file = &files[size > 0 ? data[0] % G_N_ELEMENTS(files) : 0];
  struct damage damages[RECORDS_MAX];
  size_t count = 0;

  if (file->fd == 0)
    make_file(file);
  for (size_t at = 1; at + RECORD <= size && count < RECORDS_MAX; at += RECORD)
    apply(file, data + at, &damages[count++]);
  enum fuzz_answer answer = open_and_look(file->path);
  while (count > 0)
    undo(file, &damages[--count]);
  return answer;
}
