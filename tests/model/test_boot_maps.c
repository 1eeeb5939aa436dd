/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Real firmware maps, booted, and compared with what the real kernel code made of them
 * (tests/data/maps/expected).
 *
 * There the boot has already built its page tables out of early memory, and the allocator
 * is another one.  So these are compared: the regions, how many slots there are and where
 * they begin, the frames of each mark, and that all other frames are the same in number.
 *
 * One map at a time, and none above 25 GiB: the slots take 1/64 of that in real memory.
 */
#include <json-glib/json-glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bootmap/bootmap.h"
#include "sim/error.h"
#include "tests/support.h"

static const char *const names[] = {
    "01-firecracker-24g.e820",
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

/* Frames of the answer's state `name`; 0 if it names none. */
static uint64_t count_of(JsonObject *answer, const char *name)
{
  JsonObject *counts = json_object_get_object_member(answer, "counts");
  return (uint64_t)json_object_get_int_member_with_default(counts, name, 0);
}

/* Frames that belong to the answer's allocator or page tables: free ones for us. */
static uint64_t count_of_free(JsonObject *answer)
{
  JsonObject *counts = json_object_get_object_member(answer, "counts");
  g_autoptr(GList) members = json_object_get_members(counts);
  uint64_t sum = count_of(answer, "1 EarlyAllocatedFrameMeta") + count_of(answer, "UNUSED -");

  for (const GList *at = members; at != NULL; at = at->next)
    if (g_str_has_prefix(at->data, "UNIQUE "))
      sum += (uint64_t)json_object_get_int_member(counts, at->data);
  return sum;
}

static void compare_layout(JsonObject *answer)
{
  const struct fm_kernel *kernel = test_kernel();
  JsonArray *early = json_object_get_array_member(answer, "early");
  JsonArray *low = json_array_get_array_element(early, 0);
  JsonArray *meta = json_object_get_array_member(answer, "meta_pages");
  JsonObject *image = json_object_get_object_member(answer, "kernel");

  ck_assert_uint_eq(kernel->max_paddr, hex_member(answer, "max_paddr"));
  ck_assert_uint_eq(kernel->nr_frames, (uint64_t)json_object_get_int_member(answer, "frames"));
  ck_assert_uint_eq(kernel->image_base, hex_member(image, "base"));
  ck_assert_uint_eq(kernel->image_size, hex_member(image, "size"));
  ck_assert_uint_eq(kernel->early.low.start, hex_element(low, 0));
  /* The real one starts with tables where memory reaches beyond 4 GiB. */
  ck_assert_uint_eq(kernel->meta_start, hex_element(low, 0));
  if (kernel->max_paddr <= FM_4GIB)
    ck_assert_uint_eq(kernel->meta_start, hex_element(meta, 0));
  ck_assert_uint_eq(kernel->meta_size, hex_element(meta, 1) - hex_element(meta, 0));
}

static void compare_marks(JsonObject *answer)
{
  struct sim_census census;
  uint64_t early = count_of(answer, "1 EarlyAllocatedFrameMeta");

  sim_machine_census(test_machine, &census);
  ck_assert_uint_eq(census.types[FM_META_KERNEL], count_of(answer, "1 KernelMeta"));
  ck_assert_uint_eq(census.types[FM_META_META_PAGE], count_of(answer, "1 MetaPageMeta"));
  ck_assert_uint_eq(census.types[FM_META_RESERVED], count_of(answer, "1 ReservedMemoryMeta"));
  ck_assert_uint_eq(census.types[FM_META_UNUSABLE], count_of(answer, "1 UnusableMemoryMeta"));
  ck_assert_uint_eq(census.types[FM_META_EARLY], 0);
  ck_assert_uint_eq(census.unused, count_of_free(answer));
  ck_assert_uint_eq(census.unique + census.busy + census.broken, 0);
  ck_assert_uint_eq(sim_machine_ops(test_machine)->free_bytes(test_kernel()),
                    hex_member(answer, "free_bytes") + early * FM_PAGE_SIZE);
}

static void compare_regions(JsonObject *answer)
{
  JsonArray *wanted = json_object_get_array_member(answer, "regions");
  const struct fm_regions *found = &test_kernel()->regions;

  ck_assert_uint_eq(found->count, json_array_get_length(wanted));
  for (guint i = 0; i < found->count; i++) {
    JsonArray *region = json_array_get_array_element(wanted, i);
    ck_assert_uint_eq(found->at[i].base, hex_element(region, 0));
    ck_assert_uint_eq(fm_region_end(&found->at[i]), hex_element(region, 1));
    ck_assert_str_eq(fm_region_type_name((enum fm_region_type)found->at[i].type),
                     json_array_get_string_element(region, 2));
  }
}

START_TEST(a_bundled_map_boots_as_the_kernel_did)
{
  g_autoptr(sim_bootmap) map = load_map(names[_i]);
  g_autoptr(JsonNode) root = load_answer(names[_i]);
  JsonObject *answer = json_node_get_object(root);
  struct test_config config;

  test_config_init(&config);
  config.map = map;
  config.sim.kernel_given = false;
  config.sim.kernel_size = FM_IMAGE_SIZE;
  if (json_object_get_null_member(answer, "kernel")) {
    /* There the frames were counted without an image; a machine needs one. */
    g_autoptr(GError) error = NULL;
    ck_assert_ptr_null(test_machine_create(&config, &error));
    ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_BOOT));
    ck_assert(g_str_has_prefix(error->message, "boot: loader: no place for the kernel image"));
    return;
  }
  test_machine_boot_with(&config);
  compare_layout(answer);
  compare_marks(answer);
  compare_regions(answer);
  test_expect_sound();
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("boot maps");
  TCase *tc = tcase_create("boot maps");

  tcase_set_timeout(tc, 60);
  tcase_add_checked_fixture(tc, NULL, test_teardown);
  tcase_add_loop_test(tc, a_bundled_map_boots_as_the_kernel_did, 0, G_N_ELEMENTS(names));
  suite_add_tcase(suite, tc);
  return suite;
}
