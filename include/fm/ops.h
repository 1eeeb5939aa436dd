/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The table of operations: the only way in which the machine makes the kernel side act.
 * (What only looks, such as fm_slot_view(), has no hooks and is called directly.)
 *
 * The same sources are compiled twice.  fm_ops_native has no hooks; fm_ops_instrumented
 * hands every shared access to the machine.  Both work on the same RAM, so a machine may
 * change from one to the other between two operations.
 *
 * Each entry is the function of that name, with fm_ before it (fm_slot_ for claim, get and
 * try_get), and is documented in the header that has it.
 */
#ifndef FM_OPS_H
#define FM_OPS_H

#include <fm/alloc.h>
#include <fm/boot.h>
#include <fm/check.h>
#include <fm/cursor.h>
#include <fm/frame.h>
#include <fm/frame_alloc.h>
#include <fm/io.h>
#include <fm/kernel.h>
#include <fm/meta.h>
#include <fm/region.h>
#include <fm/segment.h>
#include <fm/slot.h>
#include <fm/space.h>
#include <fm/unique.h>
#include <fm/untyped.h>

struct fm_ops {
  const char *build; /* "native" or "instrumented" */

  /* Boot. */
  enum fm_region_status (*regions_normalise)(const struct fm_region *regions, size_t count,
                                             struct fm_regions *ret);
  enum fm_boot_status (*boot_plan)(const struct fm_regions *regions,
                                   const struct fm_boot_options *options, struct fm_boot_plan *ret);
  uint32_t (*boot_write_vtables)(struct fm_vtable *records);
  void (*boot_write_tables)(uint64_t (*tables)[FM_PT_ENTRIES], fm_paddr image);
  enum fm_boot_status (*boot)(fm_paddr image, enum fm_boot_stage until, struct fm_kernel **ret);
  void (*boot_cpu)(struct fm_kernel *kernel);
  bool (*chunk_reach)(const struct fm_kernel *kernel, fm_paddr frame);
  enum fm_meta_status (*meta_register)(struct fm_kernel *kernel, const struct fm_meta_type *type,
                                       uint32_t *ret_number);

  /* Slots and handles. */
  enum fm_get_error (*claim)(const struct fm_kernel *kernel, fm_paddr paddr, fm_meta_id type,
                             const void *meta, bool unique, struct fm_slot **ret);
  enum fm_get_error (*get)(const struct fm_kernel *kernel, fm_paddr paddr, struct fm_slot **ret);
  enum fm_get_error (*try_get)(struct fm_slot *slot);
  struct fm_frame (*frame_clone)(struct fm_frame frame);
  void (*frame_drop)(struct fm_kernel *kernel, struct fm_frame frame);
  fm_paddr (*frame_into_raw)(struct fm_frame frame);
  struct fm_frame (*frame_from_raw)(fm_paddr paddr);
  uint64_t (*frame_count)(struct fm_frame frame);
  bool (*unique_from_frame)(struct fm_frame frame, struct fm_unique *ret);
  struct fm_frame (*unique_share)(struct fm_unique unique);
  void (*unique_repurpose)(struct fm_kernel *kernel, struct fm_unique unique, fm_meta_id type,
                           const void *meta);
  void (*unique_reset)(struct fm_kernel *kernel, struct fm_unique unique);
  void (*unique_drop)(struct fm_kernel *kernel, struct fm_unique unique);
  fm_paddr (*unique_into_raw)(struct fm_unique unique);
  struct fm_unique (*unique_from_raw)(fm_paddr paddr);

  uint32_t (*frame_read_meta)(struct fm_frame frame, void *to);
  void (*unique_write_meta)(struct fm_unique unique, const void *from, uint32_t size);
  bool (*frame_has_type)(const struct fm_kernel *kernel, struct fm_frame frame, uint32_t number);
  bool (*frame_untyped)(struct fm_frame frame, struct fm_untyped *ret);
  struct fm_frame (*frame_ref_clone)(struct fm_frame_ref ref);

  /* Segments. */
  enum fm_get_error (*segment_from_unused)(struct fm_kernel *kernel, struct fm_range range,
                                           fm_meta_id type, fm_segment_meta meta, void *meta_data,
                                           struct fm_segment *ret);
  struct fm_segment (*segment_clone)(struct fm_segment segment);
  void (*segment_drop)(struct fm_kernel *kernel, struct fm_segment segment);
  bool (*segment_slice)(struct fm_segment segment, uint64_t start, uint64_t end,
                        struct fm_segment *ret);
  bool (*segment_split)(struct fm_segment segment, uint64_t offset, struct fm_segment *ret_first,
                        struct fm_segment *ret_second);
  bool (*segment_next)(struct fm_segment *segment, struct fm_frame *ret);
  bool (*segment_has_type)(const struct fm_kernel *kernel, struct fm_segment segment,
                           uint32_t number);
  bool (*segment_untyped)(struct fm_segment segment, struct fm_untyped_segment *ret);

  /* Lists and cursors. */
  void (*list_push_front)(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame);
  void (*list_push_back)(struct fm_kernel *kernel, struct fm_list *list, struct fm_unique frame);
  bool (*list_pop_front)(struct fm_list *list, struct fm_unique *ret);
  bool (*list_pop_back)(struct fm_list *list, struct fm_unique *ret);
  bool (*list_contains)(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr);
  void (*list_drop)(struct fm_kernel *kernel, struct fm_list *list);
  struct fm_cursor (*cursor_front)(struct fm_list *list);
  struct fm_cursor (*cursor_back)(struct fm_list *list);
  bool (*cursor_at)(struct fm_kernel *kernel, struct fm_list *list, fm_paddr paddr,
                    struct fm_cursor *ret);
  void (*cursor_next)(struct fm_cursor *cursor);
  void (*cursor_prev)(struct fm_cursor *cursor);
  bool (*cursor_take)(struct fm_cursor *cursor, struct fm_unique *ret);
  void (*cursor_insert_before)(struct fm_kernel *kernel, struct fm_cursor *cursor,
                               struct fm_unique frame);

  /* Bytes. */
  bool (*reader_read)(struct fm_reader *reader, void *to, uint64_t count, uint64_t item);
  bool (*writer_write)(struct fm_writer *writer, const void *from, uint64_t count, uint64_t item);
  bool (*writer_fill)(struct fm_writer *writer, const void *value, uint64_t count, uint64_t item);
  uint64_t (*io_copy)(struct fm_reader *reader, struct fm_writer *writer);

  /* Page tables. */
  enum fm_pt_error (*space_new)(struct fm_kernel *kernel, struct fm_space *ret);
  enum fm_pt_error (*space_new_kernel)(struct fm_kernel *kernel, struct fm_space *ret);
  void (*space_drop)(struct fm_kernel *kernel, struct fm_space space);
  void (*space_activate)(struct fm_kernel *kernel, struct fm_space space);
  void (*space_deactivate)(struct fm_kernel *kernel);
  enum fm_pt_error (*pt_lock)(struct fm_kernel *kernel, struct fm_space space, uint64_t start,
                              uint64_t end, struct fm_pt_cursor *ret);
  void (*pt_unlock)(struct fm_pt_cursor *cursor);
  void (*pt_move)(struct fm_pt_cursor *cursor, uint64_t va);
  void (*pt_query)(struct fm_pt_cursor *cursor, struct fm_pt_item *ret);
  enum fm_pt_error (*pt_map)(struct fm_pt_cursor *cursor, fm_paddr paddr, uint32_t level,
                             struct fm_page_prop prop, bool tracked, struct fm_pt_item *old);
  enum fm_pt_error (*pt_take)(struct fm_pt_cursor *cursor, uint64_t end, struct fm_pt_item *ret);
  void (*pt_drop_taken)(struct fm_kernel *kernel, const struct fm_pt_item *item);
  enum fm_pt_error (*pt_protect)(struct fm_pt_cursor *cursor, uint64_t end, uint32_t clear,
                                 uint32_t set, struct fm_pt_item *ret);
  bool (*pt_merge)(struct fm_pt_cursor *cursor, uint32_t level, struct fm_pt_item *ret);

  /* Allocator. */
  enum fm_alloc_error (*frame_alloc)(struct fm_kernel *kernel,
                                     const struct fm_alloc_options *options, struct fm_frame *ret);
  enum fm_alloc_error (*segment_alloc)(struct fm_kernel *kernel,
                                       const struct fm_alloc_options *options, uint64_t frames,
                                       struct fm_segment *ret);
  bool (*alloc)(struct fm_kernel *kernel, uint64_t size, uint64_t align, fm_paddr *ret);
  void (*dealloc)(struct fm_kernel *kernel, fm_paddr start, uint64_t size);
  bool (*is_free)(const struct fm_kernel *kernel, fm_paddr frame);
  uint64_t (*free_bytes)(const struct fm_kernel *kernel);
};

#ifdef __cplusplus
extern "C" {
#endif

extern const struct fm_ops fm_ops_native;
extern const struct fm_ops fm_ops_instrumented;

#ifdef __cplusplus
}
#endif

#endif
