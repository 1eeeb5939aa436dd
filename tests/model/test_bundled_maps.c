/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The maps of real machines in tests/data/maps, read and normalised.
 *
 * For most of them expected/NAME.json says what the real kernel code made of the map, its
 * image and the low page.  The others are too large for the machine that the answers came
 * from; there each place where something could change is looked at by itself.
 *
 * The folder is FM_TEST_DATA, else tests/data below the current one.
 */
#include <json-glib/json-glib.h>
#include <stdlib.h>

#include "sim/bootmap/bootmap.h"
#include "tests/suite.h"

enum { LOW_PAGE = 0x8000, FILES = 31, FILES_WITH_ANSWER = 21 };

static char *data_path(const char *name)
{
  const char *folder = getenv("FM_TEST_DATA");

  return g_build_filename(folder != NULL ? folder : "tests/data", "maps", name, NULL);
}

/* Names of the bundled maps, sorted. */
static GPtrArray *map_names(void)
{
  g_autofree char *folder = data_path("");
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  const char *name;

  ck_assert_msg(dir != NULL, "set FM_TEST_DATA to tests/data: %s",
                error != NULL ? error->message : "");
  while ((name = g_dir_read_name(dir)) != NULL) {
    if (strchr(name, '.') != NULL)
      g_ptr_array_add(names, g_strdup(name));
  }
  g_ptr_array_sort(names, (GCompareFunc)(void (*)(void))g_strcmp0);
  ck_assert_uint_eq(names->len, FILES);
  return names;
}

static void add(sim_bootmap *map, uint64_t base, uint64_t size, enum fm_region_type type)
{
  struct fm_region region = {.base = base, .size = size, .type = type};

  g_array_append_val(map->regions, region);
}

static const struct fm_region *regions_of(const sim_bootmap *map)
{
  return (const struct fm_region *)(void *)map->regions->data;
}

/* As the boot code gets it, but for the kernel image. */
static sim_bootmap *load(const char *name)
{
  g_autofree char *path = data_path(name);
  g_autoptr(GError) error = NULL;
  sim_bootmap *map = sim_bootmap_load(path, NULL, &error);

  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  add(map, LOW_PAGE, FM_PAGE_SIZE, FM_REGION_RECLAIMABLE);
  return map;
}

/* The answer for `name`, or NULL if there is none. */
static JsonNode *load_answer(const char *name)
{
  const gsize length = (gsize)(strrchr(name, '.') - name);
  g_autofree char *file = g_strdup_printf("expected/%.*s.json", (int)length, name);
  g_autofree char *path = data_path(file);
  g_autoptr(GError) error = NULL;

  if (!g_file_test(path, G_FILE_TEST_EXISTS))
    return NULL;
  g_autoptr(JsonParser) parser = json_parser_new();
  ck_assert_msg(json_parser_load_from_file(parser, path, &error), "%s",
                error != NULL ? error->message : "");
  return json_parser_steal_root(parser);
}

static uint64_t hex(const char *text)
{
  return g_ascii_strtoull(text, NULL, 16);
}

static void add_kernel(sim_bootmap *map, JsonObject *answer)
{
  if (json_object_get_null_member(answer, "kernel"))
    return;
  JsonObject *kernel = json_object_get_object_member(answer, "kernel");
  add(map, hex(json_object_get_string_member(kernel, "base")),
      hex(json_object_get_string_member(kernel, "size")), FM_REGION_KERNEL);
}

static void compare(const char *name, const struct fm_regions *found, JsonArray *wanted)
{
  for (guint i = 0; i < MIN(found->count, json_array_get_length(wanted)); i++) {
    JsonArray *region = json_array_get_array_element(wanted, i);
    ck_assert_msg(
        found->at[i].base == hex(json_array_get_string_element(region, 0)) &&
            fm_region_end(&found->at[i]) == hex(json_array_get_string_element(region, 1)) &&
            found->at[i].type == fm_region_type_by_name(json_array_get_string_element(region, 2)),
        "%s: region %u: found 0x%" G_GINT64_MODIFIER "x+0x%" G_GINT64_MODIFIER "x %s", name, i,
        found->at[i].base, found->at[i].size, fm_region_type_name(found->at[i].type));
  }
  ck_assert_msg(found->count == json_array_get_length(wanted), "%s: %u regions, not %u", name,
                found->count, json_array_get_length(wanted));
}

START_TEST(bundled_maps_normalise_as_the_kernel_did)
{
  g_autoptr(GPtrArray) names = map_names();
  guint compared = 0;

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autoptr(JsonNode) root = load_answer(name);
    if (root == NULL)
      continue;
    JsonObject *answer = json_node_get_object(root);
    g_autoptr(sim_bootmap) map = load(name);
    struct fm_regions found;
    add_kernel(map, answer);
    ck_assert_int_eq(fm_regions_normalise(regions_of(map), map->regions->len, &found),
                     FM_REGION_OK);
    compare(name, &found, json_object_get_array_member(answer, "regions"));
    compared++;
  }
  ck_assert_uint_eq(compared, FILES_WITH_ANSWER);
}
END_TEST

/* ---- Maps without an answer ---- */

/* The type that the page at `first` should have, from the rules alone. */
static uint32_t rule(const sim_bootmap *map, uint64_t first)
{
  uint64_t last = first + 4095;

  for (uint32_t type = 0; type < FM_REGION_TYPES; type++) {
    for (guint i = 0; i < map->regions->len; i++) {
      const struct fm_region *region = &regions_of(map)[i];
      uint64_t begin = region->base, end = region->base + region->size;
      bool owns =
          type == FM_REGION_USABLE ? begin <= first && last < end : begin <= last && first < end;
      if (region->type == type && owns)
        return type;
    }
  }
  return FM_REGION_UNKNOWN;
}

static uint32_t found_type(const struct fm_regions *found, uint64_t address)
{
  for (uint32_t i = 0; i < found->count; i++) {
    if (address >= found->at[i].base && address < fm_region_end(&found->at[i]))
      return found->at[i].type;
  }
  return FM_REGION_TYPES;
}

/* The pages before, at and after an edge of the input, as far as the map goes. */
static void check_around(const char *name, const sim_bootmap *map, const struct fm_regions *found,
                         uint64_t edge)
{
  uint64_t page = edge / 4096 * 4096;
  uint64_t end = fm_region_end(&found->at[found->count - 1]);
  uint64_t first = page >= 4096 ? page - 4096 : 0;

  for (uint64_t at = first; at <= page + 4096 && at < end; at += 4096)
    ck_assert_msg(found_type(found, at) == rule(map, at),
                  "%s: page 0x%" G_GINT64_MODIFIER "x is %u, the rule says %u", name, at,
                  found_type(found, at), rule(map, at));
}

static bool is_near_an_edge(const sim_bootmap *map, uint64_t address)
{
  for (guint i = 0; i < map->regions->len; i++) {
    uint64_t begin = regions_of(map)[i].base, end = begin + regions_of(map)[i].size;
    if ((address < begin + 4096 && begin < address + 4096) ||
        (address < end + 4096 && end < address + 4096))
      return true;
  }
  return address == 0;
}

static void check_by_rule(const char *name)
{
  g_autoptr(sim_bootmap) map = load(name);
  struct fm_regions found;
  uint64_t highest = 0;

  ck_assert_int_eq(fm_regions_normalise(regions_of(map), map->regions->len, &found), FM_REGION_OK);
  for (guint i = 0; i < map->regions->len; i++) {
    uint64_t end = fm_region_end(&regions_of(map)[i]);
    check_around(name, map, &found, regions_of(map)[i].base);
    check_around(name, map, &found, end);
    highest = MAX(highest, end);
  }
  /* These maps end at a page. */
  ck_assert_uint_eq(fm_region_end(&found.at[found.count - 1]), highest);
  for (guint i = 0; i < found.count; i++)
    ck_assert_msg(is_near_an_edge(map, found.at[i].base), "%s: an edge from nowhere", name);
}

START_TEST(large_bundled_maps_follow_the_rules_at_each_edge)
{
  g_autoptr(GPtrArray) names = map_names();
  guint checked = 0;

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autoptr(JsonNode) root = load_answer(name);
    if (root != NULL)
      continue;
    check_by_rule(name);
    checked++;
  }
  ck_assert_uint_eq(checked, FILES - FILES_WITH_ANSWER);
}
END_TEST

START_TEST(bundled_maps_have_the_regions_of_the_files)
{
  static const struct {
    const char *name, *format;
    guint regions, ignored;
  } samples[FILES] = {
      {"01-firecracker-24g.e820", "e820", 5, 0},
      {"02-firecracker-24g.iomem", "iomem", 6, 21},
      {"03-samsung-500c-chromebook-coreboot-2-entries.e820", "e820", 2, 0},
      {"04-qemu-kvm-bochs-seabios-256m-2013.e820", "e820", 7, 0},
      {"05-qemu-i440fx-256m-linux-7.2-gap-lines.e820", "e820", 7, 3},
      {"06-home-assistant-vm-uefi-2g.e820", "e820", 15, 0},
      {"09-pentium3-750-128m-linux-2.4.18-2002.e820", "e820", 7, 0},
      {"12-ibm-xseries-exa-calgary-6g-2006.e820", "e820", 8, 0},
      {"13-dell-r7625-epyc-2p-768g.e820", "e820", 46, 0},
      {"16-qemu-16g-memmap-12g-4g-pmem-docs.memmap", "e820", 8, 0},
      {"18-hpe-large-numa-4t-2023.e820", "e820", 48, 0},
      {"21-lenovo-80e3-z50-75-amd-6.5g.e820", "e820", 20, 0},
      {"22-lenovo-80e3-z50-75-amd-6.5g.efi", "efi", 56, 0},
      {"25-dell-poweredge-2950-4g-2006.e820", "e820", 7, 0},
      {"27-pcengines-apu2-coreboot-xen-4g.memmap", "xen", 7, 0},
      {"29-supermicro-xen-4.12-8g.memmap", "xen", 15, 0},
      {"34-qemu-ctf-64m.iomem", "iomem", 7, 23},
      {"37-qemu-virtio-mem-4g-sys-firmware-memmap.memmap", "sysfs", 8, 0},
      {"39-virtualbox-guest-4g.iomem", "iomem", 9, 24},
      {"40-dual-pentium-neptune-e801-96m-2003.e820", "e820", 2, 0},
      {"44-jailhouse-nonroot-linux-72m.e820", "e820", 3, 0},
      {"46-jailhouse-nonroot-e801-636k-only.e820", "e820", 1, 0},
      {"48-gce-syzkaller-vm-8g.e820", "e820", 7, 0},
      {"49-hyperv-2012-gen1-vm-2g-gap-at-1g.e820", "e820", 7, 0},
      {"51-aws-ec2-r5d.xlarge-nitro-32g.e820", "e820", 9, 0},
      {"53-intel-128cpu-1t-crash-mach-m.memmap", "crash", 33, 0},
      {"58-qemu-i440fx-ovmf-edk2-3g.efi", "efi", 46, 0},
      {"61-asus-c523na-chromebook-coral-coreboot-4g-type16.e820", "e820", 12, 0},
      {"62-qemu-128m-grub-lsmmap.memmap", "multiboot", 6, 0},
      {"63-qemu-ovmf-8g-multiboot.memmap", "multiboot", 24, 0},
      {"65-asrockrack-romed8-2t-epyc-256g.e820", "e820", 24, 0},
  };
  g_autoptr(sim_bootmap) map = load(samples[_i].name);

  ck_assert_str_eq(map->format, samples[_i].format);
  /* One more is the low page. */
  ck_assert_uint_eq(map->regions->len, samples[_i].regions + 1);
  ck_assert_uint_eq(map->ignored, samples[_i].ignored);
}
END_TEST

START_TEST(bundled_maps_survive_every_form_that_can_be_written)
{
  g_autoptr(GPtrArray) names = map_names();
  const char *format = sim_bootmap_written_formats()[_i];

  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    g_autoptr(sim_bootmap) map = load(name);
    g_autofree char *text = sim_bootmap_write(map, format, NULL);
    ck_assert_ptr_nonnull(text);
    g_autoptr(sim_source) source = sim_source_new(name, text, strlen(text));
    g_autoptr(sim_bootmap) again = sim_bootmap_parse(source, NULL, NULL);
    ck_assert_ptr_nonnull(again);
    ck_assert_str_eq(again->format, format);
    ck_assert_uint_eq(again->regions->len, map->regions->len);
    ck_assert_mem_eq(again->regions->data, map->regions->data,
                     map->regions->len * sizeof(struct fm_region));
  }
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bundled maps");
  TCase *tc = tcase_create("files");

  tcase_add_test(tc, bundled_maps_normalise_as_the_kernel_did);
  tcase_add_test(tc, large_bundled_maps_follow_the_rules_at_each_edge);
  tcase_add_loop_test(tc, bundled_maps_have_the_regions_of_the_files, 0, FILES);
  tcase_add_loop_test(tc, bundled_maps_survive_every_form_that_can_be_written, 0, 3);
  suite_add_tcase(suite, tc);
  return suite;
}
