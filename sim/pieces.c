/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/pieces.h"

#define PIECE_FRAMES 512u /* in 2 MiB */

/* Frames that are nobody's: unused, or the first one of a free chunk of the allocator buddy. */
static bool is_free(const struct fm_slot_view *view)
{
  return view->state == FM_STATE_UNUSED ||
         (view->state == FM_STATE_UNIQUE && view->in_list != 0 && view->vtable != NULL &&
          view->vtable->number == FM_META_FREE_HEAD);
}

struct sim_pieces sim_pieces_count(const sim_machine *machine)
{
  const struct fm_kernel *kernel = sim_machine_kernel(machine);
  struct sim_pieces pieces = {0, 0};
  uint64_t frames = 0;
  uint64_t here = 0;

  for (uint64_t frame = 0; frame < kernel->nr_frames; frame++) {
    struct fm_slot_view view;
    fm_slot_view(kernel, fm_slot_at(fm_paddr_of(frame * FM_PAGE_SIZE)), &view);
    here = (frame % PIECE_FRAMES == 0 ? 0 : here) + (is_free(&view) ? 1 : 0);
    frames += is_free(&view) ? 1 : 0;
    pieces.free += here == PIECE_FRAMES ? 1 : 0;
  }
  pieces.possible = frames / PIECE_FRAMES;
  return pieces;
}

double sim_pieces_score(struct sim_pieces pieces)
{
  return pieces.possible == 0 ? 1 : (double)pieces.free / (double)pieces.possible;
}
