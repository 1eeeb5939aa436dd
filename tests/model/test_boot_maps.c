/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Real firmware maps, booted, and compared with what the real kernel code made of them
 * (tests/data/maps/expected).
 *
 * Compared is the moment when the frame allocator has got its memory: regions, early ranges,
 * slots, how many frames are in which state (free chunks by order), free bytes.  Then the boot
 * goes on to its end, where every frame must have as many holders as its count says.
 *
 * One map at a time; the slots of the largest, 32 GiB, take 512 MiB of real memory.  All maps,
 * of many TiB too, boot with deferred metadata and large pages.
 */
#include <json-glib/json-glib.h>
#include <sim/audit.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/model/ops_world.h"
#include "tests/support.h"

static const char *const names[] = {
    "01-firecracker-24g.e820",
    "02-firecracker-24g.iomem",
    "03-samsung-500c-chromebook-coreboot-2-entries.e820",
    "04-qemu-kvm-bochs-seabios-256m-2013.e820",
    "05-qemu-i440fx-256m-linux-7.2-gap-lines.e820",
    "06-home-assistant-vm-uefi-2g.e820",
    "09-pentium3-750-128m-linux-2.4.18-2002.e820",
    "12-ibm-xseries-exa-calgary-6g-2006.e820",
    "21-lenovo-80e3-z50-75-amd-6.5g.e820",
    "22-lenovo-80e3-z50-75-amd-6.5g.efi",
    "25-dell-poweredge-2950-4g-2006.e820",
    "34-qemu-ctf-64m.iomem",
    "39-virtualbox-guest-4g.iomem",
    "40-dual-pentium-neptune-e801-96m-2003.e820",
    "44-jailhouse-nonroot-linux-72m.e820",
    "46-jailhouse-nonroot-e801-636k-only.e820",
    "48-gce-syzkaller-vm-8g.e820",
    "49-hyperv-2012-gen1-vm-2g-gap-at-1g.e820",
    "51-aws-ec2-r5d.xlarge-nitro-32g.e820",
    "58-qemu-i440fx-ovmf-edk2-3g.efi",
    "61-asus-c523na-chromebook-coral-coreboot-4g-type16.e820",
};

static char *data_path(const char *name)
{
  const char *folder = getenv("FM_TEST_DATA");
  return g_build_filename(folder != NULL ? folder : "tests/data", "maps", name, NULL);
}

static sim_bootmap *load_map(const char *name)
{
  g_autofree char *path = data_path(name);
  g_autoptr(GError) error = NULL;
  sim_bootmap *map = sim_bootmap_load(path, NULL, &error);
  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  return map;
}

static JsonNode *load_answer(const char *name)
{
  const int length = (int)(strrchr(name, '.') - name);
  g_autofree char *file = g_strdup_printf("expected/%.*s.json", length, name);
  g_autofree char *path = data_path(file);
  g_autoptr(JsonParser) parser = json_parser_new();
  g_autoptr(GError) error = NULL;
  ck_assert_msg(json_parser_load_from_file(parser, path, &error), "%s",
                error != NULL ? error->message : "");
  return json_parser_steal_root(parser);
}

static uint64_t hex_member(JsonObject *object, const char *member)
{
  return g_ascii_strtoull(json_object_get_string_member(object, member), NULL, 16);
}

static uint64_t hex_element(JsonArray *array, guint index)
{
  return g_ascii_strtoull(json_array_get_string_element(array, index), NULL, 16);
}

static void compare_range(JsonArray *wanted, uint64_t start, uint64_t end)
{
  ck_assert_uint_eq(start, hex_element(wanted, 0));
  ck_assert_uint_eq(end, hex_element(wanted, 1));
}

static void compare_layout(JsonObject *answer)
{
  const struct fm_kernel *kernel = test_kernel();
  const struct fm_early *early = &kernel->early;
  JsonArray *ranges = json_object_get_array_member(answer, "early");
  JsonObject *image = json_object_get_object_member(answer, "kernel");

  ck_assert_uint_eq(kernel->max_paddr, hex_member(answer, "max_paddr"));
  ck_assert_uint_eq(kernel->nr_frames, (uint64_t)json_object_get_int_member(answer, "frames"));
  ck_assert_uint_eq(kernel->image_base, hex_member(image, "base"));
  ck_assert_uint_eq(kernel->image_size, hex_member(image, "size"));
  compare_range(json_array_get_array_element(ranges, 0), early->low.start, early->low.next);
  compare_range(json_array_get_array_element(ranges, 1), early->high.start, early->high.next);
  compare_range(json_object_get_array_member(answer, "meta_pages"), kernel->meta_start,
                kernel->meta_start + kernel->meta_size);
}

/* "NAME COUNT" of each kind of frame. */
static void compare_counts(JsonObject *answer)
{
  JsonObject *wanted = json_object_get_object_member(answer, "counts");
  g_autoptr(GString) text = g_string_new(NULL);
  ops_write_counts(test_kernel(), "", text);
  g_auto(GStrv) lines = g_strsplit(g_strchomp(text->str), "\n", -1);
  ck_assert_uint_eq(g_strv_length(lines), json_object_get_size(wanted));
  for (char **line = lines; *line != NULL; line++) {
    char *name = *line + 1;
    char *count = strrchr(name, ' ');
    *count++ = '\0';
    ck_assert_msg(json_object_has_member(wanted, name), "no '%s' expected", name);
    ck_assert_msg(json_object_get_int_member(wanted, name) == g_ascii_strtoll(count, NULL, 10),
                  "%s %s", count, name);
  }
  ck_assert_uint_eq(sim_machine_ops(test_machine)->free_bytes(test_kernel()),
                    hex_member(answer, "free_bytes"));
}

static void compare_regions(const struct fm_regions *found, JsonObject *answer)
{
  JsonArray *wanted = json_object_get_array_member(answer, "regions");

  ck_assert_uint_eq(found->count, json_array_get_length(wanted));
  for (guint i = 0; i < found->count; i++) {
    JsonArray *region = json_array_get_array_element(wanted, i);
    ck_assert_uint_eq(found->at[i].base, hex_element(region, 0));
    ck_assert_uint_eq(fm_region_end(&found->at[i]), hex_element(region, 1));
    ck_assert_str_eq(fm_region_type_name((enum fm_region_type)found->at[i].type),
                     json_array_get_string_element(region, 2));
  }
}

/* Nobody has a handle after a boot. */
static uint64_t holders_of(fm_paddr frame, void *data)
{
  (void)frame;
  (void)data;
  return 0;
}

static void tell(const struct sim_audit_fault *fault, void *data)
{
  (void)data;
  ck_abort_msg("frame 0x%" G_GINT64_MODIFIER "x: %s: %s", fault->frame.raw, fault->clause,
               fault->text);
}

static void finish_boot(void)
{
  g_autoptr(GError) error = NULL;
  ck_assert_msg(sim_machine_boot(test_machine, &error), "%s", error != NULL ? error->message : "");
  ck_assert_uint_eq(test_kernel()->stage, FM_STAGE_DONE);
  ck_assert_uint_eq(fm_kernel_cpu(test_kernel(), 0)->cr3, test_kernel()->kernel_root);
  ck_assert_uint_eq(sim_audit(test_machine, holders_of, NULL, tell, NULL), 0);

  /* All tables were given back: only what was passed over before the slots is early memory. */
  struct sim_census census;
  sim_machine_census(test_machine, &census);
  ck_assert_uint_eq(census.types[FM_META_EARLY], test_kernel()->meta_gap / FM_PAGE_SIZE);
}

/* There the frames were counted without an image; a machine needs one, so only what is known
 * beforehand is compared. */
static void compare_without_image(const struct test_config *config, JsonObject *answer)
{
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(test_machine_create(config, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_BOOT));
  ck_assert(g_str_has_prefix(error->message, "boot: loader: no place for the kernel image"));

  g_autofree struct sim_plan *plan = g_new(struct sim_plan, 1);
  struct sim_config sim = config->sim;
  sim.map = config->map;
  ck_assert(!sim_plan_make(&sim, plan, NULL));
  compare_regions(&plan->regions, answer);
  const struct fm_boot_options options = {.cpus = 1};
  enum fm_boot_status status = fm_boot_plan(&plan->regions, &options, &plan->boot);
  if (json_object_has_member(answer, "panic")) {
    ck_assert_int_ne(status, FM_BOOT_OK);
    return;
  }
  const struct fm_early *early = &plan->boot.early;
  JsonArray *ranges = json_object_get_array_member(answer, "early");
  ck_assert_int_eq(status, FM_BOOT_OK);
  ck_assert_uint_eq(plan->boot.max_paddr, hex_member(answer, "max_paddr"));
  compare_range(json_array_get_array_element(ranges, 0), early->low.start, early->low.next);
  compare_range(json_array_get_array_element(ranges, 1), early->high.start, early->high.next);
  compare_range(json_object_get_array_member(answer, "meta_pages"), plan->boot.meta_start,
                plan->boot.meta_start + plan->boot.meta_size);
}

/* What was announced is what happened. */
static void compare_plan(const struct test_config *config)
{
  g_autofree struct sim_plan *plan = g_new(struct sim_plan, 1);
  const struct fm_kernel *kernel = test_kernel();
  struct sim_config sim = config->sim;
  sim.map = config->map;
  ck_assert(sim_plan_make(&sim, plan, NULL));
  ck_assert_uint_eq(plan->boot.fault, 0);
  ck_assert_uint_eq(plan->boot.max_paddr, kernel->max_paddr);
  ck_assert_uint_eq(plan->boot.meta_start, kernel->meta_start);
  ck_assert_uint_eq(plan->boot.meta_size, kernel->meta_size);
  ck_assert_mem_eq(&plan->boot.early, &kernel->early, sizeof(kernel->early));
}

/* _i: twice the number of the map, and the metadata. */
START_TEST(a_bundled_map_boots_as_the_kernel_did)
{
  g_autoptr(sim_bootmap) map = load_map(names[_i / 2]);
  g_autoptr(JsonNode) root = load_answer(names[_i / 2]);
  JsonObject *answer = json_node_get_object(root);
  struct test_config config;

  test_config_init(&config);
  config.map = map;
  config.sim.allocator = FM_ALLOCATOR_BUDDY;
  config.sim.metadata = _i % 2 == 0 ? FM_METADATA_EAGER : FM_METADATA_DEFERRED;
  config.sim.kernel_given = false;
  config.sim.kernel_size = FM_IMAGE_SIZE;
  if (json_object_get_null_member(answer, "kernel")) {
    compare_without_image(&config, answer);
    return;
  }
  test_machine_boot_with(&config);
  compare_layout(answer);
  compare_counts(answer);
  compare_regions(&test_kernel()->regions, answer);
  compare_plan(&config);
  finish_boot();
}
END_TEST

START_TEST(every_map_boots_or_explains_itself)
{
  g_autofree char *folder = data_path("");
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  unsigned booted = 0, refused = 0, too_large = 0;
  const char *name;
  while ((name = g_dir_read_name(dir)) != NULL) {
    if (strchr(name, '.') == NULL)
      continue;
    g_autoptr(sim_bootmap) map = load_map(name);
    g_autoptr(GError) error = NULL;
    struct test_config config;
    test_config_init(&config);
    config.map = map;
    config.sim.allocator = FM_ALLOCATOR_BUDDY;
    config.sim.kernel_given = false;
    config.sim.kernel_size = FM_IMAGE_SIZE;
    config.sim.metadata = FM_METADATA_DEFERRED;
    config.sim.linear_map = FM_LINEAR_LARGEST;
    test_machine = test_machine_create(&config, &error);
    if (test_machine == NULL && FM_SANITIZER[0] != '\0' &&
        g_error_matches(error, SIM_ERROR, SIM_ERROR_LIMIT)) {
      too_large++; /* for the windows of such a build */
      continue;
    }
    if (test_machine == NULL) {
      refused++;
      ck_assert(g_str_has_prefix(name, "03-") || g_str_has_prefix(name, "46-"));
      ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_BOOT));
      ck_assert_ptr_nonnull(strstr(error->message, "\nhint: "));
      continue;
    }
    finish_boot();
    compare_plan(&config);
    test_teardown();
    booted++;
  }
  ck_assert_uint_eq(booted + too_large, 29);
  ck_assert_uint_eq(refused, 2);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("boot maps");
  TCase *tc = tcase_create("boot maps");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_add_loop_test(tc, a_bundled_map_boots_as_the_kernel_did, 0, 2 * G_N_ELEMENTS(names));
  tcase_add_test(tc, every_map_boots_or_explains_itself);
  suite_add_tcase(suite, tc);
  return suite;
}
