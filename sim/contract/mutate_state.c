/* SPDX-License-Identifier: MPL-2.0 */
/* Damage to slots, lists and allocators at a quiet moment, for the audit. */
#include <fcntl.h>
#include <string.h>

#include "sim/contract/mutate.h"
#include "sim/internal.h"

#define ORDER 3u /* of the pieces */

/* ---- Slots ---- */

static void poke(uint64_t count, uint64_t vtable_ptr, uint64_t in_list)
{
  struct fm_slot *slot = fm_slot_at(mutate_frame(0));
  slot->ref_count = count;
  slot->vtable_ptr = vtable_ptr;
  slot->in_list = in_list;
}

static void busy(struct mutate_scene *scene)
{
  poke(FM_COUNT_BUSY, scene->kernel->vtables, 0);
}

static void illegal(struct mutate_scene *scene)
{
  poke(FM_COUNT_MAX + 1, scene->kernel->vtables, 0);
}

static void no_type(struct mutate_scene *scene)
{
  (void)scene;
  poke(1, 1, 0);
}

static void unused_in_list(struct mutate_scene *scene)
{
  poke(FM_COUNT_UNUSED, scene->kernel->vtables, 1);
}

static void shared_in_list(struct mutate_scene *scene)
{
  poke(1, scene->kernel->vtables, 1);
}

static void one_more(struct mutate_scene *scene)
{
  mutate_shared(scene, 0).slot->ref_count++;
  scene->holders = true;
}

/* A page of slots, of frames that nobody has. */
static void hole(struct mutate_scene *scene)
{
  off_t at = (off_t)(scene->kernel->meta_start + MUTATE_FRAME / FM_PAGE_SIZE * FM_SLOT_SIZE);
  (void)fallocate(scene->machine->ram.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, 4096);
}

/* ---- Lists of the buddy allocator ---- */

static struct fm_buddy_local *pool(struct mutate_scene *scene)
{
  return &fm_kernel_cpu(scene->kernel, 0)->buddy;
}

static struct fm_list *list(struct mutate_scene *scene)
{
  return &pool(scene)->lists[ORDER];
}

static struct fm_slot *slot_of(uint64_t link)
{
  return fm_slot_at(fm_meta_to_frame(fm_kaddr_of(link)));
}

static struct fm_free_head_meta *meta(uint64_t link)
{
  return (struct fm_free_head_meta *)(void *)slot_of(link)->storage;
}

/* The n-th frame of the list, as links name it. */
static uint64_t member(struct mutate_scene *scene, unsigned n)
{
  uint64_t link = list(scene)->front;
  while (n-- != 0)
    link = meta(link)->link.next;
  return link;
}

static void link_to_nowhere(struct mutate_scene *scene)
{
  meta(member(scene, 2))->link.next = 0x1234;
}

static void wrong_way_back(struct mutate_scene *scene)
{
  meta(member(scene, 2))->link.prev = member(scene, 4);
}

static void back_in_the_middle(struct mutate_scene *scene)
{
  list(scene)->back = member(scene, 2);
}

static void one_too_many(struct mutate_scene *scene)
{
  list(scene)->size++;
}

static void other_id(struct mutate_scene *scene)
{
  slot_of(member(scene, 1))->in_list = 12345;
}

static void same_id_twice(struct mutate_scene *scene)
{
  for (unsigned order = 0; order < FM_LOCAL_ORDERS; order++)
    if (pool(scene)->lists[order].size == 0) {
      pool(scene)->lists[order].id = list(scene)->id;
      return;
    }
}

static void no_chunk(struct mutate_scene *scene)
{
  slot_of(member(scene, 1))->vtable_ptr =
      scene->kernel->vtables + FM_META_LINK * sizeof(struct fm_vtable);
}

/* A piece that is in use, as a unique frame with this id. */
static void mark_piece(struct mutate_scene *scene, uint64_t id)
{
  struct fm_link_meta link = {0};
  struct fm_slot *slot = fm_slot_at(scene->pieces[1]);
  (void)!MUTATE_RIGHT->claim(scene->kernel, scene->pieces[1], mutate_link(), &link, true, &slot);
  slot->in_list = id;
}

static void claims_to_be_inside(struct mutate_scene *scene)
{
  mark_piece(scene, list(scene)->id);
}

static void has_undrawn_id(struct mutate_scene *scene)
{
  mark_piece(scene, scene->kernel->next_list_id);
}

/* ---- Chunks, pools, caches ---- */

/* Puts a chunk into the pool that no allocator would have put there. */
static void forge(struct mutate_scene *scene, fm_paddr frame, uint32_t order)
{
  struct fm_list *into = &pool(scene)->lists[order];
  struct fm_slot *slot = fm_slot_at(frame);
  uint64_t link = fm_frame_to_meta(frame).raw;
  const struct fm_free_head_meta head = {{0, into->front}, order};

  if (into->id == 0)
    into->id = scene->kernel->next_list_id++;
  slot->ref_count = FM_COUNT_UNIQUE;
  slot->vtable_ptr = scene->kernel->vtables + FM_META_FREE_HEAD * sizeof(struct fm_vtable);
  slot->in_list = into->id;
  memcpy(slot->storage, &head, sizeof(head));
  if (into->front != 0)
    meta(into->front)->link.prev = link;
  else
    into->back = link;
  into->front = link;
  into->size++;
  pool(scene)->size += FM_PAGE_SIZE << order;
  fm_kernel_cpu(scene->kernel, 0)->free_bytes += FM_PAGE_SIZE << order;
}

static void between_two(struct mutate_scene *scene)
{
  forge(scene, fm_paddr_add(scene->pieces[1], FM_PAGE_SIZE), 1);
}

static void in_the_image(struct mutate_scene *scene)
{
  forge(scene, fm_paddr_of(MUTATE_IMAGE + 15 * FM_PAGE_SIZE), 0);
}

static void inside_another(struct mutate_scene *scene)
{
  fm_paddr head = fm_meta_to_frame(fm_kaddr_of(member(scene, 1)));
  forge(scene, fm_paddr_add(head, 2 * FM_PAGE_SIZE), 0);
}

static void other_order(struct mutate_scene *scene)
{
  meta(member(scene, 1))->order = 7;
}

static void claim_of_a_chunk(struct mutate_scene *scene)
{
  fm_paddr head = fm_meta_to_frame(fm_kaddr_of(member(scene, 1)));
  struct fm_slot *slot;
  (void)!MUTATE_RIGHT->claim(scene->kernel, fm_paddr_add(head, FM_PAGE_SIZE),
                             fm_meta_empty(FM_META_ANON), NULL, false, &slot);
}

static void larger_pool(struct mutate_scene *scene)
{
  pool(scene)->size += FM_PAGE_SIZE;
}

static void published_otherwise(struct mutate_scene *scene)
{
  scene->kernel->buddy.published_size -= FM_PAGE_SIZE;
}

static void lost_bytes(struct mutate_scene *scene)
{
  fm_kernel_cpu(scene->kernel, 1)->free_bytes -= FM_PAGE_SIZE;
}

static void held_lock(struct mutate_scene *scene)
{
  scene->kernel->buddy.lock.held = 1;
}

static void full_cache(struct mutate_scene *scene)
{
  /* What lies behind its end is nobody's, so that nothing else is wrong with it. */
  for (unsigned i = 0; i < FM_CACHE_RUNS; i++)
    pool(scene)->caches[3].runs[i] = scene->pieces[2 * i + 1].raw;
  pool(scene)->caches[3].count = UINT64_MAX;
}

static void unaligned_run(struct mutate_scene *scene)
{
  pool(scene)->caches[0].runs[0]++;
}

static void same_run_twice(struct mutate_scene *scene)
{
  pool(scene)->caches[0].runs[0] = pool(scene)->caches[0].runs[1];
}

/* ---- The bitmap ---- */

static uint64_t *words(struct mutate_scene *scene)
{
  return fm_kaddr_ptr(fm_kaddr_of(scene->kernel->bitmap.words));
}

/* Counted, so that only the place of the frame is wrong. */
static void end_is_free(struct mutate_scene *scene)
{
  uint64_t nr = MUTATE_RAM / FM_PAGE_SIZE - 1;
  words(scene)[nr / 64] |= UINT64_C(1) << (nr % 64);
  fm_kernel_cpu(scene->kernel, 0)->free_bytes += FM_PAGE_SIZE;
}

static void hint_too_high(struct mutate_scene *scene)
{
  uint64_t word = MUTATE_FRAME / FM_PAGE_SIZE / 64;
  for (uint64_t i = 0; i < word; i++) {
    fm_kernel_cpu(scene->kernel, 0)->free_bytes -=
        (uint64_t)__builtin_popcountll(words(scene)[i]) * FM_PAGE_SIZE;
    words(scene)[i] = 0;
  }
  scene->kernel->bitmap.hint = word + 1;
}

const struct mutation mutations_of_state[] = {
    {SIM_CLAUSE_SLOT_BUSY_AT_REST, MUTATE_PLAIN, NULL, busy},
    {SIM_CLAUSE_SLOT_ILLEGAL_COUNT, MUTATE_PLAIN, NULL, illegal},
    {SIM_CLAUSE_SLOT_BAD_VTABLE, MUTATE_PLAIN, NULL, no_type},
    {SIM_CLAUSE_SLOT_UNUSED_IN_LIST, MUTATE_PLAIN, NULL, unused_in_list},
    {SIM_CLAUSE_SLOT_SHARED_IN_LIST, MUTATE_PLAIN, NULL, shared_in_list},
    {SIM_CLAUSE_SLOT_HOLE, MUTATE_PLAIN, NULL, hole},
    {SIM_CLAUSE_COUNT_HOLDERS, MUTATE_PLAIN, NULL, one_more},
    {SIM_CLAUSE_FREE_IN_USE, MUTATE_BUDDY, NULL, claim_of_a_chunk},
    {SIM_CLAUSE_LIST_LINK, MUTATE_BUDDY, NULL, link_to_nowhere},
    {SIM_CLAUSE_LIST_SYMMETRIC, MUTATE_BUDDY, NULL, wrong_way_back},
    {SIM_CLAUSE_LIST_ENDS, MUTATE_BUDDY, NULL, back_in_the_middle},
    {SIM_CLAUSE_LIST_SIZE, MUTATE_BUDDY, NULL, one_too_many},
    {SIM_CLAUSE_LIST_ID, MUTATE_BUDDY, NULL, other_id},
    {SIM_CLAUSE_LIST_UNIQUE_ID, MUTATE_BUDDY, NULL, same_id_twice},
    {SIM_CLAUSE_LIST_MEMBER, MUTATE_BUDDY, NULL, no_chunk},
    {SIM_CLAUSE_LIST_LOST, MUTATE_BUDDY, NULL, claims_to_be_inside},
    {SIM_CLAUSE_LIST_UNDRAWN, MUTATE_BUDDY, NULL, has_undrawn_id},
    {SIM_CLAUSE_CHUNK_ALIGNED, MUTATE_BUDDY, NULL, between_two},
    {SIM_CLAUSE_CHUNK_MEMORY, MUTATE_BUDDY, NULL, in_the_image},
    {SIM_CLAUSE_CHUNK_DISJOINT, MUTATE_BUDDY, NULL, inside_another},
    {SIM_CLAUSE_CHUNK_ORDER, MUTATE_BUDDY, NULL, other_order},
    {SIM_CLAUSE_POOL_SIZE, MUTATE_BUDDY, NULL, larger_pool},
    {SIM_CLAUSE_POOL_PUBLISHED, MUTATE_BUDDY, NULL, published_otherwise},
    {SIM_CLAUSE_CACHE_COUNT, MUTATE_BUDDY, NULL, full_cache},
    {SIM_CLAUSE_CACHE_RUN, MUTATE_BUDDY, NULL, unaligned_run},
    {SIM_CLAUSE_CACHE_DISJOINT, MUTATE_BUDDY, NULL, same_run_twice},
    {SIM_CLAUSE_BITMAP_MEMORY, MUTATE_BITMAP, NULL, end_is_free},
    {SIM_CLAUSE_BITMAP_HINT, MUTATE_BITMAP, NULL, hint_too_high},
    {SIM_CLAUSE_FREE_BYTES, MUTATE_BUDDY, NULL, lost_bytes},
    {SIM_CLAUSE_LOCK_HELD, MUTATE_BUDDY, NULL, held_lock},
    {0},
};
