/* SPDX-License-Identifier: MPL-2.0 */
/* The 64 bytes of a slot. */
#include <inttypes.h>
#include <string.h>

#include "sim/draw/draw.h"
#include "sim/draw/states.h"
#include "sim/error.h"

#define BYTE_W  64
#define BYTE_H  42
#define BYTES_X 176
#define BIT_W   18
#define BITS_X  64

struct field {
  const char *name;
  guint first; /* byte */
  guint bytes;
  struct sim_look look;
};

static const struct field fields[] = {
    {"storage", 0, 40, {.fill = SIM_INK_PALE, .stroke = SIM_INK_FAINT}},
    {"ref_count", 40, 8, {.fill = SIM_INK_SHARED, .stroke = SIM_INK_TEXT}},
    {"vtable_ptr",
     48,
     8,
     {.fill = SIM_INK_PAPER, .pattern = SIM_PATTERN_DOTS, .stroke = SIM_INK_TEXT}},
    {"in_list",
     56,
     8,
     {.fill = SIM_INK_PAPER, .pattern = SIM_PATTERN_FALL, .stroke = SIM_INK_TEXT}},
};

static void draw_field(sim_picture *picture, const uint8_t *bytes, const struct field *field,
                       struct sim_look look)
{
  struct sim_type type = {.size = 18, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true, .bold = true};
  g_autofree char *title = g_strdup_printf("%s, bytes %u to %u", field->name, field->first,
                                           field->first + field->bytes - 1);
  sim_picture_begin(picture, field->name, title);
  for (guint i = field->first; i < field->first + field->bytes; i++) {
    int x = BYTES_X + (int)(i % 16) * BYTE_W;
    int y = SIM_PICTURE_TOP + 36 + (int)(i / 16) * (BYTE_H + 26);
    sim_picture_rect(picture, x, y, BYTE_W, BYTE_H, look);
    sim_picture_text(picture, x + BYTE_W / 2, y + 27, type, "%02x", bytes[i]);
    if (i == field->first || (i % 16 == 0 && field->bytes > 16))
      sim_picture_text(picture, x, y - 6,
                       (struct sim_type){.size = 15, .fixed = true, .bold = i == field->first},
                       "%s%s", field->name, i == field->first ? "" : " (goes on)");
  }
  sim_picture_end(picture);
}

static void draw_bytes(sim_picture *picture, const uint8_t *bytes, enum fm_count_state state)
{
  struct sim_type label = {.size = 16, .anchor = SIM_ANCHOR_END, .fixed = true};
  for (int row = 0; row < 4; row++)
    sim_picture_text(picture, BYTES_X - 14, SIM_PICTURE_TOP + 63 + row * (BYTE_H + 26), label,
                     "+%d", row * 16);
  for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
    struct sim_look look = fields[i].look;
    if (fields[i].first == 40) {
      look = sim_state_look(state);
      look.dashed = false;
      look.width = 1;
    }
    draw_field(picture, bytes, &fields[i], look);
  }
}

/* Bit 63 first, eight by eight. */
static void draw_bits(sim_picture *picture, uint64_t count, int y)
{
  struct sim_type small = {
      .size = 12, .anchor = SIM_ANCHOR_MIDDLE, .ink = SIM_INK_FAINT, .fixed = true};
  struct sim_type digit = {.size = 15, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true, .bold = true};
  sim_picture_begin(picture, "count-bits", "The 64 bits of ref_count");
  sim_picture_text(picture, SIM_PICTURE_MARGIN, y - 26, (struct sim_type){.size = 18, .bold = true},
                   "ref_count, bit 63 to bit 0");
  for (int bit = 63; bit >= 0; bit--) {
    int x = BITS_X + (63 - bit) * BIT_W;
    bool set = (count >> bit & 1) != 0;
    sim_picture_rect(
        picture, x, y, BIT_W, 30,
        (struct sim_look){.fill = set ? SIM_INK_SHARED : SIM_INK_PAPER, .stroke = SIM_INK_FAINT});
    sim_picture_text(picture, x + BIT_W / 2, y + 21, digit, "%d", set);
    if (bit % 8 == 7 || bit % 8 == 0)
      sim_picture_text(picture, x + BIT_W / 2, y - 6, small, "%d", bit);
  }
  sim_picture_end(picture);
}

/* What a count can be, from 0 up, not to scale. */
static void draw_scale(sim_picture *picture, uint64_t count, int y)
{
  static const struct {
    const char *range;
    enum fm_count_state state;
    int width;
  } pieces[] = {
      {"0", FM_STATE_BUSY, 130},          {"1 .. 2^63-1", FM_STATE_SHARED, 470},
      {"2^63 ..", FM_STATE_ILLEGAL, 300}, {"2^64-2", FM_STATE_UNIQUE, 140},
      {"2^64-1", FM_STATE_UNUSED, 140},
  };
  enum fm_count_state now = fm_count_state(count);
  gsize at = 0;
  int x = SIM_PICTURE_MARGIN + 10;
  sim_picture_text(picture, SIM_PICTURE_MARGIN, y - 14, (struct sim_type){.size = 18, .bold = true},
                   "What a count means (not to scale)");
  for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
    const char *name = fm_count_state_name(pieces[i].state);
    g_autofree char *id = g_strdup_printf("means-%s", name);
    struct sim_type type = {.size = 17, .anchor = SIM_ANCHOR_MIDDLE, .bold = true};
    sim_picture_begin(picture, id, name);
    sim_picture_rect(picture, x, y, pieces[i].width, 40, sim_state_look(pieces[i].state));
    sim_picture_text(picture, x + pieces[i].width / 2, y + 26, type, "%s", name);
    type = (struct sim_type){.size = 14, .anchor = SIM_ANCHOR_MIDDLE, .fixed = true};
    sim_picture_text(picture, x + pieces[i].width / 2, y + 60, type, "%s", pieces[i].range);
    if (pieces[i].state == now)
      at = i;
    sim_picture_end(picture);
    x += pieces[i].width;
  }
  x = SIM_PICTURE_MARGIN + 10;
  for (gsize i = 0; i < at; i++)
    x += pieces[i].width;
  sim_picture_rect(picture, x - 4, y - 4, pieces[at].width + 8, 48,
                   (struct sim_look){.stroke = SIM_INK_MARK, .width = 5});
}

static void draw_meaning(sim_picture *picture, const struct fm_slot_view *slot, int y)
{
  struct sim_type type = {.size = 17, .fixed = true};
  bool used = slot->vtable != NULL;
  if (slot->state == FM_STATE_SHARED)
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y, type,
                     "state    shared by %" PRIu64 " holder%s", slot->ref_count,
                     slot->ref_count == 1 ? "" : "s");
  else
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y, type, "state    %s",
                     fm_count_state_name(slot->state));
  sim_picture_text(picture, SIM_PICTURE_MARGIN, y + 26, type, "type     %s%s",
                   used ? slot->vtable->name : "none",
                   used ? "" : ": storage and vtable_ptr mean nothing now");
  if (slot->in_list != 0)
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y + 52, type, "in list  %" PRIu64, slot->in_list);
  else
    sim_picture_text(picture, SIM_PICTURE_MARGIN, y + 52, type, "in list  none");
}

sim_picture *sim_draw_slot(const struct sim_view *view, GError **error)
{
  const struct fm_kernel *kernel = sim_machine_kernel(view->machine);
  uint8_t bytes[FM_SLOT_SIZE];
  struct fm_slot_view slot;
  if (!fm_is_page_aligned(view->frame) || view->frame >= kernel->max_paddr) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
                "0x%" PRIx64 " has no slot: an address is a multiple of 4096, and below 0x%" PRIx64,
                view->frame, kernel->max_paddr);
    return NULL;
  }
  fm_slot_view(kernel, fm_slot_at(fm_paddr_of(view->frame)), &slot);
  memcpy(bytes, fm_slot_at(fm_paddr_of(view->frame)), sizeof(bytes));
  g_autofree char *title =
      g_strdup_printf("The slot of frame 0x%" PRIx64 " at 0x%" PRIx64, view->frame,
                      fm_frame_to_meta(fm_paddr_of(view->frame)).raw);
  sim_picture *picture = sim_picture_new(view->title != NULL ? view->title : title, view->caption);
  draw_bytes(picture, bytes, slot.state);
  draw_bits(picture, slot.ref_count, 460);
  draw_scale(picture, slot.ref_count, 546);
  draw_meaning(picture, &slot, 644);
  picture->height = 720;
  return picture;
}
