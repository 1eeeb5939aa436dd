/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Metadata types: what the storage of a slot in use means.
 *
 * A type has a vtable record of 64 bytes in the kernel image, so that a RAM file says
 * by itself what its slots hold.  A slot stores the kernel address of that record.  The
 * record has no code addresses: code is found by the type's number, in the table of
 * built-in types here or, for registered ones, through the port.
 *
 * Limits: at most 40 bytes of metadata, an alignment that divides 64, a name of at most
 * 31 characters.  FM_META_ID() enforces them at compile time, fm_meta_register() at run
 * time for types that only the machine knows.
 */
#ifndef FM_META_H
#define FM_META_H

#include <fm/port.h>
#include <fm/types.h>

#define FM_META_MAX_SIZE  40u /* bytes */
#define FM_META_MAX_ALIGN 64u
#define FM_META_TYPES_MAX 64u /* records in the kernel image, built-in ones included */
#define FM_META_NAME_SIZE 32u /* with the final NUL */

struct fm_kernel;

/* The bytes of one frame, as on_drop gets them.  Valid until on_drop returns. */
struct fm_reader {
  fm_paddr at;   /* next byte */
  uint64_t left; /* bytes */
};

enum fm_meta_flags {
  FM_META_UNTYPED = 1 << 0, /* frames of this type hand out their bytes freely */
  FM_META_ON_DROP = 1 << 1, /* the type has an on_drop */
  FM_META_DESTROY = 1 << 2, /* the type has a destructor of its own */
};

/* As it stands in RAM. */
struct fm_vtable {
  char name[FM_META_NAME_SIZE]; /* NUL-terminated */
  uint16_t size;                /* bytes of metadata */
  uint16_t align;
  uint32_t flags;  /* enum fm_meta_flags */
  uint32_t number; /* index of this record */
  uint32_t reserved[5];
};

FM_STATIC_ASSERT(sizeof(struct fm_vtable) == 64, "a vtable record is 64 bytes");

/* A type and its code.  Records are made from these. */
struct fm_meta_type {
  const char *name;
  uint16_t size;
  uint16_t align;
  uint32_t flags;
  /* Called when the last holder drops the frame, before the metadata is destroyed.  The
   * caller owns the slot alone; `meta` points to the storage; the reader covers the whole
   * frame.  NULL if there is nothing to do. */
  void (*on_drop)(struct fm_kernel *kernel, void *meta, struct fm_reader *reader);
  /* Destroys the metadata itself, after on_drop.  NULL if there is nothing to do. */
  void (*destroy)(struct fm_kernel *kernel, void *meta);
};

/* What an operation needs to know of a type: small enough to pass by value. */
typedef struct {
  uint32_t number;
  uint32_t size; /* bytes of metadata to copy */
} fm_meta_id;

/* Built-in types, in the order of their records. */
enum fm_meta_number {
  FM_META_ANON,       /* "anon": untyped, no metadata: anonymous memory */
  FM_META_META_PAGE,  /* "meta-page": frames that hold slots */
  FM_META_EARLY,      /* "early": taken before there was a frame allocator */
  FM_META_UNUSABLE,   /* "unusable": present, but nobody's to use */
  FM_META_RESERVED,   /* "reserved": not memory, perhaps device registers */
  FM_META_KERNEL,     /* "kernel": the kernel image */
  FM_META_PAGE_TABLE, /* "page-table": a page-table node */
  FM_META_LINK,       /* "link": list link around an empty typed type */
  FM_META_TYPED,      /* "typed": an empty typed type */
  FM_META_FREE_HEAD,  /* "free-head": first frame of a free chunk of the buddy allocator */
  FM_META_BUILTINS,
};

struct fm_page_table_meta {
  uint16_t nr_children;
  uint8_t stray;
  uint8_t level; /* 1 .. 4 */
  uint8_t lock;
  uint8_t is_kernel; /* of the kernel's table: bit 52 means the opposite, and the root is upper */
  uint8_t reserved[2];
  uint64_t next; /* physical address of the next node that waits to be freed, or 0 */
};

struct fm_link_meta {
  uint64_t prev; /* kernel address of a slot, or 0 */
  uint64_t next;
};

struct fm_free_head_meta {
  struct fm_link_meta link;
  uint64_t order;
};

/* The id of a type whose C struct the compiler knows; too large or too strictly aligned
 * does not compile. */
#define FM_META_ID(number_, type_)                                                                 \
  fm_meta_id_of(number_, (uint32_t)sizeof(type_) + FM_META_CHECK(type_))
#define FM_META_CHECK(type_)                                                                       \
  (0u * (uint32_t)sizeof(                                                                          \
            char[(sizeof(type_) <= FM_META_MAX_SIZE && FM_META_MAX_ALIGN % FM_ALIGNOF(type_) == 0) \
                     ? 1                                                                           \
                     : -1]))

static inline fm_meta_id fm_meta_id_of(uint32_t number, uint32_t size)
{
  fm_meta_id id;
  id.number = number;
  id.size = size;
  return id;
}

/* The types without metadata of their own. */
static inline fm_meta_id fm_meta_empty(uint32_t number)
{
  return fm_meta_id_of(number, 0);
}

enum fm_meta_status {
  FM_META_OK,
  FM_META_BAD_NAME,  /* empty, too long, or already there */
  FM_META_TOO_LARGE, /* more than FM_META_MAX_SIZE bytes */
  FM_META_BAD_ALIGN, /* does not divide FM_META_MAX_ALIGN */
  FM_META_BAD_FLAGS, /* says it has an on_drop or destroy that is not there, or hides one */
  FM_META_FULL,      /* FM_META_TYPES_MAX records exist */
};

#ifdef __cplusplus
extern "C" {
#endif

/* The type with that number: built-in, else the port's; NULL if there is none. */
const struct fm_meta_type *fm_meta_type(uint32_t number);

/* Whether `type` keeps the limits.  Pure. */
FM_MUST_USE enum fm_meta_status fm_meta_check(const struct fm_meta_type *type);

/* Writes a record for `type` behind those that exist; *ret_number is its number.  Boot
 * processor only, before other CPUs run.  The machine must answer fm_port_meta_type()
 * for that number from then on. */
FM_MUST_USE enum fm_meta_status
fm_meta_register(struct fm_kernel *kernel, const struct fm_meta_type *type, uint32_t *ret_number);

/* Runs on_drop and destroy of a record that has at least one of them.  `slot_storage` is
 * the metadata, `frame` the frame that it describes. */
void fm_meta_run_drop(struct fm_kernel *kernel, const struct fm_vtable *vtable, void *slot_storage,
                      fm_paddr frame);

#ifdef __cplusplus
}
#endif

#endif
