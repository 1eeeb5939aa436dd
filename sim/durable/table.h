/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The table of durable handles: who holds what, in the RAM file itself.
 *
 * It lies behind all memory of the machine, where no page table leads, like the chunk table:
 * a header of one page, then entries of 128 bytes.  boot_info.handles says where.  Each handle
 * that owns something has an entry, and an operation on it writes what it is about to do (its
 * intent) before it does anything, and takes that back when all is done.  So who finds the file
 * after its writer died knows of each handle what it was about (sim/repair/repair.h).
 *
 *   word   kind, intent, CPU and type in one: an entry is free, or becomes something else, by
 *          one store; whatever else an entry says was stored before
 *
 * Death means that of the process: what it stored is in the file's pages, in the order of its
 * stores, and the host keeps them.  Nothing is synchronised with a disk, so nothing is promised
 * for a host that loses its power.
 *
 * The writer is one host thread (fibers share it); readers open the file read-only.
 */
#ifndef SIM_DURABLE_TABLE_H
#define SIM_DURABLE_TABLE_H

#include <fm/list.h>
#include <glib.h>
#include <sim/machine.h>

G_BEGIN_DECLS

#define SIM_TABLE_MAGIC UINT64_C(0x53454c444e41482e) /* ".HANDLES", little endian */
#define SIM_TABLE_ROOM  4096u                        /* entries, unless the user says otherwise */
#define SIM_TABLE_MOST  1048576u
#define SIM_ENTRY_NAME  40u /* bytes, with the final NUL; longer names are cut */

enum sim_entry_kind {
  SIM_ENTRY_NONE,
  SIM_ENTRY_FRAME, /* one reference on each frame of [start, end) */
  SIM_ENTRY_UNIQUE,
  SIM_ENTRY_RAW, /* the same, forgotten */
  SIM_ENTRY_RAW_UNIQUE,
  SIM_ENTRY_SEGMENT,
  SIM_ENTRY_RAW_SEGMENT,
  SIM_ENTRY_LIST,    /* the unique frames in `list` */
  SIM_ENTRY_PROCESS, /* one reference on the root at `start` */
  SIM_ENTRY_KINDS,
};

/* What an operation that is under way will do to the entry. */
enum sim_intent {
  SIM_INTENT_NONE,
  SIM_INTENT_TAKE,      /* references of its own, which nobody has yet */
  SIM_INTENT_DROP,      /* it goes, with its references */
  SIM_INTENT_MOVE,      /* it takes over from the entry with serial `link` */
  SIM_INTENT_CUT,       /* it is a piece of the range of that entry */
  SIM_INTENT_INTO_LIST, /* its frame goes into the list with serial `link` */
  SIM_INTENT_FROM_LIST, /* its frame comes out of that list */
  SIM_INTENT_UNIQUE,    /* shared -> unique, under the name of entry `link` unless it is 0 */
  SIM_INTENT_SHARE,     /* unique -> shared, likewise */
  SIM_INTENT_REPURPOSE, /* other metadata: of type `link`, with the bytes in `meta` */
  SIM_INTENT_CLEAR,     /* of a process: nothing is to be left mapped in `clear` */
  SIM_INTENTS,
};

struct sim_entry {
  uint64_t word;   /* see above; 0: free */
  uint64_t start;  /* physical, bytes */
  uint64_t end;    /* behind the last byte */
  uint64_t link;   /* as the intent says */
  uint64_t serial; /* ascending, given once */
  uint64_t step;   /* of the script: which command made it */
  union {
    struct fm_list list; /* SIM_ENTRY_LIST; the kernel side works on it right here */
    uint8_t meta[FM_META_MAX_SIZE];
    uint64_t clear[2]; /* virtual, [start, end) */
  };
  char name[SIM_ENTRY_NAME];
};

G_STATIC_ASSERT(sizeof(struct sim_entry) == 128);

struct sim_table_header {
  uint64_t magic;
  uint64_t room;   /* entries */
  uint64_t serial; /* of the next entry */
  uint64_t open;   /* 1: a run is under way, or ended in the middle */
};

typedef struct sim_table sim_table;

/* ---- Pure: what a word says ---- */

static inline uint64_t sim_entry_word(enum sim_entry_kind kind, enum sim_intent intent,
                                      uint32_t cpu, uint32_t type)
{
  return (uint64_t)kind | (uint64_t)intent << 8 | (uint64_t)cpu << 16 | (uint64_t)type << 32;
}

static inline enum sim_entry_kind sim_entry_kind(const struct sim_entry *entry)
{
  return (enum sim_entry_kind)(entry->word & 0xff);
}

static inline enum sim_intent sim_entry_intent(const struct sim_entry *entry)
{
  return (enum sim_intent)(entry->word >> 8 & 0xff);
}

static inline uint32_t sim_entry_cpu(const struct sim_entry *entry)
{
  return (uint32_t)(entry->word >> 16 & 0xffff);
}

static inline uint32_t sim_entry_type(const struct sim_entry *entry)
{
  return (uint32_t)(entry->word >> 32);
}

/* "frame", "unique", ...; and what the operation was about: "take", "drop", ...  Static. */
const char *sim_entry_kind_name(enum sim_entry_kind kind);
const char *sim_intent_name(enum sim_intent intent);

/* ---- Stores ---- */

/* Called after each store into the table or by a repair; for tests that stop a process between
 * two of them.  NULL: nobody. */
extern void (*sim_durable_watch)(void);

/* A store that a reader of the file must find no later than what comes after it. */
static inline void sim_durable_store(uint64_t *at, uint64_t value)
{
  /* Release: pairs with the acquire of sim_durable_load(), in the process that finds the file:
   * with relaxed the compiler might let an operation begin before its intent is stored. */
  __atomic_store_n(at, value, __ATOMIC_RELEASE);
  if (sim_durable_watch != NULL)
    sim_durable_watch();
}

static inline uint64_t sim_durable_load(const uint64_t *at)
{
  /* Acquire: pairs with the release of sim_durable_store(). */
  return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* ---- The table of a machine ---- */

/* Bytes in the RAM file, whole pages. */
static inline uint64_t sim_table_size(uint64_t room)
{
  return FM_PAGE_SIZE + fm_page_up(room * sizeof(struct sim_entry));
}

/* Writes the header of an empty table; for the loader. */
void sim_table_format(const sim_machine *machine, uint64_t room);

/* The table of the machine as it stands, NULL: it has none.  The machine's, until it is freed;
 * the first call looks at all entries, and leaves what is not sane for others to report. */
sim_table *sim_machine_table(sim_machine *machine);
/* The same, for who only looks; NULL if nobody has called sim_machine_table() before. */
const sim_table *sim_table_look(const sim_machine *machine);
sim_table *sim_table_free(sim_table *table);

/* Whether the header is one, and its room fits into `size` bytes. */
bool sim_table_is_sane(const struct sim_table_header *header, uint64_t size);

struct sim_table_header *sim_table_header(const sim_table *table);

/* Entry `index`, below the room. */
struct sim_entry *sim_table_entry(const sim_table *table, uint64_t index);

/* How many are in use. */
uint64_t sim_table_count(const sim_table *table);

/* The entry in use with that serial, or NULL. */
struct sim_entry *sim_table_find(const sim_table *table, uint64_t serial);

/* A free entry, in use from now on with this word, name and step, and nothing else in it.
 * NULL: there is none left. */
struct sim_entry *sim_table_add(sim_table *table, uint64_t word, const char *name, uint64_t step);

/* The entry is free from now on. */
void sim_table_remove(sim_table *table, struct sim_entry *entry);

/* The range, before the word says anything of it. */
void sim_entry_set_range(struct sim_entry *entry, uint64_t start, uint64_t end);

/* Whether what the entry says is possible in this machine: kind, intent, name, range. */
bool sim_entry_is_sane(const struct sim_entry *entry, const struct fm_kernel *kernel);

G_END_DECLS

#endif
