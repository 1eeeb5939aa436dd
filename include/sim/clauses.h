/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one list of clauses: every rule that a machine and its operations have to keep.
 *
 * X(identifier, id, source, operations, what is wrong when it is broken, mutation)
 *
 *   id          stable; what findings, `framesim contract` and docs/contract.md say
 *   source      the function or invariant of the verified module that it is from, or "ours"
 *   operations  where it is looked at; "audit": at a quiet moment, over the whole machine
 *   mutation    the damage or the wrong operation that this clause is the first to report;
 *               sim/contract/ does it, and the tests run all of them
 *
 * Clauses of the state come first: their numbers are those of enum sim_audit_clause, and the
 * first ones those of enum fm_slot_fault.
 */
#ifndef SIM_CLAUSES_H
#define SIM_CLAUSES_H

/* Of a row, X with its arguments. */
enum { SIM_CLAUSE_COLUMNS = 6 };

/* One slot. */
#define SIM_CLAUSES_SLOT(X)                                                                        \
  X(SLOT_BUSY_AT_REST, "slot.busy_at_rest", "slot invariant, 0", "audit",                          \
    "the count is 0 (busy) although no operation is under way", "store 0 into a count")            \
  X(SLOT_ILLEGAL_COUNT, "slot.illegal_count", "slot invariant, MAX+1..UNIQUE-1", "audit",          \
    "the count is above the largest legal one", "store MAX+1 into a count")                        \
  X(SLOT_BAD_VTABLE, "slot.bad_vtable", "slot invariant, 1..MAX and UNIQUE", "audit",              \
    "the frame is in use but its vtable_ptr names no type", "store 1 into a vtable_ptr")           \
  X(SLOT_UNUSED_IN_LIST, "slot.unused_in_list", "slot invariant, UNUSED", "audit",                 \
    "the frame is unused but in_list is set", "mark an unused slot as in a list")                  \
  X(SLOT_SHARED_IN_LIST, "slot.shared_in_list", "slot invariant, 1..MAX", "audit",                 \
    "the frame is shared but in_list is set", "mark a shared slot as in a list")

/* All slots, who holds them, lists, allocators. */
#define SIM_CLAUSES_REGION(X)                                                                      \
  X(SLOT_HOLE, "slot.hole", "region invariant: exactly the slots 0..n exist", "audit",             \
    "the file has a hole where these slots should be", "punch a page out of the slots")            \
  X(FREE_IN_USE, "free.in_use", "ours", "audit",                                                   \
    "the allocator holds a frame as free that is in use", "claim a frame of a free chunk")         \
  X(COUNT_HOLDERS, "count.holders", "region invariant; inc_ref_count", "audit, every step (full)", \
    "the count is not the number of those who hold the frame", "add 1 to a count")                 \
  X(LIST_LINK, "list.link", "ours", "audit", "a link or an end of a list leads to no slot",        \
    "a link leads to an address that is no slot")                                                  \
  X(LIST_SYMMETRIC, "list.symmetric", "ours", "audit",                                             \
    "a frame of a list does not link back to where the list came from",                            \
    "a link back leads to another frame of the list")                                              \
  X(LIST_ENDS, "list.ends", "ours", "audit", "a list does not end at its last frame",              \
    "a list's back is a frame in its middle")                                                      \
  X(LIST_SIZE, "list.size", "ours", "audit", "a list's size is not the number of its frames",      \
    "add 1 to a list's size")                                                                      \
  X(LIST_ID, "list.id", "ours", "audit", "in_list is not the id of the list that the frame is in", \
    "store 12345 into in_list")                                                                    \
  X(LIST_UNIQUE_ID, "list.unique_id", "ours", "audit",                                             \
    "a list has no id although it has frames, an id that was never drawn, or that of another "     \
    "list",                                                                                        \
    "two lists get the same id")                                                                   \
  X(LIST_MEMBER, "list.member", "ours", "audit",                                                   \
    "a free list holds a frame that heads no free chunk", "change the type of a chunk's head")     \
  X(LIST_LOST, "list.lost", "ours", "audit",                                                       \
    "in_list names a list that does not lead to the frame", "a frame claims to be in a list")      \
  X(LIST_UNDRAWN, "list.undrawn", "ours", "audit", "in_list is an id that was never drawn",        \
    "a frame has the id of the next list")                                                         \
  X(CHUNK_ALIGNED, "chunk.aligned", "ours", "audit", "a free chunk is not aligned to its size",    \
    "put a chunk of two frames at an odd frame into a pool")                                       \
  X(CHUNK_MEMORY, "chunk.memory", "ours", "audit", "a free chunk reaches out of usable memory",    \
    "put a chunk inside the kernel image into a pool")                                             \
  X(CHUNK_DISJOINT, "chunk.disjoint", "ours", "audit", "two free chunks overlap",                  \
    "put a chunk inside of another one into a pool")                                               \
  X(CHUNK_ORDER, "chunk.order", "ours", "audit",                                                   \
    "a free chunk's head has another order than its list", "change the order in a head")           \
  X(POOL_SIZE, "pool.size", "ours", "audit", "a pool's size is not the sum of its chunks",         \
    "add a page to a pool's size")                                                                 \
  X(POOL_PUBLISHED, "pool.published", "ours", "audit",                                             \
    "the published size of the global pool is not its size", "take a page off that size")          \
  X(CACHE_COUNT, "cache.count", "ours", "audit", "a cache holds more runs than it has room for",   \
    "a cache counts 2^64-1 runs")                                                                  \
  X(CACHE_RUN, "cache.run", "ours", "audit",                                                       \
    "a cached run is unaligned or outside of usable memory", "add 1 to the address of a run")      \
  X(CACHE_DISJOINT, "cache.disjoint", "ours", "audit",                                             \
    "a cached run overlaps another one or a free chunk", "a cache holds a run twice")              \
  X(BITMAP_MEMORY, "bitmap.memory", "ours", "audit",                                               \
    "the bitmap holds what is no usable memory as free", "set the bit of a frame behind the end")  \
  X(BITMAP_HINT, "bitmap.hint", "ours", "audit", "a frame below the bitmap's hint is free",        \
    "move the hint up by a word that has free bits")                                               \
  X(FREE_BYTES, "free.bytes", "ours", "audit",                                                     \
    "the free bytes are not those that the allocator holds", "take a page off a CPU's count")      \
  X(LOCK_HELD, "lock.held", "ours", "audit", "a lock is held although no operation is under way",  \
    "take the allocator's lock for ever")

/* Page tables. */
#define SIM_CLAUSES_TREE(X)                                                                        \
  X(TREE_NODE, "tree.node", "ours", "audit", "what should be a page table is none",                \
    "an entry leads to a page as if it were a table")                                              \
  X(TREE_LEVEL, "tree.level", "ours", "audit", "a page table has another level than its place",    \
    "change the level of a node")                                                                  \
  X(TREE_KIND, "tree.kind", "ours", "audit",                                                       \
    "a user's page table is in the kernel's tree, or the other way round",                         \
    "mark a user's node as the kernel's")                                                          \
  X(TREE_CHILDREN, "tree.children", "ours", "audit",                                               \
    "nr_children is not the number of valid entries", "add 1 to nr_children")                      \
  X(TREE_SHARED, "tree.shared", "ours", "audit", "a page table is reached by two entries",         \
    "write the same entry twice, counts included")                                                 \
  X(TREE_STRAY, "tree.stray", "ours", "audit", "a page table in a tree is marked as stray",        \
    "mark a node as stray")                                                                        \
  X(TREE_LOCKED, "tree.locked", "ours", "audit",                                                   \
    "a page table is locked although no operation is under way", "lock a node for ever")           \
  X(TREE_HALF, "tree.half", "ours", "audit", "the kernel's root has an entry in the user half",    \
    "copy an entry of the kernel's root into its lower half")                                      \
  X(TREE_UPPER, "tree.upper", "ours", "audit",                                                     \
    "a user root's upper half is not that of the kernel's root", "change an upper entry")          \
  X(TREE_COUNT, "tree.count", "ours", "audit",                                                     \
    "a page table has fewer references than entries and CR3s lead to it",                          \
    "take 1 off the count of the kernel's root")                                                   \
  X(LEAF_PLACE, "leaf.place", "ours", "audit",                                                     \
    "a page is unaligned, outside of memory, or too high in its tree",                             \
    "add 1 GiB to the address of a page")                                                          \
  X(LEAF_IN_USE, "leaf.in_use", "slot invariant, UNUSED: no page-table path", "audit",             \
    "a tracked page maps a frame that nobody holds", "a mapped frame becomes unused")              \
  X(LEAF_ADDRESS, "leaf.address", "region invariant: each slot at its own address", "audit",       \
    "the kernel's view of memory, slots or image leads elsewhere",                                 \
    "move a page of the kernel's linear map")                                                      \
  X(MAP_COMPLETE, "map.complete", "ours", "audit",                                                 \
    "the kernel's view of memory, slots or image has gaps",                                        \
    "take a page out of the kernel's linear map")

/* Operations on one slot. */
#define SIM_CLAUSES_FRAME(X)                                                                       \
  X(ADDRESS_HAS_SLOT, "address.has_slot", "get_slot; has_safe_slot", "claim, get",                 \
    "an address that is unaligned or beyond memory has no slot, and every other one has",          \
    "claim rounds an unaligned address down")                                                      \
  X(ADDRESS_ORDER, "address.order", "get_slot", "claim, get",                                      \
    "an address that is unaligned and beyond memory answers NotAligned",                           \
    "get looks at the bound first")                                                                \
  X(FRAME_PADDR_INVERSE, "frame_paddr.inverse", "frame_to_meta; meta_to_frame; frame_paddr",       \
    "claim, get, into_raw", "the slot that was handed out is not that of the address",             \
    "claim hands out the slot of the next frame")                                                  \
  X(CLAIM_OK_FROM_UNUSED, "claim.ok.from_unused", "get_from_unused", "claim, segment",             \
    "a claim succeeded on a frame that was not unused", "claim stores without comparing")          \
  X(CLAIM_OK_COUNT, "claim.ok.count", "get_from_unused", "claim, segment",                         \
    "a claimed frame's count is not 1, or unique if that was asked for",                           \
    "claim leaves a count "                                                                        \
    "of 2")                                                                                        \
  X(CLAIM_OK_VTABLE, "claim.ok.vtable", "get_from_unused; write_meta", "claim, segment",           \
    "a claimed frame's vtable_ptr does not name the type given", "claim names the next type")      \
  X(CLAIM_OK_META, "claim.ok.meta", "get_from_unused; write_meta", "claim",                        \
    "a claimed frame's storage is not the metadata given", "claim loses the first byte")           \
  X(CLAIM_OK_IN_LIST, "claim.ok.in_list", "get_from_unused", "claim, segment",                     \
    "a claimed frame is marked as in a list", "claim writes into in_list")                         \
  X(CLAIM_ERR_ANSWER, "claim.err.answer", "get_from_unused", "claim",                              \
    "the answer of a claim is not the one for the count it found", "claim answers Busy always")    \
  X(CLAIM_ERR_UNCHANGED, "claim.err.unchanged", "get_from_unused", "claim",                        \
    "a claim that failed changed the slot", "claim adds 1 before it looks")                        \
  X(GET_OK_PLUS_ONE, "get.ok.plus_one", "get_from_in_use; its single try", "get",                  \
    "get did not add exactly 1 to the count", "get adds 2")                                        \
  X(GET_OK_WAS_SHARED, "get.ok.was_shared", "get_from_in_use; its single try", "get",              \
    "get succeeded on a frame that was not shared below the largest count",                        \
    "get takes a unique frame for shared")                                                         \
  X(GET_OK_UNTOUCHED, "get.ok.untouched", "get_from_in_use; its single try", "get",                \
    "get changed storage, vtable_ptr or in_list", "get writes into the storage")                   \
  X(GET_ERR_ANSWER, "get.err.answer", "get_from_in_use", "get",                                    \
    "the answer of get is not the one for the count it found", "get answers Busy for Unused")      \
  X(GET_ERR_UNCHANGED, "get.err.unchanged", "get_from_in_use; its single try", "get",              \
    "a get that failed changed the slot", "get adds 1 before it looks")                            \
  X(CLONE_REF_HELD, "clone.ref_held", "inc_ref_count; RefHeld", "clone",                           \
    "whoever clones the frame holds no reference to it", "clone a frame after its last drop")      \
  X(CLONE_BELOW_MAX, "clone.below_max", "inc_ref_count", "clone",                                  \
    "clone went on although the count was at the largest", "clone without the abort")              \
  X(CLONE_PLUS_ONE, "clone.plus_one", "inc_ref_count", "clone",                                    \
    "clone did not add exactly 1 to the count", "clone adds nothing")                              \
  X(CLONE_UNTOUCHED, "clone.untouched", "inc_ref_count", "clone",                                  \
    "clone changed storage, vtable_ptr or in_list", "clone writes into in_list")                   \
  X(DROP_REF_HELD, "drop.ref_held", "RefHeld", "drop, segment drop",                               \
    "whoever drops the reference does not hold it", "drop a frame twice")                          \
  X(DROP_MINUS_ONE, "drop.minus_one", "ours", "drop", "drop did not take exactly 1 off the count", \
    "drop takes 2 off")                                                                            \
  X(DROP_UNTOUCHED, "drop.untouched", "ours", "drop",                                              \
    "a drop that was not the last changed storage, vtable_ptr or in_list",                         \
    "drop clears the vtable_ptr each time")                                                        \
  X(DROP_LAST_COUNT_ZERO, "drop_last.count_zero", "drop_last_in_place; Eq(ref_count, 0)",          \
    "each access to a count", "the end of a frame found a count that was not 0",                   \
    "the last drop does not take its 1 off")                                                       \
  X(DROP_LAST_IN_LIST, "drop_last.in_list", "drop_last_in_place; drop_meta_in_place",              \
    "drop, reset", "a frame whose last reference goes is still in a list",                         \
    "drop a frame that is marked as in a list")                                                    \
  X(DROP_LAST_NO_PATH, "drop_last.no_path", "drop_last_in_place: its safety condition",            \
    "drop, reset", "a frame whose last reference goes is still mapped by a page table",            \
    "drop the reference that a page table holds")                                                  \
  X(DROP_LAST_ENDS_UNUSED, "drop_last.ends_unused", "drop_last_in_place", "drop, reset",           \
    "a frame is not unused after its last drop", "the last drop leaves the count busy")            \
  X(DROP_META_INITIALISED, "drop_meta.initialised", "drop_meta_in_place; ValDerived(write_meta)",  \
    "drop, reset, repurpose",                                                                      \
    "metadata that was never written, or was dropped already, is dropped",                         \
    "drop a frame whose count was forged")                                                         \
  X(DROP_META_ALONE, "drop_meta.alone", "drop_meta_in_place; Eq(ref_count, 0)",                    \
    "on_drop of a watched type", "on_drop runs while the count is neither 0 nor unique",           \
    "drop calls on_drop before it takes its 1 off")                                                \
  X(DROP_META_ONCE, "drop_meta.once", "drop_meta_in_place", "on_drop of a watched type",           \
    "on_drop runs twice for one use of a frame", "drop calls on_drop again")                       \
  X(OTHERS_UNCHANGED, "others.unchanged", "get_from_unused: other slots are not affected",         \
    "claim, get, clone, drop, unique, share, repurpose",                                           \
    "an operation changed the slot of another frame", "claim writes into the next slot")

/* Unique frames, types, forgotten handles, boot. */
#define SIM_CLAUSES_HANDLE(X)                                                                      \
  X(UNIQUE_SOLE, "unique.sole", "ours", "unique",                                                  \
    "a frame became unique although its count was not 1", "unique without comparing")              \
  X(UNIQUE_COUNT, "unique.count", "ours", "unique",                                                \
    "a frame that became unique has another count", "unique leaves the count as it is")            \
  X(UNIQUE_ERR_UNCHANGED, "unique.err.unchanged", "ours", "unique",                                \
    "a refused change to unique changed the slot", "unique that fails takes a reference")          \
  X(UNIQUE_EXCLUSIVE, "unique.exclusive", "MutExclusive",                                          \
    "share, repurpose, reset, drop unique, push, insert",                                          \
    "somebody acts as the only owner of a frame that is not unique", "repurpose a shared frame")   \
  X(SHARE_TO_ONE, "share.to_one", "ours", "share", "a frame that became shared has not count 1",   \
    "share stores 2")                                                                              \
  X(REPURPOSE_STAYS, "repurpose.stays_unique", "drop_meta_in_place: the count stays", "repurpose", \
    "a repurposed frame is not unique any more", "repurpose leaves the count at 1")                \
  X(WRITE_META_VTABLE, "write_meta.vtable", "write_meta", "repurpose",                             \
    "vtable_ptr does not name the type that was written", "repurpose keeps the old type")          \
  X(WRITE_META_STORAGE, "write_meta.storage", "write_meta", "repurpose",                           \
    "the storage is not the metadata that was written", "repurpose loses the first byte")          \
  X(META_DERIVED, "meta.derived", "dyn_meta_ptr; as_meta_ptr; ValDerived(write_meta)",             \
    "typed, untyped", "metadata is read that was never written, or was dropped",                   \
    "ask a frame for its type after its last drop")                                                \
  X(META_ANSWER, "meta.answer", "as_meta_ptr; dyn_meta_ptr", "typed, untyped",                     \
    "the answer is not what the vtable of the frame says", "typed answers yes always")             \
  X(USAGE_KEPT, "usage.kept", "get_from_unused: usage becomes Frame; drops keep it",               \
    "get, clone, drop", "a page table became an ordinary frame, or the other way round, in use",   \
    "change the type of a frame that is held")                                                     \
  X(INTO_RAW_REF_HELD, "into_raw.ref_held", "RefHeld", "into_raw",                                 \
    "whoever forgets the reference does not hold it", "forget the one reference twice")            \
  X(INTO_RAW_UNCHANGED, "into_raw.unchanged", "ours", "into_raw, from_raw",                        \
    "forgetting or restoring a reference changed the slot", "into_raw adds 1 to the count")        \
  X(FROM_RAW_FORGOTTEN, "from_raw.forgotten", "ledger: an obligation is redeemed once",            \
    "from_raw", "a reference is restored that was not forgotten", "restore a reference twice")     \
  X(LEDGER_CLEAN, "ledger.clean_boundary", "ledger: empty at a clean boundary",                    \
    "the end of a script", "a reference is neither dropped nor forgotten at the end",              \
    "claim a frame and end")                                                                       \
  X(BOOT_ONCE, "boot.once", "init; CallOnce(system)", "boot",                                      \
    "a step of the boot runs a second time", "boot a kernel whose stage was set back")             \
  X(BOOT_CONTEXT, "boot.context", "init; Context(BSP has booted, APs have not)", "boot",           \
    "the slots are made by another CPU than the first, or after others have started",              \
    "boot as CPU 1")

/* Segments and lists. */
#define SIM_CLAUSES_GROUP(X)                                                                       \
  X(SEGMENT_ERR_UNCHANGED, "segment.err.unchanged", "ours", "segment",                             \
    "a segment that could not be made left a slot or the free bytes changed",                      \
    "the failing claim keeps the first frame")                                                     \
  X(SEGMENT_CLONE, "segment.each_plus_one", "ours", "segment clone, slice",                        \
    "a copy of a segment did not add 1 to each of its frames, and to no other",                    \
    "clone leaves out the last frame")                                                             \
  X(SEGMENT_INSIDE, "segment.inside", "ours", "slice, split, next",                                \
    "a part of a segment is not the part that was asked for", "split one page too far")            \
  X(SEGMENT_UNCHANGED, "segment.unchanged", "ours", "split, next",                                 \
    "taking a segment apart changed a count", "split takes references")                            \
  X(SEGMENT_DROP, "segment.each_minus_one", "ours", "segment drop",                                \
    "a drop of a segment did not take 1 off each of its frames", "drop leaves out the last frame") \
  X(PUSH_LINKED, "push.linked", "ours", "push, insert",                                            \
    "a frame that was put into a list has not the id of the list", "push does not mark the frame") \
  X(PUSH_SIZE, "push.size", "ours", "push, insert, pop, take",                                     \
    "a list's size did not change by exactly one", "push does not count")                          \
  X(PUSH_FREE, "push.in_no_list", "ours", "push, insert",                                          \
    "a frame that is put into a list is in one already", "push a frame twice")                     \
  X(POP_UNLINKED, "pop.unlinked", "ours", "pop, take",                                             \
    "a frame that was taken out of a list still is marked", "pop leaves in_list")                  \
  X(POP_UNIQUE, "pop.unique", "ours", "pop, take",                                                 \
    "a frame that was taken out of a list is not unique", "pop leaves a count of 1")               \
  X(CONTAINS_ANSWER, "contains.answer", "ours", "contains, cursor at",                             \
    "the answer is not what in_list says", "contains answers yes always")                          \
  X(LIST_DROP_ALL, "list_drop.all", "ours", "list drop", "a dropped list is not empty",            \
    "drop leaves the last frame in the list")

/* Page tables and allocators. */
#define SIM_CLAUSES_TABLE(X)                                                                       \
  X(SPACE_ROOT, "space.root", "ours", "process",                                                   \
    "a new space's root is no page table of the highest level with one reference",                 \
    "space_new leaves a count of 2")                                                               \
  X(MAP_REF_HELD, "map.ref_held", "RefHeld", "map",                                                \
    "a page table is given a reference that nobody holds", "map a frame that nobody holds")        \
  X(MAP_PRESENT, "map.present", "ours", "map", "what was mapped is not at its address",            \
    "map forgets the entry")                                                                       \
  X(MAP_KEEPS_COUNT, "map.keeps_count", "ours", "map",                                             \
    "mapping a frame changed its count: the reference moves, it is not copied",                    \
    "map takes a reference of its own")                                                            \
  X(MAP_ERR_UNCHANGED, "map.err.unchanged", "ours", "map",                                         \
    "a map that failed changed what is at the address", "map clears the entry and answers Mapped") \
  X(TAKE_ABSENT, "take.absent", "ours", "unmap", "what was taken out is still at its address",     \
    "take leaves the entry")                                                                       \
  X(TAKE_KEEPS_COUNT, "take.keeps_count", "ours", "unmap",                                         \
    "taking a page out changed the frame's count before it was dropped", "take drops the frame")   \
  X(PROTECT_FRAME, "protect.same_frame", "ours", "protect",                                        \
    "a change of rights changed which frame is mapped", "protect moves the entry by a page")       \
  X(TAKEN_MINUS_ONE, "drop_taken.minus_one", "ours", "unmap",                                      \
    "dropping what was taken out did not take 1 off the frame's count",                            \
    "drop_taken forgets the frame")                                                                \
  X(ALLOC_NOT_HELD, "alloc.not_held", "ours", "alloc",                                             \
    "the allocator handed out a frame that somebody holds",                                        \
    "alloc hands out the last frame again")                                                        \
  X(ALLOC_ALIGNED, "alloc.aligned", "ours", "alloc",                                               \
    "the run that was handed out is unaligned or reaches out of memory",                           \
    "alloc ignores the "                                                                           \
    "alignment")                                                                                   \
  X(ALLOC_OK_COUNT, "alloc.ok.count", "ours", "alloc",                                             \
    "a frame that was handed out has not count 1", "alloc leaves a count of 2")                    \
  X(ALLOC_OK_TYPE, "alloc.ok.type", "ours", "alloc",                                               \
    "a frame that was handed out has another type than was asked for", "alloc gives typed frames") \
  X(ALLOC_ZEROED, "alloc.zeroed", "ours", "alloc",                                                 \
    "a frame that should be zeroed has a byte that is not 0", "alloc writes into the frame")       \
  X(ALLOC_BYTES, "alloc.free_bytes", "ours", "alloc, free",                                        \
    "the free bytes did not change by what was handed out or given back", "alloc counts twice")    \
  X(ALLOC_ERR_UNCHANGED, "alloc.err.unchanged", "ours", "alloc",                                   \
    "an allocation that failed changed the free bytes", "a failing alloc keeps a page")            \
  X(DEALLOC_NOT_HELD, "dealloc.not_held", "ours", "free",                                          \
    "a frame is given back to the allocator while somebody holds it",                              \
    "give a frame back that is in use")

/* In the order of their numbers: what the audit looks at, then what operations have to keep. */
#define SIM_CLAUSES_AUDIT(X) SIM_CLAUSES_REGION(X) SIM_CLAUSES_TREE(X)
#define SIM_CLAUSES_OPERATIONS(X)                                                                  \
  SIM_CLAUSES_FRAME(X) SIM_CLAUSES_HANDLE(X) SIM_CLAUSES_GROUP(X) SIM_CLAUSES_TABLE(X)

#endif
