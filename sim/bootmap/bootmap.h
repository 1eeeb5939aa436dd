/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Firmware memory maps: text that says what physical memory a machine has, read into
 * regions as the boot code would get them (not sorted, not aligned, not merged; that is
 * fm_regions_normalise()).
 *
 * Formats, found by looking at the text unless one is named:
 *
 *   e820  The table as the kernel logs it at boot, lines such as
 *           BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable
 *           BIOS-e820: 0000000000100000 - 00000000cffa8000 (usable)
 *         The first form names the last byte, the older one the first byte behind.
 *         BIOS-e801 and BIOS-88 are the same.  What stands before the marker (time
 *         stamps, log levels, mail quotes) and lines without one do not matter.  A log
 *         may have other tables, too; of these the first of this list is read: the
 *         firmware's; Xen (also Xen-e820), which a guest of Xen gets; reserve setup_data,
 *         modified and user, which the kernel made out of it.  Of several boots the first
 *         one counts.
 *
 *   efi   The map of EFI in the same log (efi=debug).
 *           efi: mem00: [Conventional Memory|   |WB|WT|WC|UC] range=[0x0-0xfff] (0MB)
 *           efi: mem00: type=7, attr=0xf, range=[0x0-0x1000) (0MB)
 *         Conventional, loader and boot-services memory is usable.
 *
 *   xen   Xen's own table, with or without time stamps; the second form is of newer ones
 *         and names the last byte.
 *           (XEN)  0000000000100000 - 00000000cff9e000 (usable)
 *           (XEN)  [0000000000100000, 00000000cff9dfff] (usable)
 *
 *   iomem /proc/iomem, as root sees it.
 *           00100000-bfffffff : System RAM
 *         Only the outermost lines count, and of these only System RAM, Reserved, ACPI
 *         Tables, ACPI Non-volatile Storage, Unusable memory and Persistent Memory.
 *
 *   lsmem The listing of lsmem(1), also with its options -a, -b, -n, -P and -r.
 *           0x0000000000000000-0x00000000bfffffff   3G online  yes  0-23
 *         It is coarse: blocks of 128 MiB or so, without the holes in them.
 *
 *   multiboot  GRUB's lsmmap, and the multiboot map as kernels print it.
 *           base_addr = 0x100000, length = 0x7ee0000, available RAM
 *           base_addr = 0x100000, length = 0x700000, type = 1
 *
 *   crash `mach -m` of crash(8).  The end is excluded.
 *           0000000000100000 - 00000000bfff0000  E820_RAM
 *
 *   sysfs /sys/firmware/memmap, as the folder or as a listing; there the end is excluded.
 *           0000000000100000-00000000bffe0000 (System RAM)
 *
 *   text  Our own: a type, then a start and a size, or start-end (end excluded).
 *           usable    0x0      636K       # a comment
 *           reserved  0xf0000-0x100000
 *         Numbers are decimal or hex and may end in K, M, G or T (powers of 1024).
 *         Types are the names of fm_region_type_name().
 *
 *   json  The record of `framesim map --json`, or what sim_bootmap_write() makes: an object
 *         whose member "firmware" is a list of objects with base, end (excluded) and type,
 *         all of them strings.  Other members do not matter.
 *           {"firmware":[{"base":"0x0","end":"0x9fc00","type":"usable"}]}
 *
 * e820, efi, xen, lsmem and multiboot pass over lines that are none of theirs; in the
 * others each line counts but empty ones and comments (#).  Types of memory that are not
 * known are reserved, persistent memory too; one that is nearly a known one is an error.
 *
 * Bytes everywhere.  A region ends below 2^64.  At most 512 regions and 16 MiB of text.
 *
 * Ownership: a map owns all it shows and borrows nothing; it does not change after it
 * was made.  Threads: no shared state; a map may be read by many.
 *
 * Errors: SIM_ERROR_INPUT; SIM_ERROR_USAGE for a format that does not exist.  What is wrong
 * inside a text comes as a whole message of sim_diag_format() (several lines, with the
 * place); a file that cannot be read, or is too large, as one line.
 *
 * Left out on purpose: what the boot loader adds (kernel image, low page, initramfs).
 */
#ifndef SIM_BOOTMAP_BOOTMAP_H
#define SIM_BOOTMAP_BOOTMAP_H

#include <fm/region.h>
#include <glib.h>

#include "sim/diag.h"

typedef struct sim_bootmap {
  char *file;         /* name for messages: the path, "<stdin>", or "ram SIZE" */
  const char *format; /* one of sim_bootmap_formats(), or "ram"; static */
  GArray *regions;    /* struct fm_region, in file order */
  GArray *lines;      /* guint: line of each region, from 1; 0 if it has none */
  guint ignored;      /* lines of the text that hold no region */
  char *table;        /* which table of a log was read ("BIOS-e820"), or NULL */
  char *others;       /* what else there was in it ("user, efi"), or NULL */
} sim_bootmap;

/* Names of the formats, NULL-terminated, in the order in which they are tried. */
const char *const *sim_bootmap_formats(void);

/* Reads the map in `path`; "-" is standard input.  `format` NULL: find it. */
sim_bootmap *sim_bootmap_load(const char *path, const char *format, GError **error);

/*
 * The map of a running machine: ROOT/sys/firmware/memmap, which is the firmware's own, or
 * where that cannot be read, ROOT/proc/iomem.  `root` is "/", but for tests.  The error
 * names what was wrong with each.
 */
sim_bootmap *sim_bootmap_load_live(const char *root, GError **error);

/* The same from a text, which is not needed afterwards. */
sim_bootmap *sim_bootmap_parse(const sim_source *source, const char *format, GError **error);

/*
 * The machine `ram SIZE`, which has no file.  From 2 MiB on it looks like a PC: RAM up
 * to 0x9fc00, reserved up to 1 MiB, RAM again from there, and what would lie above 3 GiB
 * goes on at 4 GiB.  SIZE counts the reserved part.  Smaller machines are one usable
 * region.  Never fails; a size beyond all addresses is cut at the last page below 2^64.
 */
sim_bootmap *sim_bootmap_new_ram(uint64_t size);

/* Forms that can be written, NULL-terminated: e820, text, json. */
const char *const *sim_bootmap_written_formats(void);

/*
 * The map as a text of that form, which reads as the same regions in the same order; new.
 * SIM_ERROR_USAGE for a form that cannot be written, SIM_ERROR_INPUT for e820 and a type that
 * it has no words for (unknown, kernel, module, framebuffer).
 */
char *sim_bootmap_write(const sim_bootmap *map, const char *format, GError **error);

/* Takes NULL too; returns NULL. */
sim_bootmap *sim_bootmap_free(sim_bootmap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_bootmap, sim_bootmap_free)

#endif
