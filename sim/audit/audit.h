/* SPDX-License-Identifier: MPL-2.0 */
/*
 * What the files of the audit share.
 *
 *   clause.c    names and sentences
 *   lists.c     the buddy allocator's lists, from end to end
 *   buddy.c     its chunks, pools and caches
 *   bitmap.c    the bitmap allocator
 *   durable.c   lists of durable handles
 *   tree.c      page tables, leaf.c what they map
 *   holders.c   who has references, as far as RAM says it
 *   extents.c   where the file has slots
 *   slots.c     one stretch of slots
 *   threads.c   all stretches, side by side
 *   audit.c     one after the other, and their faults in the order of frames
 *
 * Structures are looked at first, in one thread; then the slots, with what is known by then.
 */
#ifndef SIM_AUDIT_AUDIT_H
#define SIM_AUDIT_AUDIT_H

#include <sim/audit.h>

#include "sim/durable/table.h"
#include "sim/internal.h"

/* A stretch of frames that the allocator holds as free. */
struct audit_chunk {
  uint64_t start; /* frame number */
  uint32_t frames;
  bool is_head; /* in a list: the first frame is a unique one */
  bool is_run;  /* in a cache */
};

/* Bytes of the slot array that the file has, relative to its start. */
struct audit_extent {
  uint64_t start;
  uint64_t end;
};

struct audit {
  const sim_machine *machine;
  const struct fm_kernel *kernel;
  const struct sim_audit_options *options;
  GArray *faults;  /* struct sim_audit_fault of structures */
  GArray *chunks;  /* struct audit_chunk, ascending once buddy.c is done */
  GArray *ids;     /* uint64_t: ids of the lists that the kernel knows, likewise */
  GArray *extents; /* struct audit_extent, ascending */
  GArray *tables;  /* uint64_t: for each reference of RAM to a table, its address, ascending */
  uint32_t region; /* for holders.c: the region that holds the frame looked at */
  guint table;     /* the first of `tables` that is not below the frame looked at */
};

/* A fault of a structure, at the frame that it is about. */
void audit_note(struct audit *audit, fm_paddr frame, enum sim_audit_clause clause, uint64_t found,
                uint64_t expected, const char *format, ...) G_GNUC_PRINTF(6, 7);

/* The frame in which a piece of the kernel's state lies. */
fm_paddr audit_home(const void *state);

/* Whether [start, end), in bytes, lies in one usable region that has slots. */
bool audit_is_usable(const struct audit *audit, uint64_t start, uint64_t end);

gint audit_by_number(gconstpointer left, gconstpointer right);

/* ---- lists.c ---- */

/* What a free list was found to hold. */
struct audit_list {
  uint64_t frames;
  bool broken; /* not all of it can be reached */
};

/* Walks the list of free chunks of this order, and notes its chunks. */
struct audit_list audit_free_list(struct audit *audit, const struct fm_list *list, uint32_t order,
                                  const char *owner);

/* ---- buddy.c, bitmap.c ---- */

void audit_buddy(struct audit *audit);
void audit_bitmap(struct audit *audit);

/* Bytes that the CPUs' counters say are free. */
uint64_t audit_counted_free(const struct audit *audit);

/* Whether the bitmap has this frame as free. */
bool audit_bit(const struct audit *audit, uint64_t nr);

/* ---- durable.c ---- */

void audit_durable(struct audit *audit);

/* Each durable handle of this kind whose entry is sane. */
void audit_each_durable(const struct audit *audit, enum sim_entry_kind kind,
                        void (*each)(const struct sim_entry *entry, void *data), void *data);

/* ---- tree.c ---- */

void audit_trees(struct audit *audit);

/* ---- leaf.c ---- */

/* What the kernel's table maps of each of its three views, in bytes. */
struct audit_views {
  uint64_t linear;
  uint64_t slots;
  uint64_t image;
};

/* A page: the entry is of this node, and covers `va`. */
void audit_leaf(struct audit *audit, fm_paddr node, uint32_t index, uint32_t level, fm_pte pte,
                uint64_t va, bool is_kernel, struct audit_views *views);

/* ---- holders.c ---- */

/* References that the boot took and forgot: one on each frame it marked.  Frames come in
 * ascending order; *region is 0 at first. */
uint64_t audit_boot_references(const struct fm_kernel *kernel, fm_paddr frame, uint32_t *region);

/* With holders only. */
void audit_find_tables(struct audit *audit);
/* A fault, or false.  Frames come in ascending order. */
bool audit_check_holders(struct audit *audit, fm_paddr frame, const struct fm_slot_view *view,
                         struct sim_audit_fault *ret);

/* ---- extents.c ---- */

void audit_find_extents(struct audit *audit);

/* ---- slots.c ---- */

#define AUDIT_STRETCH UINT64_C(65536) /* frames */

/* Appends the faults of the frames [first, end) to `faults`, ascending. */
void audit_slots(struct audit *audit, uint64_t first, uint64_t end, GArray *faults);

/* A fault of the slot of this frame, without further figures. */
struct sim_audit_fault audit_slot_fault(fm_paddr frame, const struct fm_slot_view *view,
                                        enum sim_audit_clause clause, uint64_t count);

/* ---- threads.c ---- */

/* Calls `each` with the faults of each stretch, in order. */
void audit_all_slots(struct audit *audit,
                     void (*each)(const GArray *faults, uint64_t end, void *data), void *data);

#endif
