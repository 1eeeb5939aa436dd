/* SPDX-License-Identifier: MPL-2.0 */
#include "tests/support.h"

#include <glib/gstdio.h>
#include <sim/audit.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"

sim_machine *test_machine;

/* ---- Machines ---- */

void test_config_init(struct test_config *config)
{
  memset(config, 0, sizeof(*config));
  sim_config_init(&config->sim, NULL);
  config->ram = TEST_RAM;
  config->stage = FM_STAGE_ALLOCATOR;
  config->sim.allocator = FM_ALLOCATOR_BITMAP;
  config->sim.kernel_given = true;
  config->sim.kernel_base = TEST_IMAGE;
  config->sim.kernel_size = TEST_IMAGE_SIZE;
}

sim_machine *test_machine_create(const struct test_config *config, GError **error)
{
  struct sim_config sim = config->sim;
  g_autoptr(sim_bootmap) map = NULL;

  sim.map = config->map;
  if (sim.map == NULL)
    sim.map = map = sim_bootmap_new_ram(config->ram);
  return sim_machine_new(&sim, error);
}

void test_machine_boot_with(const struct test_config *config)
{
  g_autoptr(GError) error = NULL;

  test_machine = test_machine_create(config, &error);
  ck_assert_msg(test_machine != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_msg(sim_machine_boot_to(test_machine, config->stage, &error), "%s",
                error != NULL ? error->message : "");
}

void test_machine_boot(enum fm_allocator_kind allocator)
{
  struct test_config config;
  test_config_init(&config);
  config.sim.allocator = allocator;
  test_machine_boot_with(&config);
}

void test_setup(void)
{
  test_machine_boot(FM_ALLOCATOR_BITMAP);
}

void test_setup_without_allocator(void)
{
  test_machine_boot(FM_ALLOCATOR_NONE);
}

void test_teardown(void)
{
  test_machine = sim_machine_free(test_machine);
}

const struct fm_ops *test_use_build(int build)
{
  sim_machine_set_ops(test_machine, build == 0 ? &fm_ops_native : &fm_ops_instrumented);
  return sim_machine_ops(test_machine);
}

struct fm_kernel *test_kernel(void)
{
  return sim_machine_kernel(test_machine);
}

struct fm_slot *test_slot(uint64_t frame)
{
  return fm_slot_at(fm_paddr_of(frame));
}

/* ---- Operations ---- */

struct fm_frame test_claim(uint64_t frame, fm_meta_id type, const void *meta)
{
  struct fm_frame handle = {NULL};
  enum fm_get_error error =
      sim_machine_ops(test_machine)
          ->claim(test_kernel(), fm_paddr_of(frame), type, meta, false, &handle.slot);
  ck_assert_str_eq(fm_get_error_name(error), "Ok");
  return handle;
}

struct fm_unique test_claim_unique(uint64_t frame, fm_meta_id type, const void *meta)
{
  struct fm_unique handle = {NULL};
  enum fm_get_error error =
      sim_machine_ops(test_machine)
          ->claim(test_kernel(), fm_paddr_of(frame), type, meta, true, &handle.slot);
  ck_assert_str_eq(fm_get_error_name(error), "Ok");
  return handle;
}

fm_meta_id test_anon(void)
{
  return fm_meta_empty(FM_META_ANON);
}

fm_meta_id test_register(const struct fm_meta_type *type)
{
  uint32_t number;
  ck_assert_int_eq(sim_machine_register(test_machine, type, &number), FM_META_OK);
  return fm_meta_id_of(number, type->size);
}

void test_expect_panic(void (*body)(void *data), void *data, const char *text)
{
  ck_assert_int_eq(sim_guard_run(test_machine, body, data), SIM_END_PANIC);
  ck_assert_ptr_nonnull(sim_machine_panic(test_machine));
  ck_assert_msg(g_str_has_prefix(sim_machine_panic(test_machine), text), "the panic says: %s",
                sim_machine_panic(test_machine));
}

unsigned test_take_findings(char **ret_first)
{
  g_auto(GStrv) texts = sim_machine_take_findings(test_machine);
  unsigned count = texts != NULL ? g_strv_length(texts) : 0;

  if (ret_first != NULL)
    *ret_first = count != 0 ? g_strdup(texts[0]) : NULL;
  return count;
}

static void keep_first(const struct sim_audit_fault *fault, void *data)
{
  char **first = data;
  if (*first == NULL)
    *first = g_strdup_printf("frame 0x%" G_GINT64_MODIFIER "x: %s: %s", fault->frame.raw,
                             fault->clause, fault->text);
}

void test_expect_sound(void)
{
  g_autofree char *first = NULL;
  uint64_t faults = sim_audit(test_machine, NULL, NULL, keep_first, &first);
  ck_assert_msg(faults == 0, "%u faults, the first: %s", (unsigned)faults, first);
}

/* ---- This process ---- */

unsigned test_open_files(void)
{
  g_autoptr(GDir) dir = g_dir_open("/proc/self/fd", 0, NULL);
  unsigned count = 0;

  ck_assert_ptr_nonnull(dir);
  while (g_dir_read_name(dir) != NULL)
    count++;
  return count - 1; /* without the folder itself */
}

unsigned test_mappings(void)
{
  g_autofree char *text = NULL;
  unsigned lines = 0;

  ck_assert(g_file_get_contents("/proc/self/maps", &text, NULL, NULL));
  for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
    lines++;
  return lines;
}

char *test_folder_new(void)
{
  g_autoptr(GError) error = NULL;
  char *folder = g_dir_make_tmp("framesim-test-XXXXXX", &error);
  ck_assert_msg(folder != NULL, "%s", error != NULL ? error->message : "");
  return folder;
}

void test_folder_remove(char *folder)
{
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  const char *name;

  ck_assert_ptr_nonnull(dir);
  while ((name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    ck_assert_int_eq(g_unlink(path), 0);
  }
  ck_assert_int_eq(g_rmdir(folder), 0);
  g_free(folder);
}
