/* SPDX-License-Identifier: MPL-2.0 */
/*
 * FrameAllocOptions: frames and segments from the frame allocator, with metadata.
 *
 * The allocator (fm/alloc.h) only knows addresses.  Here an address becomes a handle: first
 * its metadata is claimed, then its bytes are zeroed, unless the options say otherwise.
 *
 * Nothing is half done: a failure leaves every frame in use, all bytes and what is free as
 * they were.  An allocator that hands out a frame which somebody claimed by address ends the
 * machine, as in the kernel.  Any CPU, any time.
 */
#ifndef FM_FRAME_ALLOC_H
#define FM_FRAME_ALLOC_H

#include <fm/frame.h>
#include <fm/segment.h>

enum fm_alloc_error {
  FM_ALLOC_OK,
  FM_ALLOC_NO_MEMORY,    /* no run of free frames is large enough */
  FM_ALLOC_INVALID_ARGS, /* a segment of 0 frames */
};

/* All zero is the default: anonymous frames, zeroed. */
struct fm_alloc_options {
  fm_meta_id type;
  const void *meta;        /* of every frame; NULL: zeros */
  fm_segment_meta meta_of; /* instead of `meta`, for each frame, if the type has any; or NULL */
  void *meta_data;         /* what `meta_of` gets */
  bool dirty;              /* leave the bytes as the last owner left them */
};

#ifdef __cplusplus
extern "C" {
#endif

/* "Ok", "NoMemory", "InvalidArgs": the kernel's names. */
const char *fm_alloc_error_name(enum fm_alloc_error error);

/* One frame.  NoMemory. */
FM_MUST_USE enum fm_alloc_error fm_frame_alloc(struct fm_kernel *kernel,
                                               const struct fm_alloc_options *options,
                                               struct fm_frame *ret);

/* `frames` frames in one piece.  InvalidArgs if there are none of them, NoMemory also if
 * their bytes pass 2^64. */
FM_MUST_USE enum fm_alloc_error fm_segment_alloc(struct fm_kernel *kernel,
                                                 const struct fm_alloc_options *options,
                                                 uint64_t frames, struct fm_segment *ret);

#ifdef __cplusplus
}
#endif

#endif
