/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Deferred metadata: slots that are written when somebody first asks for one of them.
 *
 * A machine of many TiB has more slots than its host has memory, and most of them say the
 * same.  With deferred metadata a table says what slots would say, whose own bytes stay zero
 * until they are touched, a page of 64 slots at a time.  fm_slot_find() touches; who has got a
 * slot in another way has it from somebody who touched it.  Who looks at a whole machine asks
 * the table.
 *
 * The table has a byte for each chunk (2 MiB of slots, which describe 128 MiB of memory), then
 * one for each page of slots:
 *
 *   chunk   0 all unused; SHARED + type: all shared, count 1.  As the boot left it; and TOUCHED
 *           as soon as a page of it says something else
 *   page    0 as its chunk says; SHARED + type, by the boot; WRITTEN: the slots say it
 *
 *   page    0, SHARED + type --chunk.claim--> BUSY --chunk.publish--> WRITTEN
 *
 * It is a note of the simulator and no memory of the machine: it lies in the RAM file behind
 * all memory, where no page table leads.  A machine with eager metadata has none and pays
 * nothing: its slot_bound is max_paddr, and only addresses beyond that lead here.
 *
 * Any CPU may call any function at any time, but for fm_chunk_mark().
 */
#ifndef FM_CHUNK_H
#define FM_CHUNK_H

#include <fm/kernel.h>

#define FM_CHUNK_SLOTS UINT64_C(32768)
#define FM_CHUNK_PAGE  UINT64_C(64) /* slots in a page */

enum fm_chunk_state {
  FM_CHUNK_AS_SAID = 0, /* of a page: as its chunk says */
  FM_CHUNK_UNUSED = 0,  /* of a chunk */
  FM_CHUNK_WRITTEN = 1,
  FM_CHUNK_BUSY = 2,   /* being written */
  FM_CHUNK_SHARED = 8, /* + number of a built-in type without metadata */
  FM_CHUNK_TOUCHED = 128,
};

static inline uint64_t fm_chunk_count(uint64_t nr_frames)
{
  return (nr_frames + FM_CHUNK_SLOTS - 1) / FM_CHUNK_SLOTS;
}

/* Bytes of a table for so many frames, whole pages. */
static inline uint64_t fm_chunk_table_size(uint64_t nr_frames)
{
  return fm_page_up(fm_chunk_count(nr_frames) + (nr_frames + FM_CHUNK_PAGE - 1) / FM_CHUNK_PAGE);
}

/* What a run of slots says. */
struct fm_chunk_run {
  uint64_t frames; /* how many slots say the same, from the first one on; at least 1 */
  uint8_t state;   /* WRITTEN: look at the slot; UNUSED; SHARED + type */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Whether there is a slot for this address after all; it is written by now. */
FM_MUST_USE bool fm_chunk_reach(const struct fm_kernel *kernel, fm_paddr frame);

/* Boot only: marks what it can of the frames in the range, from its start on, as shared(type,
 * 1); returns how many, 0 if the first one has to be claimed. */
uint64_t fm_chunk_mark(struct fm_kernel *kernel, struct fm_range range, uint32_t type);

/* For those who look at a whole machine: what the slots from this frame on say. */
struct fm_chunk_run fm_chunk_look(const struct fm_kernel *kernel, fm_paddr frame);

#ifdef __cplusplus
}
#endif

#endif
