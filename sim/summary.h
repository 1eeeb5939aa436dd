/* SPDX-License-Identifier: MPL-2.0 */
/*
 * A machine in short: what a comparison of two RAM files needs to know of each, as only one
 * machine can be open in a process.
 *
 * Frames are kept as runs that are equal in state, count, type, list and metadata, mappings as
 * runs of addresses that lead to physical memory in one piece.  So a summary needs 80 bytes
 * for each run of frames and 32 for each run of pages, whatever the size of the machine.
 */
#ifndef SIM_SUMMARY_H
#define SIM_SUMMARY_H

#include <sim/machine.h>

G_BEGIN_DECLS

/* Frames that follow one another and are equal. */
struct sim_frame_run {
  uint64_t first; /* frame number */
  uint64_t frames;
  uint64_t count; /* ref_count */
  uint64_t in_list;
  int32_t type; /* number of its record; -1: not in use, or none */
  uint8_t meta[FM_META_MAX_SIZE];
};

struct sim_mapping {
  uint64_t va;
  uint64_t paddr;
  uint64_t size;  /* bytes */
  uint64_t flags; /* of the entry, without accessed, dirty and the mark of a leaf */
};

/* The translations of one root. */
struct sim_translations {
  uint64_t root;   /* 0: there is none */
  bool boot;       /* it is the boot page table, which is not looked into */
  bool cut;        /* the tables are damaged: not all was looked at */
  GArray *entries; /* struct sim_mapping, by address */
};

typedef struct sim_summary {
  struct fm_boot_info info;
  uint32_t stage;
  uint64_t max_paddr;
  uint64_t meta_start;
  uint64_t meta_size;
  uint64_t next_list_id;
  struct fm_regions regions;
  uint32_t nr_types;
  char types[FM_META_TYPES_MAX][FM_META_NAME_SIZE];
  struct sim_census census;
  uint64_t free_bytes;
  uint64_t free_chunks[FM_GLOBAL_ORDERS]; /* in all pools, by order */
  uint64_t cached_frames;
  GArray *runs;                              /* struct sim_frame_run, over all frames */
  struct sim_translations kernel;            /* the kernel's half of its table */
  struct sim_translations cpus[FM_CPUS_MAX]; /* the user half of what is in CR3 */
} sim_summary;

/* Reads it all; the machine has slots.  One thread. */
sim_summary *sim_summary_new(const sim_machine *machine);
sim_summary *sim_summary_free(sim_summary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_summary, sim_summary_free)

G_END_DECLS

#endif
