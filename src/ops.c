/* SPDX-License-Identifier: MPL-2.0 */
/* The table of operations of this build. */
#include <fm/ops.h>

#ifdef FM_INSTRUMENTED
#define FM_OPS_NAME  fm_ops_instrumented
#define FM_OPS_BUILD "instrumented"
#else
#define FM_OPS_NAME  fm_ops_native
#define FM_OPS_BUILD "native"
#endif

const struct fm_ops FM_OPS_NAME = {
    .build = FM_OPS_BUILD,

    .regions_normalise = fm_regions_normalise,
    .boot_plan = fm_boot_plan,
    .boot_write_vtables = fm_boot_write_vtables,
    .boot_write_tables = fm_bootpt_write,
    .boot = fm_boot,
    .boot_cpu = fm_boot_cpu,
    .chunk_reach = fm_chunk_reach,
    .meta_register = fm_meta_register,

    .claim = fm_slot_claim,
    .get = fm_slot_get,
    .try_get = fm_slot_try_get,
    .frame_clone = fm_frame_clone,
    .frame_drop = fm_frame_drop,
    .frame_into_raw = fm_frame_into_raw,
    .frame_from_raw = fm_frame_from_raw,
    .frame_count = fm_frame_count,
    .unique_from_frame = fm_unique_from_frame,
    .unique_share = fm_unique_share,
    .unique_repurpose = fm_unique_repurpose,
    .unique_reset = fm_unique_reset,
    .unique_drop = fm_unique_drop,
    .unique_into_raw = fm_unique_into_raw,
    .unique_from_raw = fm_unique_from_raw,
    .frame_read_meta = fm_frame_read_meta,
    .unique_write_meta = fm_unique_write_meta,
    .frame_has_type = fm_frame_has_type,
    .frame_untyped = fm_frame_untyped,
    .frame_ref_clone = fm_frame_ref_clone,

    .segment_from_unused = fm_segment_from_unused,
    .segment_clone = fm_segment_clone,
    .segment_drop = fm_segment_drop,
    .segment_slice = fm_segment_slice,
    .segment_split = fm_segment_split,
    .segment_next = fm_segment_next,
    .segment_has_type = fm_segment_has_type,
    .segment_untyped = fm_segment_untyped,

    .list_push_front = fm_list_push_front,
    .list_push_back = fm_list_push_back,
    .list_pop_front = fm_list_pop_front,
    .list_pop_back = fm_list_pop_back,
    .list_contains = fm_list_contains,
    .list_drop = fm_list_drop,
    .cursor_front = fm_cursor_front,
    .cursor_back = fm_cursor_back,
    .cursor_at = fm_cursor_at,
    .cursor_next = fm_cursor_next,
    .cursor_prev = fm_cursor_prev,
    .cursor_take = fm_cursor_take,
    .cursor_insert_before = fm_cursor_insert_before,

    .reader_read = fm_reader_read,
    .writer_write = fm_writer_write,
    .writer_fill = fm_writer_fill,
    .io_copy = fm_io_copy,

    .space_new = fm_space_new,
    .space_new_kernel = fm_space_new_kernel,
    .space_drop = fm_space_drop,
    .space_activate = fm_space_activate,
    .space_deactivate = fm_space_deactivate,
    .pt_lock = fm_pt_lock,
    .pt_unlock = fm_pt_unlock,
    .pt_move = fm_pt_move,
    .pt_query = fm_pt_query,
    .pt_map = fm_pt_map,
    .pt_take = fm_pt_take,
    .pt_drop_taken = fm_pt_drop_taken,
    .pt_protect = fm_pt_protect,
    .pt_merge = fm_pt_merge,

    .frame_alloc = fm_frame_alloc,
    .segment_alloc = fm_segment_alloc,
    .alloc = fm_alloc,
    .dealloc = fm_dealloc,
    .is_free = fm_is_free,
    .free_bytes = fm_free_bytes,
};
