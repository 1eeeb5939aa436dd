/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Handles of a script: what its names own, and what they only borrow.
 *
 * A handle that owns holds references to frames; one that is live at the end of the script
 * is a leak.  A handle that borrows (a cursor, a reader ...) holds nothing, and its lender
 * cannot be changed or consumed before it is dropped: the rule by which the kernel's
 * language keeps borrowed things alive.
 */
#ifndef SIM_SCRIPT_HANDLE_H
#define SIM_SCRIPT_HANDLE_H

#include <fm/ops.h>
#include <glib.h>
#include <sim/process.h>

#include "sim/diag.h"
#include "sim/durable/table.h"

enum sim_handle_kind {
  SIM_HANDLE_FRAME,       /* one reference to a shared frame */
  SIM_HANDLE_UNIQUE,      /* the only owner */
  SIM_HANDLE_RAW,         /* a forgotten reference: only its address is left */
  SIM_HANDLE_RAW_UNIQUE,  /* a forgotten unique owner */
  SIM_HANDLE_SEGMENT,     /* one reference on each frame of a range */
  SIM_HANDLE_RAW_SEGMENT, /* the same, forgotten */
  SIM_HANDLE_LIST,        /* a list, with the unique frames in it */
  SIM_HANDLE_CURSOR,      /* a place in a list; borrows it */
  SIM_HANDLE_REF,         /* a borrowed frame */
  SIM_HANDLE_READER,      /* bytes of a frame or segment; borrows it */
  SIM_HANDLE_WRITER,
  SIM_HANDLE_PROCESS, /* a process, with its page tables and pages */
  SIM_HANDLE_KINDS,
};

/* What the handle's own type says of the frame's type, as the compiler of the kernel would
 * know it: a number of a metadata type, or one of these. */
#define SIM_TYPE_ANY     UINT32_MAX       /* nothing */
#define SIM_TYPE_UNTYPED (UINT32_MAX - 1) /* some untyped one */

struct sim_handle {
  enum sim_handle_kind kind;
  fm_paddr frame; /* the frame, or the first one; 0 for lists and cursors */
  uint64_t size;  /* bytes that its references cover, from `frame` on */
  uint32_t type;
  struct fm_list list;         /* SIM_HANDLE_LIST; unless it is durable: sim_handle_list() */
  struct fm_cursor cursor;     /* SIM_HANDLE_CURSOR; in the lender's list */
  struct fm_reader reader;     /* SIM_HANDLE_READER */
  struct fm_writer writer;     /* SIM_HANDLE_WRITER */
  struct sim_process *process; /* SIM_HANDLE_PROCESS; the system's */
  struct sim_handle *lender;
  guint lent;              /* handles that borrow from this one */
  uint64_t step;           /* that made it */
  struct sim_place place;  /* of that command */
  char *name;              /* "f", "a[3]", a pool's name, or "(no name)" */
  bool excused;            /* its leak follows from a finding that was reported */
  guint borrowed;          /* operations under way that only read it (clone) */
  bool taken;              /* an operation under way changes or consumes it */
  struct sim_entry *entry; /* in the table of durable handles, or NULL */
  bool orphan;             /* of a run that is over: nobody but `adopt` may have it */
};

/* A frame's handle, as sim_run_bind_handle() wants it. */
struct sim_handle sim_handle_of_frame(enum sim_handle_kind kind, fm_paddr frame, uint32_t type);
struct sim_handle sim_handle_of_range(enum sim_handle_kind kind, struct fm_range range,
                                      uint32_t type);

/* Nothing borrowed; does not look at the lender. */
void sim_handle_free(gpointer data);

static inline struct fm_range sim_handle_range(const struct sim_handle *handle)
{
  return fm_range_of(handle->frame.raw, handle->frame.raw + handle->size);
}

/* The list of a SIM_HANDLE_LIST: a durable one lies in the RAM file.  An empty one for others. */
static inline struct fm_list *sim_handle_list(struct sim_handle *handle)
{
  bool durable = handle->entry != NULL && handle->kind == SIM_HANDLE_LIST;
  return durable ? &handle->entry->list : &handle->list;
}

static inline const struct fm_list *sim_handle_look_list(const struct sim_handle *handle)
{
  bool durable = handle->entry != NULL && handle->kind == SIM_HANDLE_LIST;
  return durable ? &handle->entry->list : &handle->list;
}

/* "a shared frame", "a list", ...: for messages. */
const char *sim_handle_kind_text(enum sim_handle_kind kind);

/* Calls `each` for every frame to which the handle owns a reference. */
void sim_handle_each_frame(const struct sim_handle *handle,
                           void (*each)(fm_paddr frame, void *data), void *data);

/* How many references to `frame` it owns: a process may map a frame twice. */
uint64_t sim_handle_holds(const struct sim_handle *handle, fm_paddr frame);

/* Whether it owns any reference at all. */
bool sim_handle_owns(const struct sim_handle *handle);

/* A walk through a list, front to back, over as many frames as the list says it has.  Links
 * are not trusted: one that leads to no slot ends the walk, and `lost` says where it led. */
struct sim_list_walk {
  uint64_t next; /* kernel address of a slot, or 0 */
  uint64_t left; /* frames */
  uint64_t lost; /* kernel address that is none of a slot, or 0 */
};

struct sim_list_walk sim_list_walk_begin(const struct fm_list *list);
/* False: the walk is over. */
bool sim_list_walk_next(struct sim_list_walk *walk, fm_paddr *ret);

#endif
