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
    .boot = fm_boot,
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

    .frame_alloc = fm_frame_alloc,
    .alloc = fm_alloc,
    .dealloc = fm_dealloc,
    .is_free = fm_is_free,
    .free_bytes = fm_free_bytes,
};
