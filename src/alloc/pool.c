/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The pools: one for each CPU with chunks of small orders, and one for all behind a lock.
 * After each operation the CPU's pool is balanced against the global one.
 *
 * An operation takes the lock when it first needs the global pool and keeps it to its end,
 * so that the balance sees the pool's true size; without the lock it goes by the size that
 * was stored when the lock was last given back.  Interrupts are masked by the caller.
 */
#include "src/alloc/lock.h"
#include "src/alloc/set.h"

/* Of frames this close together the slots are in the nearest cache anyway. */
#define NEAR (64 * FM_PAGE_SIZE)
/* How many orders of buddies are asked for early: most merges end below. */
#define PREFETCHED_ORDERS 3

/* One operation on the pools. */
struct op {
  struct fm_kernel *kernel;
  struct fm_buddy_global *global;
  struct fm_buddy_local *local;
  bool locked;
};

static struct op op_begin(struct fm_kernel *kernel)
{
  struct op op = {kernel, &kernel->buddy, &fm_this_cpu()->buddy, false};
  return op;
}

static struct fm__set local_set(struct op *op)
{
  struct fm__set set = {op->local->lists, FM_LOCAL_ORDERS, &op->local->size};
  return set;
}

static struct fm__set global_set(struct op *op)
{
  if (!op->locked) {
    fm__spin_lock(&op->global->lock, FM_SITE_ALLOC_LOCK);
    op->locked = true;
  }
  struct fm__set set = {op->global->lists, FM_GLOBAL_ORDERS, &op->global->size};
  return set;
}

static void op_end(struct op *op)
{
  if (!op->locked)
    return;
  /* pool.size, relaxed: needs no partner; it is an estimate for who has not the lock. */
  fm_store_relaxed(FM_SITE_POOL_SIZE, &op->global->published_size, op->global->size);
  fm__spin_unlock(&op->global->lock, FM_SITE_ALLOC_UNLOCK);
}

static uint64_t global_size(struct op *op)
{
  if (op->locked)
    return op->global->size;
  /* pool.size, relaxed: needs no partner; see op_end(). */
  return fm_load_relaxed(FM_SITE_POOL_LOAD, &op->global->published_size);
}

/* A single frame is the most frequent case, and its order needs no search. */
static inline void insert_frame(struct op *op, fm_paddr start)
{
  fm__set_insert(op->kernel, local_set(op), start, 0);
}

/* Cut greedily; small chunks go to this CPU's pool, large ones to the global one. */
static void insert_range(struct op *op, fm_paddr start, uint64_t size)
{
  while (size != 0) {
    uint32_t order = fm__greedy_order(start, size, FM_GLOBAL_ORDERS);
    if (order < FM_LOCAL_ORDERS)
      fm__set_insert(op->kernel, local_set(op), start, order);
    else
      fm__set_insert(op->kernel, global_set(op), start, order);
    start = fm_paddr_add(start, fm__order_bytes(order));
    size -= fm__order_bytes(order);
  }
}

/* ---- Balance ---- */

static void move(struct op *op, bool to_global, uint32_t order)
{
  struct fm__set from = to_global ? local_set(op) : global_set(op);
  struct fm__set to = to_global ? global_set(op) : local_set(op);
  fm_paddr start;

  if (fm__set_take(op->kernel, from, order, &start))
    fm__set_insert_range(op->kernel, to, start, fm__order_bytes(order));
  else if (order > 1) {
    move(op, to_global, order - 1);
    move(op, to_global, order - 1);
  }
}

/* By value, so that the operation can stay in registers where nothing is moved. */
static __attribute__((noinline)) struct op move_bytes(struct op op, bool to_global, uint64_t bytes)
{
  uint64_t frames = bytes / FM_PAGE_SIZE;
  if (frames != 0) /* less than a frame: the logarithm of 0 is where kernels go wrong */
    move(&op, to_global, 63u - (uint32_t)__builtin_clzll(frames));
  return op;
}

/* What one CPU's pool should hold.  No division where a shift will do: this is asked after
 * each operation. */
static inline uint64_t expected_size(uint64_t global, uint32_t cpus)
{
  if (FM_LIKELY((cpus & (cpus - 1)) == 0))
    return global >> (__builtin_ctz(cpus) + 1);
  return global / cpus / 2;
}

static inline void balance(struct op *op)
{
  uint64_t global = global_size(op);
  uint64_t local = op->local->size;
  uint64_t expected = expected_size(global, op->kernel->cpus);

  if (local >= expected * 2) {
    if (local != 0)
      *op = move_bytes(*op, true, local - expected);
  } else if (local < expected / 8 && global != 0) {
    *op = move_bytes(*op, false, expected - local);
  }
}

/* ---- Operations ---- */

static uint32_t order_for(uint64_t size, uint64_t align)
{
  uint64_t bytes = size > align ? size : align;
  uint64_t frames = bytes / FM_PAGE_SIZE;
  return frames <= 1 ? 0 : 64u - (uint32_t)__builtin_clzll(frames - 1);
}

bool fm__pool_alloc(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret)
{
  struct op op = op_begin(kernel);
  uint32_t order = order_for(size, align);
  bool found = order < FM_LOCAL_ORDERS && fm__set_take(kernel, local_set(&op), order, ret);

  if (!found && order < FM_GLOBAL_ORDERS)
    found = fm__set_take(kernel, global_set(&op), order, ret);
  if (found && size < fm__order_bytes(order))
    insert_range(&op, fm_paddr_add(*ret, size), fm__order_bytes(order) - size);
  balance(&op);
  op_end(&op);
  return found;
}

/* The buddy of the chunk of this order that begins at or before the frame. */
static inline fm_paddr buddy_of(fm_paddr frame, uint32_t order)
{
  uint64_t chunk = frame.raw & ~(fm__order_bytes(order) - 1);
  return fm_paddr_of(chunk ^ fm__order_bytes(order));
}

/*
 * Frames that come back in random order find their buddies far away, and the neighbours of a
 * buddy in its list farther still.  All of them are asked for here, before the first is
 * needed.  The frames come from a cache, newest first; if the second and the last are close
 * together, they come back in their order, and all of this is near already.
 */
static void prefetch_buddies(struct fm_kernel *kernel, const fm_paddr *frames, uint32_t count)
{
  if (frames[1].raw - frames[count - 1].raw + NEAR < 2 * NEAR)
    return;
  for (uint32_t order = 0; order < PREFETCHED_ORDERS; order++)
    for (uint32_t i = 0; i < count; i++)
      __builtin_prefetch(fm_slot_at(buddy_of(frames[i], order)), 1);
  uint64_t id = fm_this_cpu()->buddy.lists[0].id;
  for (uint32_t i = 0; i < count; i++) {
    struct fm_slot *slot = NULL;
    if (fm_slot_find(kernel, buddy_of(frames[i], 0), &slot) == FM_GET_OK)
      fm__list_prefetch(slot, id);
  }
}

void fm__pool_dealloc(struct fm_kernel *kernel, fm_paddr start, uint64_t size)
{
  struct op op = op_begin(kernel);
  insert_range(&op, start, size);
  balance(&op);
  op_end(&op);
}

void fm__pool_dealloc_frames(struct fm_kernel *kernel, const fm_paddr *frames, uint32_t count)
{
  prefetch_buddies(kernel, frames, count);
  for (uint32_t i = 0; i < count; i++) {
    struct op op = op_begin(kernel);
    insert_frame(&op, frames[i]);
    balance(&op);
    op_end(&op);
  }
}

void fm__pool_add(struct fm_kernel *kernel, struct fm_range range)
{
  struct op op = op_begin(kernel);
  fm__set_insert_range(kernel, global_set(&op), range.start, fm_range_size(range));
  op_end(&op);
}
