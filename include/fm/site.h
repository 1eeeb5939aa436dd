/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Sites: every access of the kernel side to memory that CPUs share has a name.
 *
 * A site is what a schedule stops at (`A:drop.dec`), what a trace prints and what a
 * variant weakens.  The names are stable.  The table below is the only list of them;
 * docs/memory-model.md says, for each order, what it pairs with.
 *
 * A quiet site is hooked but no step point: nobody writes the location while several
 * CPUs run, so a schedule that stops there would only be noise.
 */
#ifndef FM_SITE_H
#define FM_SITE_H

#include <stdbool.h>
#include <stdint.h>

enum fm_access_kind {
  FM_ACCESS_LOAD,  /* atomic load */
  FM_ACCESS_STORE, /* atomic store */
  FM_ACCESS_CAS,   /* compare-exchange; a load when it fails */
  FM_ACCESS_ADD,   /* fetch_add */
  FM_ACCESS_SUB,   /* fetch_sub */
  FM_ACCESS_FENCE, /* fence, with the location that it orders */
  FM_ACCESS_READ,  /* plain read of shared memory */
  FM_ACCESS_WRITE, /* plain write of shared memory */
  FM_ACCESS_CALL,  /* no access: a step of an operation that has just been done */
};

enum fm_order {
  FM_ORDER_PLAIN,
  FM_ORDER_RELAXED,
  FM_ORDER_ACQUIRE,
  FM_ORDER_RELEASE,
  FM_ORDER_ACQ_REL,
};

/* X(identifier, name, kind, strongest order used there, quiet, what happens) */
#define FM_SITES(X)                                                                                \
  X(CLAIM_CAS, "claim.cas", CAS, ACQUIRE, 0, "unused -> busy, or the answer why not")              \
  X(CLAIM_VTABLE, "claim.vtable", WRITE, PLAIN, 0, "the type's vtable address is written")         \
  X(CLAIM_META, "claim.meta", WRITE, PLAIN, 0, "the metadata is written")                          \
  X(CLAIM_PUBLISH, "claim.publish", STORE, RELEASE, 0, "busy -> 1 (release) or unique (relaxed)")  \
  X(GET_LOAD, "get.load", LOAD, RELAXED, 0, "the count is read")                                   \
  X(GET_CAS, "get.cas", CAS, ACQUIRE, 0, "n -> n+1, if the count still is n")                      \
  X(CLONE_INC, "clone.inc", ADD, RELAXED, 0, "n -> n+1")                                           \
  X(COUNT_LOAD, "count.load", LOAD, RELAXED, 0, "the count is read for its holder")                \
  X(META_VTABLE, "meta.vtable", READ, PLAIN, 0, "a holder reads the vtable address")               \
  X(META_READ, "meta.read", READ, PLAIN, 0, "a holder reads the metadata")                         \
  X(META_WRITE, "meta.write", WRITE, PLAIN, 0, "the only owner writes the metadata")               \
  X(DROP_DEC, "drop.dec", SUB, RELEASE, 0, "n -> n-1; the one who saw 1 goes on")                  \
  X(DROP_FENCE, "drop.fence", FENCE, ACQUIRE, 0, "the last owner sees what the others did")        \
  X(DROP_VTABLE, "drop.vtable", READ, PLAIN, 0, "the last owner reads the vtable address")         \
  X(DROP_META, "drop.meta", READ, PLAIN, 0, "the metadata is handed to on_drop, then destroyed")   \
  X(DROP_UNUSED, "drop.unused", STORE, RELEASE, 0, "busy -> unused")                               \
  X(DROP_DEALLOC, "drop.dealloc", CALL, PLAIN, 0, "the allocator has the frame back")              \
  X(UNIQUE_CAS, "unique.cas", CAS, ACQUIRE, 0, "1 -> unique, if there is no other holder")         \
  X(UNIQUE_PUBLISH, "unique.publish", STORE, RELEASE, 0, "unique -> 1")                            \
  X(UNIQUE_ZERO, "unique.zero", STORE, RELAXED, 0, "unique -> busy, in drop")                      \
  X(RESET_ZERO, "reset.zero", STORE, RELEASE, 0, "unique -> busy, in reset_as_unused")             \
  X(REPURPOSE_DROP, "repurpose.drop", READ, PLAIN, 0, "the old metadata is dropped in place")      \
  X(REPURPOSE_WRITE, "repurpose.write", WRITE, PLAIN, 0, "the new vtable and metadata stand")      \
  X(ALLOC_LOCK, "alloc.lock", CAS, ACQUIRE, 0, "the allocator's lock is taken")                    \
  X(ALLOC_UNLOCK, "alloc.unlock", STORE, RELEASE, 0, "the allocator's lock is given back")         \
  X(LIST_ID, "list.id", ADD, RELAXED, 0, "a list draws its id")                                    \
  X(LIST_LINK, "list.link", WRITE, PLAIN, 0, "a link of a frame in a list is written")             \
  X(LIST_MARK, "list.mark", STORE, RELAXED, 0, "the frame carries the list's id, or none")         \
  X(LIST_FIND, "list.find", LOAD, RELAXED, 0, "which list a frame is in is read")                  \
  X(IO_READ, "io.read", READ, PLAIN, 0, "bytes of a frame are read")                               \
  X(IO_WRITE, "io.write", WRITE, PLAIN, 0, "bytes of a frame are written")                         \
  X(PT_LOCK, "pt.lock", CAS, ACQUIRE, 0, "the lock of a page-table node is taken")                 \
  X(PT_UNLOCK, "pt.unlock", STORE, RELEASE, 0, "the lock of a page-table node is given back")      \
  X(PT_META, "pt.meta", WRITE, PLAIN, 0, "a node's number of entries, or its stray mark")          \
  X(PTE_LOAD, "pte.load", LOAD, RELAXED, 0, "an entry is read under the node's lock")              \
  X(PTE_WALK, "pte.walk", LOAD, ACQUIRE, 0, "an entry is read without it, on the way down")        \
  X(PTE_STORE, "pte.store", STORE, RELEASE, 0, "an entry is written")                              \
  X(GRACE_ENTER, "grace.enter", ADD, ACQ_REL, 0, "a walk without locks begins")                    \
  X(GRACE_LEAVE, "grace.leave", ADD, ACQ_REL, 0, "a walk without locks ends")                      \
  X(GRACE_LOOK, "grace.look", ADD, ACQ_REL, 0, "who is on the way, before stray nodes are freed")  \
  X(GRACE_LOCK, "grace.lock", CAS, ACQUIRE, 1, "the list of stray nodes is locked")                \
  X(GRACE_UNLOCK, "grace.unlock", STORE, RELEASE, 1, "the list of stray nodes is unlocked")        \
  X(GRACE_LINK, "grace.link", WRITE, PLAIN, 1, "which stray node comes next is written or read")   \
  X(MMU_LOAD, "mmu.load", LOAD, ACQUIRE, 0, "the processor reads an entry")                        \
  X(MMU_MARK, "mmu.mark", CAS, ACQUIRE, 0, "the processor marks an entry accessed or dirty")       \
  X(POOL_SIZE, "pool.size", STORE, RELAXED, 1, "the global pool's size is published")              \
  X(POOL_LOAD, "pool.load", LOAD, RELAXED, 1, "the global pool's published size is read")          \
  X(FREE_ADD, "free.add", STORE, RELAXED, 1, "this CPU's share of the free bytes changes")         \
  X(FREE_LOAD, "free.load", LOAD, RELAXED, 1, "a CPU's share of the free bytes is read")           \
  X(BOOT_BOUND, "boot.bound", STORE, RELAXED, 1, "max_paddr is published")                         \
  X(BOOT_LEAVE, "boot.leave", ADD, ACQ_REL, 1, "a CPU is done with the boot page table")           \
  X(SLOT_BOUND, "slot.bound", LOAD, RELAXED, 1, "an address is compared with max_paddr")           \
  X(CHUNK_SAYS, "chunk.says", LOAD, RELAXED, 1, "what the chunk of a page of slots says is read")  \
  X(CHUNK_NOTE, "chunk.note", STORE, RELAXED, 1, "the chunk is marked as touched")                 \
  X(CHUNK_LOAD, "chunk.load", LOAD, ACQUIRE, 1, "whether a chunk of slots is written is read")     \
  X(CHUNK_CLAIM, "chunk.claim", CAS, ACQUIRE, 1, "a CPU is about to write a chunk of slots")       \
  X(CHUNK_PUBLISH, "chunk.publish", STORE, RELEASE, 1, "a chunk of slots is written")

enum fm_site {
#define FM_SITE_ENUM(id, name, kind, order, quiet, text) FM_SITE_##id,
  FM_SITES (FM_SITE_ENUM)
#undef FM_SITE_ENUM
      FM_SITE_COUNT
};

struct fm_site_info {
  const char *name;
  enum fm_access_kind kind;
  enum fm_order order;
  bool quiet;
  const char *text;
};

/* One access, as the instrumented build hands it to the machine. */
struct fm_access {
  enum fm_site site;
  enum fm_access_kind kind;
  enum fm_order order;
  uint32_t size;     /* bytes */
  void *where;       /* process address; for a fence, the location that it orders */
  void *buffer;      /* WRITE: the bytes to write; NULL where there is nothing to copy */
  uint64_t operand;  /* STORE: the value; CAS: the new value; ADD and SUB: how much */
  uint64_t expected; /* CAS: the value that must be there */
  uint64_t seen;     /* out: the old value (LOAD, CAS, ADD, SUB, 8-byte READ) */
  bool done;         /* out: CAS: whether the new value was written */
};

/* What an allocator did. */
enum fm_memory_event {
  FM_MEMORY_ALLOC,  /* handed out */
  FM_MEMORY_FAILED, /* had no run of so many bytes, or was made to fail */
  FM_MEMORY_FREE,   /* is about to take back */
};

#ifdef __cplusplus
extern "C" {
#endif

/* Facts about a site; valid for every id below FM_SITE_COUNT. */
const struct fm_site_info *fm_site_info(enum fm_site site);

/* "plain", "relaxed", "acquire", "release", "acq_rel". */
const char *fm_order_name(enum fm_order order);

/*
 * Instrumented build only: the machine performs the access and fills `seen` and `done`.
 * It may run other CPUs before and after.  Supplied by the machine.
 */
void fm_hook_access(struct fm_access *access);

/* Instrumented build only: a CPU spins because another one must go on first. */
void fm_hook_spin(enum fm_site site);

/* Instrumented build only: `size` bytes at this physical address are about to be reached
 * through the linear window. */
void fm_hook_linear(uint64_t paddr, uint64_t size);

/* Instrumented build only: `size` bytes are about to be allocated.  True: the allocation is
 * to fail, as if there were no memory.  Supplied by the machine. */
bool fm_hook_alloc(uint64_t size);

/* Instrumented build only: the allocator did this with `size` bytes from this physical address
 * on (0 if it failed).  Whoever follows all of it knows what is handed out, on however many
 * CPUs: one is told of a run before anybody can give it back, and of its return before anybody
 * can get it again.  Supplied by the machine. */
void fm_hook_memory(enum fm_memory_event event, uint64_t start, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
