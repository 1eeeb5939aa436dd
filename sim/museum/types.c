/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/museum/types.h"

#include <string.h>

#include "sim/museum/unwind.h"

struct guard {
  uint64_t number;
  uint64_t destroyed;
};

static void destroy(struct fm_kernel *kernel, void *meta)
{
  struct guard *guard = meta;
  (void)kernel;
  if (guard->destroyed != 0)
    fm_port_finding("metadata was destroyed a second time", meta);
  guard->destroyed = 1;
}

/* A destructor that fails has run: what it destroys is destroyed. */
static void fail(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  const struct guard *guard = meta;
  bool again = guard->destroyed != 0;
  (void)reader;
  destroy(kernel, meta);
  if (!again)
    sim_unwind();
}

static const struct fm_meta_type types[] = {
    {.name = "guarded",
     .size = sizeof(struct guard),
     .align = FM_ALIGNOF(struct guard),
     .flags = FM_META_DESTROY,
     .destroy = destroy},
    {.name = "failing",
     .size = sizeof(struct guard),
     .align = FM_ALIGNOF(struct guard),
     .flags = FM_META_ON_DROP,
     .on_drop = fail},
};

const char *const sim_museum_type_names[] = {"guarded", "failing", NULL};

const struct fm_meta_type *sim_museum_type(const char *name)
{
  for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (strcmp(types[i].name, name) == 0)
      return &types[i];
  return NULL;
}
