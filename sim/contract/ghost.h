/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Ghost state: what is true of a frame but stands nowhere in RAM.
 *
 * One record for each slot, beside the machine and never in it: how many references live
 * handles own, how many were forgotten, how many page tables own, whether the metadata is
 * initialised, and what the frame is used for.  A record is made when an operation first meets
 * the frame; what the slot counted by then belongs to somebody who is not known ("foreign":
 * the boot, or whoever wrote past the rules).
 *
 * The records are pages that the host gives on first touch: 32 bytes a slot, of which a run
 * uses what it works on.  Not thread-safe: one host thread, whose fibers take turns.
 */
#ifndef SIM_CONTRACT_GHOST_H
#define SIM_CONTRACT_GHOST_H

#include <sim/contract.h>

enum sim_usage {
  SIM_USAGE_UNUSED,
  SIM_USAGE_FRAME,
  SIM_USAGE_PAGE_TABLE,
  SIM_USAGE_META,
  SIM_USAGE_KERNEL,
  SIM_USAGE_RESERVED,
};

struct sim_ghost_slot {
  uint32_t held;      /* references of live handles, segments, lists and spaces */
  uint32_t forgotten; /* into_raw without from_raw */
  uint32_t mapped;    /* tracked pages of page tables: its page-table paths */
  uint32_t foreign;   /* references that somebody unknown has */
  uint64_t count;     /* after the last access that was seen, if `counted` */
  uint8_t usage;      /* enum sim_usage */
  bool counted;
  bool known;       /* the record is in use */
  bool initialised; /* storage and vtable_ptr were written, and not dropped since */
  bool dropped;     /* on_drop has run since they were written */
};

struct sim_ghost {
  struct sim_ghost_slot *slots; /* NULL: none yet */
  uint64_t frames;
  uint64_t ledger; /* references of live handles, in all: obligations not redeemed */
};

/* Room for so many frames; false: the host has no address space left for them. */
bool sim_ghost_init(struct sim_ghost *ghost, uint64_t frames);
void sim_ghost_clear(struct sim_ghost *ghost);

/* The record of a frame that has a slot; made from the slot if there was none. */
struct sim_ghost_slot *sim_ghost_at(struct sim_ghost *ghost, const struct fm_kernel *kernel,
                                    fm_paddr frame);

/* A handle comes, or goes: the ledger follows. */
void sim_ghost_hold(struct sim_ghost *ghost, struct sim_ghost_slot *slot);
void sim_ghost_release(struct sim_ghost *ghost, struct sim_ghost_slot *slot);

/* The frame was given out anew: one handle has it. */
void sim_ghost_fresh(struct sim_ghost *ghost, struct sim_ghost_slot *slot, enum sim_usage usage);

static inline uint64_t sim_ghost_holders(const struct sim_ghost_slot *slot)
{
  return (uint64_t)slot->held + slot->forgotten + slot->mapped + slot->foreign;
}

/* What a frame of this type is used for. */
enum sim_usage sim_usage_of_type(uint32_t number);

/* "frame", "page table", ... */
const char *sim_usage_name(enum sim_usage usage);

#endif
