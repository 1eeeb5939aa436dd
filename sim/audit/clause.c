/* SPDX-License-Identifier: MPL-2.0 */
/* The names and the sentences of the clauses; those of single slots are in src/check.c. */
#include <inttypes.h>

#include "sim/audit/audit.h"

static const struct {
  const char *name;
  const char *text;
} clauses[SIM_AUDIT_CLAUSES] = {
    [SIM_AUDIT_SLOT_HOLE] = {"slot.hole", "the file has a hole where these slots should be"},
    [SIM_AUDIT_FREE_IN_USE] = {"free.in_use", "the allocator holds a frame as free that is in use"},
    [SIM_AUDIT_COUNT_HOLDERS] = {"count.holders",
                                 "the count is not the number of those who hold the frame"},
    [SIM_AUDIT_LIST_LINK] = {"list.link", "a link or an end of a list leads to no slot"},
    [SIM_AUDIT_LIST_SYMMETRIC] = {"list.symmetric",
                                  "a frame of a list does not link back to where the list came "
                                  "from"},
    [SIM_AUDIT_LIST_ENDS] = {"list.ends", "a list does not end at its last frame"},
    [SIM_AUDIT_LIST_SIZE] = {"list.size", "a list's size is not the number of its frames"},
    [SIM_AUDIT_LIST_ID] = {"list.id", "in_list is not the id of the list that the frame is in"},
    [SIM_AUDIT_LIST_UNIQUE_ID] = {"list.unique_id",
                                  "a list has no id although it has frames, an id that was "
                                  "never drawn, or that of another list"},
    [SIM_AUDIT_LIST_MEMBER] = {"list.member", "a free list holds a frame that heads no free chunk"},
    [SIM_AUDIT_LIST_LOST] = {"list.lost", "in_list names a list that does not lead to the frame"},
    [SIM_AUDIT_LIST_UNDRAWN] = {"list.undrawn", "in_list is an id that was never drawn"},
    [SIM_AUDIT_CHUNK_ALIGNED] = {"chunk.aligned", "a free chunk is not aligned to its size"},
    [SIM_AUDIT_CHUNK_MEMORY] = {"chunk.memory", "a free chunk reaches out of usable memory"},
    [SIM_AUDIT_CHUNK_DISJOINT] = {"chunk.disjoint", "two free chunks overlap"},
    [SIM_AUDIT_CHUNK_ORDER] = {"chunk.order",
                               "a free chunk's head has another order than its list"},
    [SIM_AUDIT_POOL_SIZE] = {"pool.size", "a pool's size is not the sum of its chunks"},
    [SIM_AUDIT_POOL_PUBLISHED] = {"pool.published",
                                  "the published size of the global pool is not its size"},
    [SIM_AUDIT_CACHE_COUNT] = {"cache.count", "a cache holds more runs than it has room for"},
    [SIM_AUDIT_CACHE_RUN] = {"cache.run", "a cached run is unaligned or outside of usable memory"},
    [SIM_AUDIT_CACHE_DISJOINT] = {"cache.disjoint",
                                  "a cached run overlaps another one or a free chunk"},
    [SIM_AUDIT_BITMAP_MEMORY] = {"bitmap.memory",
                                 "the bitmap holds what is no usable memory as free"},
    [SIM_AUDIT_BITMAP_HINT] = {"bitmap.hint", "a frame below the bitmap's hint is free"},
    [SIM_AUDIT_FREE_BYTES] = {"free.bytes",
                              "the free bytes are not those that the allocator holds"},
    [SIM_AUDIT_LOCK_HELD] = {"lock.held", "a lock is held although no operation is under way"},
    [SIM_AUDIT_TREE_NODE] = {"tree.node", "what should be a page table is none"},
    [SIM_AUDIT_TREE_LEVEL] = {"tree.level", "a page table has another level than its place"},
    [SIM_AUDIT_TREE_KIND] = {"tree.kind",
                             "a user's page table is in the kernel's tree, or the other way round"},
    [SIM_AUDIT_TREE_CHILDREN] = {"tree.children", "nr_children is not the number of valid entries"},
    [SIM_AUDIT_TREE_SHARED] = {"tree.shared", "a page table is reached by two entries"},
    [SIM_AUDIT_TREE_STRAY] = {"tree.stray", "a page table in a tree is marked as stray"},
    [SIM_AUDIT_TREE_LOCKED] = {"tree.locked",
                               "a page table is locked although no operation is under way"},
    [SIM_AUDIT_TREE_HALF] = {"tree.half", "the kernel's root has an entry in the user half"},
    [SIM_AUDIT_TREE_UPPER] = {"tree.upper",
                              "a user root's upper half is not that of the kernel's root"},
    [SIM_AUDIT_TREE_COUNT] = {"tree.count",
                              "a page table has fewer references than entries and CR3s lead to it"},
    [SIM_AUDIT_LEAF_PLACE] = {"leaf.place",
                              "a page is unaligned, outside of memory, or too high in its tree"},
    [SIM_AUDIT_LEAF_IN_USE] = {"leaf.in_use", "a tracked page maps a frame that nobody holds"},
    [SIM_AUDIT_LEAF_ADDRESS] = {"leaf.address",
                                "the kernel's view of memory, slots or image leads elsewhere"},
    [SIM_AUDIT_MAP_COMPLETE] = {"map.complete",
                                "the kernel's view of memory, slots or image has gaps"},
};

const char *sim_audit_clause_name(enum sim_audit_clause clause)
{
  if ((unsigned)clause < FM_SLOT_FAULTS)
    return fm_slot_fault_name((enum fm_slot_fault)clause);
  return clauses[clause].name;
}

const char *sim_audit_clause_text(enum sim_audit_clause clause)
{
  if ((unsigned)clause < FM_SLOT_FAULTS)
    return fm_slot_fault_text((enum fm_slot_fault)clause);
  return clauses[clause].text;
}

char *sim_audit_figures(const struct sim_audit_fault *fault)
{
  if (fault->of_slot)
    return g_strdup_printf("ref_count 0x%" PRIx64, fault->count);
  return g_strdup_printf("%s%sfound 0x%" PRIx64 ", expected 0x%" PRIx64, fault->place,
                         fault->place[0] != '\0' ? "; " : "", fault->count, fault->expected);
}
