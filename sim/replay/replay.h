/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Replay of a recorded trace on a booted machine: each allocation takes frames of its order from
 * the simulated allocator, on the simulated CPU of the event; each free drops them.  The trace's
 * frame numbers are only names for what was allocated.
 *
 * What is known of a frame of the trace is one word in a table by frame number, so memory goes
 * with the highest number and not with the length of the trace.
 *
 * Words, as the counts use them.  A frame of the trace is live from an allocation that covers it
 * until a free that covers it, whatever the simulated allocator answered.  It was seen if any
 * event covered it.  A block is what one allocation made; it is live while one of its frames is.
 * Real traces are incomplete (frames change hands without an event), so a free of what is not
 * live and an allocation over what is are counted and nothing else.
 *
 * The CPUs of the machine are played by the thread that reads the trace, one event after the other;
 * or by a host thread each (crew.h), so that they are in the kernel side at the same time.  Then
 * the trace still is followed in its order, and what is counted of it is the same each time.
 * What the allocator answers is not: another order of the CPUs gives other addresses, and where
 * memory is short, other failures.
 *
 * Functions are for one thread; one replay for a machine, which must have nothing allocated that it
 * does not know of when the replay ends.
 */
#ifndef SIM_REPLAY_REPLAY_H
#define SIM_REPLAY_REPLAY_H

#include <sim/audit.h>
#include <sim/machine.h>

#include "sim/tracein/tracein.h"

/* Which events are replayed.  Events are numbered from 1 in the order in which they come, those
 * that are left out too. */
struct sim_replay_options {
  int32_t cpu;      /* only those of this CPU of the trace; -1: all */
  uint64_t from_us; /* only those from this time on, in microseconds of the trace's clock */
  uint64_t to_us;   /* and before this one */
  uint64_t until;   /* nothing after this number; UINT64_MAX: no end */
  bool threads;     /* each CPU of the machine is a host thread */
};

struct sim_replay_counts {
  uint64_t kinds[SIM_TRACE_KINDS]; /* events */
  uint64_t left_out;               /* events that the options exclude */
  uint64_t live_frames;
  uint64_t peak_frames;
  uint64_t live_blocks;
  uint64_t peak_blocks;
  uint64_t unknown_events; /* frees of frames of which none was seen before */
  uint64_t unknown_frames; /* frames of frees that were not seen before, one by one */
  uint64_t already_free;   /* frees with a frame that was seen and is not live */
  uint64_t partial;        /* frees that lie inside of one larger block */
  uint64_t over_live;      /* allocations with a frame that is live */
  uint64_t remote_frees;   /* frees with a frame that another CPU of the trace allocated */
  uint64_t remote_frames;  /* such frames, one by one */
  uint64_t last_us;        /* time of the last event that was replayed */
  uint32_t cpus;           /* CPUs of the trace that had an event: the highest, and 1 */
  /* Of the machine; with threads as of the last sim_replay_settle(). */
  uint64_t failed;      /* allocations that the simulated allocator could not serve */
  uint64_t held_frames; /* frames of the machine that the replay holds */
  uint64_t free_huge;   /* 2 MiB pieces of the machine without a frame in use */
};

struct sim_replay_cpu {
  uint64_t allocs;
  uint64_t frees;
  uint64_t remote_frames; /* freed here, allocated elsewhere */
};

typedef struct sim_replay sim_replay;

/* All events. */
void sim_replay_options_init(struct sim_replay_options *options);

/* `machine` is borrowed, booted, and nobody else's until sim_replay_free().  NULL and *error:
 * it is too large, or the host has no room for its threads. */
sim_replay *sim_replay_new(sim_machine *machine, const struct sim_replay_options *options,
                           GError **error);

/* Replays the next events; *ret_used is how many were looked at (fewer only behind
 * options->until).  Not SIM_END_DONE: the simulated kernel ended; all threads have, too.  With
 * threads it may only be found out later, and some events were looked at in vain. */
enum sim_end sim_replay_events(sim_replay *replay, const struct sim_trace_event *events,
                               size_t count, size_t *ret_used);

/* Waits for the threads to do what the events so far want; without threads all is done.  The
 * machine may be looked at until the next events: its counts, the map, the audit.  As
 * sim_replay_events(): not SIM_END_DONE if the kernel ended. */
enum sim_end sim_replay_settle(sim_replay *replay);

/* For which event the kernel worked when it ended, and its number. */
const struct sim_trace_event *sim_replay_ended_at(const sim_replay *replay, uint64_t *ret_number);

/* Threads of CPUs, 0: none; and whether each of them has a CPU of the host to itself. */
uint32_t sim_replay_threads(const sim_replay *replay);
bool sim_replay_is_pinned(const sim_replay *replay);

/* Whether options->until was reached. */
bool sim_replay_is_over(const sim_replay *replay);

/* Whether this event would be replayed, apart from its number. */
bool sim_replay_wants(const sim_replay *replay, const struct sim_trace_event *event);

/* Events looked at so far. */
uint64_t sim_replay_position(const sim_replay *replay);

const struct sim_replay_counts *sim_replay_counts(const sim_replay *replay);

/* The counts of one CPU of the trace, below counts->cpus. */
const struct sim_replay_cpu *sim_replay_cpu_counts(const sim_replay *replay, uint32_t cpu);

/* How many pieces of 2 MiB the machine has; and one digit for each, with a NUL behind: 0 if no
 * frame of it is free, else 1 + free frames / 64, so 9 if all of them are.  New. */
char *sim_replay_frag_map(const sim_replay *replay);

/* As many pieces of 2 MiB as the free frames would fill. */
uint64_t sim_replay_possible_huge(const sim_replay *replay);

/* Holds all slots against what the replay holds (sim_audit()), and the allocator's free bytes
 * against those of before.  Returns the number of findings. */
uint64_t sim_replay_audit(const sim_replay *replay,
                          void (*report)(const struct sim_audit_fault *fault, void *data),
                          void *data);

/* Does not drop what is held. */
sim_replay *sim_replay_free(sim_replay *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sim_replay, sim_replay_free)

#endif
