/* SPDX-License-Identifier: MPL-2.0 */
/* What is special to each form of firmware map.  Kernel logs with e820 tables have their own
 * file, and so has what every form owes. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/bootmap_expect.h"

static const struct {
  const char *text, *format, *regions;
  guint ignored;
} good[] = {
    /* EFI: words of both ages, numbers, and what is no entry. */
    {"efi: mem7: [Boot Code   |   |  |WB] range=[0x0-0xfff] (0MB)\n", "efi", "1: 0x0+0x1000 usable",
     0},
    {"<6>[ 0.0] EFI: mem00: [Reserved|] range=[0x0-0xfff]\n", "efi", "1: 0x0+0x1000 reserved", 0},
    {"efi: EFI v2.7\nefi: mem00: [type=7 |] range=[0x0-0xfff]\n"
     "efi: Remove mem52: MMIO range=[0xe0000000-0xefffffff] (256MB) from e820 map\n"
     "efi: memattr: nothing\n",
     "efi", "2: 0x0+0x1000 usable", 3},
    {"efi: mem00: type=7, range=[0x0-0x1000)\nefi: mem00: type=7, range=[0x0-0x2000)\n", "efi",
     "1: 0x0+0x1000 usable", 1},
    /* Xen: time stamps, titles, and what is no row. */
    {"(XEN) Xen-e820 RAM map:\n(XEN) [2024-01-01 12:00:00]  0000000000000000 - 000000000009fc00 "
     "(usable)\n(XEN) System RAM: 8089MB\n(XEN)  ffff82d080000000 0000000000000000\n"
     "(XEN) EFI RAM map:\n(XEN)  0000000000000000 - 0000000000000001 (usable)\n",
     "xen", "2: 0x0+0x9fc00 usable", 5},
    {"(XEN)  [0000000000000000, 000000000009fbff] (type 16)\n", "xen", "1: 0x0+0x9fc00 reserved",
     0},
    /* iomem: the outermost lines only, and of devices none. */
    {"00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n"
     "000f0000-000fffff : System ROM\n00100000-bfffffff : System RAM\n"
     "  01000000-022090c7 : Kernel code\n    02000000-02000fff : System RAM\n"
     "c0001000-eebfffff : PCI Bus 0000:00\n",
     "iomem", "1: 0x0+0x1000 reserved, 2: 0x1000+0x9ec00 usable, 4: 0x100000+0xbff00000 usable", 4},
    {"# cat /proc/iomem\n\t00001000-00001fff : System RAM\n\t  00001000-000010ff : Kernel code\n",
     "iomem", "2: 0x1000+0x1000 usable", 2},
    {"100000000-1ffffffff : Persistent Memory (legacy)\n200000000-2ffffffff : Soft Reserved\n"
     "300000000-3000fffff : RAM buffer\nfffffffffffff000-ffffffffffffffff : device\n",
     "iomem", "1: 0x100000000+0x100000000 reserved", 3},
    /* lsmem: with and without headings, and columns in any number. */
    {"RANGE                                 SIZE  STATE REMOVABLE  BLOCK\n"
     "0x0000000000000000-0x00000000bfffffff   3G online       yes   0-23\n"
     "0x0000000100000000-0x000000063fffffff  21G offline           32-199\n\n"
     "Memory block size:       128M\nTotal online memory:      24G\n",
     "lsmem", "2: 0x0+0xc0000000 usable, 3: 0x100000000+0x540000000 reserved", 4},
    {"0x0000000000000000-0x0000000007ffffff 134217728 going-offline no 0 0 Normal\n", "lsmem",
     "1: 0x0+0x8000000 reserved", 0},
    {"RANGE=\"0x0000000000000000-0x00000000bfffffff\" SIZE=\"3G\" STATE=\"online\" BLOCK=\"0\"\n",
     "lsmem", "1: 0x0+0xc0000000 usable", 0},
    /* multiboot: by number and by name, with and without the address of the entry. */
    {"size = 0x14, base_addr = 0x000000000, length = 0x00009fc00, type = 0x1\n"
     " size = 0x14, base_addr = 0x00009fc00, length = 0x000000400, type = 2\n",
     "multiboot", "1: 0x0+0x9fc00 usable, 2: 0x9fc00+0x400 reserved", 0},
    {"INFO: base_addr = 0x0, length = 0xA0000, type = Available, 0x32050\n"
     "INFO: base_addr = 0x7F5ED000, length = 0x100000, type = ???, 0x32158\n",
     "multiboot", "1: 0x0+0xa0000 usable, 2: 0x7f5ed000+0x100000 reserved", 0},
    /* crash: the command and the heading. */
    {"crash> mach -m\n      PHYSICAL ADDRESS RANGE         TYPE\n"
     "0000000000000000 - 0000000000001000  E820_RAM\n",
     "crash", "3: 0x0+0x1000 usable", 2},
    {"0000000000000000 - 0000000000001000  type 20\n", "crash", "1: 0x0+0x1000 reserved", 0},
    /* sysfs: also blanks around the hyphen. */
    {"00000000 - 00001000 (System RAM)\n", "sysfs", "1: 0x0+0x1000 usable", 0},
    /* Whatever is quoted in a comment, the file is what its first row is. */
    {"# (XEN)  0000000000000000 - 000000000009fc00 (usable)\nusable 0 4K\n", "text",
     "2: 0x0+0x1000 usable", 1},
};

START_TEST(rows_are_read_and_the_rest_is_not)
{
  expect(good[_i].text, good[_i].format, good[_i].regions, good[_i].ignored);
}
END_TEST

/* One row each; "%s" is the word. */
static const struct {
  const char *before, *word, *after;
  enum fm_region_type type;
} words[] = {
#define EFI(word, type)                                                                            \
  {                                                                                                \
    "efi: mem01: [", word, "|WB] range=[0x1000-0x1fff]", type                                      \
  }
    EFI("Reserved", FM_REGION_RESERVED),
    EFI("Loader Code", FM_REGION_USABLE),
    EFI("Loader Data", FM_REGION_USABLE),
    EFI("Boot Code", FM_REGION_USABLE),
    EFI("Boot Data", FM_REGION_USABLE),
    EFI("Runtime Code", FM_REGION_RESERVED),
    EFI("Runtime Data", FM_REGION_RESERVED),
    EFI("Conventional Memory", FM_REGION_USABLE),
    EFI("Conventional", FM_REGION_USABLE),
    EFI("Unusable Memory", FM_REGION_BAD_MEMORY),
    EFI("Unusable", FM_REGION_BAD_MEMORY),
    EFI("ACPI Reclaim Memory", FM_REGION_RECLAIMABLE),
    EFI("ACPI Reclaim", FM_REGION_RECLAIMABLE),
    EFI("ACPI Memory NVS", FM_REGION_NONVOLATILE_SLEEP),
    EFI("ACPI Mem NVS", FM_REGION_NONVOLATILE_SLEEP),
    EFI("Memory Mapped I/O", FM_REGION_RESERVED),
    EFI("MMIO Port Space", FM_REGION_RESERVED),
    EFI("PAL Code", FM_REGION_RESERVED),
    EFI("Persistent Memory", FM_REGION_RESERVED),
    EFI("Unaccepted", FM_REGION_RESERVED),
#define OLD_EFI(word, type)                                                                        \
  {                                                                                                \
    "efi: mem01: type=", word, ", range=[0x1000-0x2000)", type                                     \
  }
    OLD_EFI("0", FM_REGION_RESERVED),
    OLD_EFI("1", FM_REGION_USABLE),
    OLD_EFI("2", FM_REGION_USABLE),
    OLD_EFI("3", FM_REGION_USABLE),
    OLD_EFI("4", FM_REGION_USABLE),
    OLD_EFI("5", FM_REGION_RESERVED),
    OLD_EFI("6", FM_REGION_RESERVED),
    OLD_EFI("7", FM_REGION_USABLE),
    OLD_EFI("8", FM_REGION_BAD_MEMORY),
    OLD_EFI("9", FM_REGION_RECLAIMABLE),
    OLD_EFI("10", FM_REGION_NONVOLATILE_SLEEP),
    OLD_EFI("11", FM_REGION_RESERVED),
    OLD_EFI("14", FM_REGION_RESERVED),
    OLD_EFI("4294967303", FM_REGION_RESERVED),
#define IOMEM(word, type)                                                                          \
  {                                                                                                \
    "00001000-00001fff : ", word, "", type                                                         \
  }
    IOMEM("System RAM", FM_REGION_USABLE),
    IOMEM("Reserved", FM_REGION_RESERVED),
    IOMEM("reserved", FM_REGION_RESERVED),
    IOMEM("ACPI Tables", FM_REGION_RECLAIMABLE),
    IOMEM("ACPI Non-volatile Storage", FM_REGION_NONVOLATILE_SLEEP),
    IOMEM("Unusable memory", FM_REGION_BAD_MEMORY),
    IOMEM("Persistent Memory", FM_REGION_RESERVED),
#define MULTIBOOT(word, type)                                                                      \
  {                                                                                                \
    "base_addr = 0x1000, length = 0x1000, ", word, "", type                                        \
  }
    MULTIBOOT("available RAM", FM_REGION_USABLE),
    MULTIBOOT("reserved RAM", FM_REGION_RESERVED),
    MULTIBOOT("ACPI reclaimable RAM", FM_REGION_RECLAIMABLE),
    MULTIBOOT("ACPI non-volatile storage RAM", FM_REGION_NONVOLATILE_SLEEP),
    MULTIBOOT("faulty RAM (BadRAM)", FM_REGION_BAD_MEMORY),
    MULTIBOOT("persistent RAM", FM_REGION_RESERVED),
    MULTIBOOT("RAM holding coreboot tables", FM_REGION_RESERVED),
    MULTIBOOT("type = 0x1", FM_REGION_USABLE),
    MULTIBOOT("type = 2", FM_REGION_RESERVED),
    MULTIBOOT("type = 0x3", FM_REGION_RECLAIMABLE),
    MULTIBOOT("type = 4", FM_REGION_NONVOLATILE_SLEEP),
    MULTIBOOT("type = 5", FM_REGION_BAD_MEMORY),
    MULTIBOOT("type = 0x14", FM_REGION_RESERVED),
    MULTIBOOT("type = NVS, 0x32080", FM_REGION_NONVOLATILE_SLEEP),
    MULTIBOOT("type = ACPI Reclaimable, 0x32188", FM_REGION_RECLAIMABLE),
#define CRASH(word, type)                                                                          \
  {                                                                                                \
    "0000000000001000 - 0000000000002000  ", word, "", type                                        \
  }
    CRASH("E820_RAM", FM_REGION_USABLE),
    CRASH("E820_RESERVED", FM_REGION_RESERVED),
    CRASH("E820_RESERVED_KERN", FM_REGION_RESERVED),
    CRASH("E820_ACPI", FM_REGION_RECLAIMABLE),
    CRASH("E820_NVS", FM_REGION_NONVOLATILE_SLEEP),
    CRASH("E820_UNUSABLE", FM_REGION_BAD_MEMORY),
    CRASH("E820_PMEM", FM_REGION_RESERVED),
    CRASH("E820_TYPE_RAM", FM_REGION_USABLE),
#define SYSFS(word, type)                                                                          \
  {                                                                                                \
    "0000000000001000-0000000000002000 (", word, ")", type                                         \
  }
    SYSFS("System RAM", FM_REGION_USABLE),
    SYSFS("ACPI Tables", FM_REGION_RECLAIMABLE),
    SYSFS("ACPI Non-volatile Storage", FM_REGION_NONVOLATILE_SLEEP),
    SYSFS("Unusable memory", FM_REGION_BAD_MEMORY),
    SYSFS("Reserved", FM_REGION_RESERVED),
    SYSFS("Soft Reserved", FM_REGION_RESERVED),
    SYSFS("Persistent Memory", FM_REGION_RESERVED),
    SYSFS("Unknown E820 type", FM_REGION_RESERVED),
};

START_TEST(words_have_their_type)
{
  g_autofree char *row = g_strconcat(words[_i].before, words[_i].word, words[_i].after, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(row, strlen(row), NULL, &error);

  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  g_autofree char *found = to_text(map);
  g_autofree char *wanted =
      g_strdup_printf("1: 0x1000+0x1000 %s", fm_region_type_name(words[_i].type));
  ck_assert_str_eq(found, wanted);
}
END_TEST

static const struct {
  const char *text, *message, *piece;
} bad[] = {
    {"efi: mem00: range=[0x0-0xfff]", "m:1:13: error: expected 'type=' and a number", NULL},
    {"efi: mem00: type=, range=[0x0-0xfff]", "m:1:18: error: expected the type of memory", NULL},
    {"efi: mem00: type=7K, range=[0x0-0xfff]", "m:1:18: error: malformed type of memory '7K'",
     NULL},
    {"efi: mem00: [Boot Code|WB", "m:1:26: error: expected ']' behind the type", NULL},
    {"efi: mem00: [] range=[0x0-0xfff]", "m:1:14: error: expected the type of memory", NULL},
    {"efi: mem00: [Boot Code|WB] range 0x0", "m:1:27: error: expected 'range=[' and addresses",
     NULL},
    {"efi: mem00: type=7, range=[0x0-0xfff", "m:1:37: error: expected ']' or ')' behind the end",
     NULL},
    {"(XEN)  [0000000000000000, 000000000009fbff (usable)", "m:1:43: error: expected ']'", NULL},
    {"(XEN)  [0000000000000000, x] (usable)", "m:1:27: error: malformed last address 'x'", NULL},
    {"(XEN)  00000000000O0000 - 00000000000a0000 (usable)",
     "m:1:8: error: malformed start address '00000000000O0000'", NULL},
    {"(XEN)  0000000000000000 - 1000 usable",
     "m:1:32: error: expected the type of memory in parentheses", NULL},
    {"00000000-00000000 : Reserved\n00000000-00000000 : System RAM\n  00000000-00000000 : x\n",
     "m:1:1: error: all addresses are zero", "sudo cat /proc/iomem >FILE"},
    {"00001000-00001fff : System RAM\n00002000-\n", "m:2:10: error: expected the end address",
     NULL},
    {"00001000-00001fff : System RAM\n00002000-00002fff\n",
     "m:2:18: error: expected ' : ' and a name", NULL},
    {"  00001000-00001fff : System RAM\n00002000-00002fff : System RAM\n",
     "m:2:1: error: this line stands further left than line 1, the first one", NULL},
    {"00001000-00001fff : System RAM\n00002000-00002fff : Resrved\n",
     "m:2:21: error: unknown type of memory 'Resrved'", "did you mean 'Reserved'?"},
    {"00001000-00001fff : System RAM\n00002000-00002fff : ACPI Tabels\n",
     "m:2:21: error: unknown type of memory 'ACPI Tabels'", "did you mean 'ACPI Tables'?"},
    {"00001000-00001fff : System RAMM\n", "m:1:21: error: unknown type of memory 'System RAMM'",
     "did you mean 'System RAM'?"},
    {"00001000-00001fff : device\n",
     "m:1:1: error: no line of this file holds a region in the format 'iomem'", NULL},
    {"0x0000000000000000-0x0000000007ffffff 128M yes 0\n",
     "m:1:38: error: expected a state: online, offline or going-offline", "for example: 0x"},
    {"base_addr = 0x0, size = 5", "m:1:16: error: expected ', length = ' and the size", NULL},
    {"base_addr = 0x0, length = 0x1000", "m:1:33: error: expected ', ' and the type of memory",
     NULL},
    {"base_addr = 0x0, length = 0x1000, type = 1 RAM",
     "m:1:43: error: unexpected text behind the type of memory", NULL},
    {"base_addr = 0x0, length = 0x1000, type = NVS, here",
     "m:1:47: error: malformed address of the entry 'here'", NULL},
    {"base_addr = 0x0, length = 0x1000, type = NVS, 0x1 0x2",
     "m:1:50: error: unexpected text behind the address of the entry", NULL},
    {"0000000000000000 - 0000000000001000  E820_RAM\nmach: nothing\n",
     "m:2:1: error: malformed start address 'mach'", NULL},
    {"0000000000000000 - 0000000000001000  E820_RAM 1\n",
     "m:1:46: error: unexpected text behind the type 'E820_RAM'", NULL},
    {"00000000-00001000 (System RAM\n", "m:1:30: error: expected ')' at the end of the line", NULL},
};

START_TEST(rows_that_almost_parse_are_errors)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(bad[_i].text, strlen(bad[_i].text), NULL, &error);

  ck_assert_ptr_null(map);
  ck_assert_msg(g_str_has_prefix(error->message, bad[_i].message), "%s", error->message);
  ck_assert_msg(bad[_i].piece == NULL || strstr(error->message, bad[_i].piece) != NULL, "%s",
                error->message);
}
END_TEST

START_TEST(a_nul_does_not_hide_the_rest_of_a_name)
{
  static const char text[] = "00001000-00001fff : System RAM\0x\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(sim_bootmap) map = parse_bytes(text, sizeof(text) - 1, NULL, &error);

  ck_assert_ptr_null(map);
  ck_assert_ptr_nonnull(strstr(error->message, "m:1:21: error: unknown type of memory"));
}
END_TEST

/* ---- The folder, and the machine it runs on ---- */

static void write_file(const char *root, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename(root, name, NULL);
  g_autofree char *folder = g_path_get_dirname(path);

  ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
  FILE *file = g_fopen(path, "w");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_ge(fputs(text, file), 0);
  ck_assert_int_eq(fclose(file), 0);
}

static void write_entry(const char *root, guint number, const char *start, const char *end,
                        const char *type)
{
  const char *const names[] = {"start", "end", "type"}, *const texts[] = {start, end, type};

  for (guint i = 0; i < 3; i++) {
    g_autofree char *name = g_strdup_printf("sys/firmware/memmap/%u/%s", number, names[i]);
    if (texts[i] != NULL)
      write_file(root, name, texts[i]);
  }
}

static void remove_tree(const char *path)
{
  GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
    g_autofree char *inside = g_build_filename(path, name, NULL);
    remove_tree(inside);
  }
  if (dir != NULL)
    g_dir_close(dir);
  g_remove(path);
}

static char *root;
static char *folder;

static void make_root(void)
{
  root = g_dir_make_tmp("fm-bootmap-XXXXXX", NULL);
  ck_assert_ptr_nonnull(root);
  folder = g_build_filename(root, "sys/firmware/memmap", NULL);
}

static void remove_root(void)
{
  remove_tree(root);
  g_clear_pointer(&folder, g_free);
  g_clear_pointer(&root, g_free);
}

START_TEST(a_folder_is_read_by_the_numbers_of_its_entries)
{
  g_autoptr(GError) error = NULL;

  for (guint i = 0; i < 11; i++) {
    g_autofree char *start = g_strdup_printf("0x%x\n", i * 0x1000);
    g_autofree char *end = g_strdup_printf("0x%x\n", i * 0x1000 + 0xfff);
    write_entry(root, i, start, end, i % 2 == 0 ? "System RAM\n" : "Reserved\n");
  }
  g_autoptr(sim_bootmap) map = sim_bootmap_load(folder, NULL, &error);
  ck_assert_msg(map != NULL, "%s", error != NULL ? error->message : "");
  g_autofree char *found = to_text(map);
  ck_assert(g_str_has_prefix(found, "0: 0x0+0x1000 usable, 0: 0x1000+0x1000 reserved, 0: 0x2000+"));
  ck_assert(g_str_has_suffix(found, "0: 0x9000+0x1000 reserved, 0: 0xa000+0x1000 usable"));
  ck_assert_str_eq(map->format, "sysfs");
  ck_assert_str_eq(map->file, folder);
  ck_assert_uint_eq(map->ignored, 0);
}
END_TEST

static const struct {
  const char *start, *end, *type, *message;
} bad_entries[] = {
    {"0x0\n", "0xfff\n", "Sytsem RAM\n", "/0/type:1:1: error: unknown type of memory"},
    {"0x0\n", "0xfff\n", "", "/0/type:1:1: error: expected the type of memory"},
    {"zero\n", "0xfff\n", "Reserved\n", "/0/start:1:1: error: malformed start address 'zero'"},
    {"0x0 0x1\n", "0xfff\n", "Reserved\n", "/0/start:1:4: error: expected the end of the line"},
    {"0x0\n", "0xfff x\n", "Reserved\n", "/0/end:1:6: error: expected the end of the line"},
    {"0x1000\n", "0xfff\n", "Reserved\n", "/0/end:1:1: error: this region ends before it starts"},
    {"0x0\n", "0xffffffffffffffff\n", "Reserved\n", "/0/end:1:1: error: the last byte 0xffff"},
    {"0x0\n", NULL, "Reserved\n", "/0/end': No such file"},
};

START_TEST(mistakes_in_a_folder_name_the_file)
{
  g_autoptr(GError) error = NULL;

  write_entry(root, 0, bad_entries[_i].start, bad_entries[_i].end, bad_entries[_i].type);
  ck_assert_ptr_null(sim_bootmap_load(folder, NULL, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_msg(strstr(error->message, bad_entries[_i].message) != NULL, "%s", error->message);
}
END_TEST

START_TEST(a_folder_has_at_most_512_regions)
{
  g_autoptr(GError) error = NULL;

  write_entry(root, 0, "0x0\n", "0xfff\n", "Reserved\n");
  for (guint i = 1; i <= FM_REGIONS_MAX; i++) {
    g_autofree char *same = g_strdup_printf("%s/%u", folder, i);
    ck_assert_int_eq(symlink("0", same), 0);
  }
  ck_assert_ptr_null(sim_bootmap_load(folder, NULL, &error));
  ck_assert_msg(strstr(error->message, "/512/end:1:1: error: region 513: the kernel takes") != NULL,
                "%s", error->message);
}
END_TEST

START_TEST(a_folder_without_a_map_says_what_was_expected)
{
  g_autoptr(GError) error = NULL, other = NULL;

  ck_assert_ptr_null(sim_bootmap_load(root, NULL, &error));
  ck_assert_ptr_nonnull(strstr(error->message, "is a folder without a map: expected folders 0, 1"));
  ck_assert_ptr_null(sim_bootmap_load(root, "e820", &other));
  ck_assert(g_error_matches(other, SIM_ERROR, SIM_ERROR_USAGE));
  ck_assert_ptr_nonnull(strstr(other->message, "has the format 'sysfs', not 'e820'"));
}
END_TEST

START_TEST(the_live_map_is_the_firmwares_where_it_can_be_read)
{
  write_file(root, "proc/iomem", "00001000-00001fff : System RAM\n");
  write_entry(root, 0, "0x0\n", "0xfff\n", "System RAM\n");
  g_autoptr(sim_bootmap) map = sim_bootmap_load_live(root, NULL);
  ck_assert_ptr_nonnull(map);
  ck_assert_str_eq(map->format, "sysfs");
}
END_TEST

START_TEST(the_live_map_is_iomem_elsewhere)
{
  write_file(root, "proc/iomem", "00001000-00001fff : System RAM\n");
  g_autoptr(sim_bootmap) map = sim_bootmap_load_live(root, NULL);
  ck_assert_ptr_nonnull(map);
  ck_assert_str_eq(map->format, "iomem");
}
END_TEST

START_TEST(without_a_live_map_both_reasons_are_named)
{
  g_autoptr(GError) error = NULL;

  write_file(root, "proc/iomem", "00000000-00000000 : System RAM\n");
  write_entry(root, 0, "0x0\n", NULL, NULL);
  ck_assert_ptr_null(sim_bootmap_load_live(root, &error));
  ck_assert(g_error_matches(error, SIM_ERROR, SIM_ERROR_INPUT));
  ck_assert_ptr_nonnull(strstr(error->message, "memmap/0/end': No such file"));
  ck_assert_ptr_nonnull(strstr(error->message, "all addresses are zero"));
  ck_assert_ptr_nonnull(strstr(error->message, "the kernel shows addresses to root only"));
}
END_TEST

static TCase *folders(void)
{
  TCase *tc = tcase_create("folders");

  tcase_add_checked_fixture(tc, make_root, remove_root);
  tcase_add_test(tc, a_folder_is_read_by_the_numbers_of_its_entries);
  tcase_add_loop_test(tc, mistakes_in_a_folder_name_the_file, 0, G_N_ELEMENTS(bad_entries));
  tcase_add_test(tc, a_folder_has_at_most_512_regions);
  tcase_add_test(tc, a_folder_without_a_map_says_what_was_expected);
  tcase_add_test(tc, the_live_map_is_the_firmwares_where_it_can_be_read);
  tcase_add_test(tc, the_live_map_is_iomem_elsewhere);
  tcase_add_test(tc, without_a_live_map_both_reasons_are_named);
  return tc;
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("bootmap forms");
  TCase *tc = tcase_create("texts");

  tcase_add_loop_test(tc, rows_are_read_and_the_rest_is_not, 0, G_N_ELEMENTS(good));
  tcase_add_loop_test(tc, words_have_their_type, 0, G_N_ELEMENTS(words));
  tcase_add_loop_test(tc, rows_that_almost_parse_are_errors, 0, G_N_ELEMENTS(bad));
  tcase_add_test(tc, a_nul_does_not_hide_the_rest_of_a_name);
  suite_add_tcase(suite, tc);
  suite_add_tcase(suite, folders());
  return suite;
}
