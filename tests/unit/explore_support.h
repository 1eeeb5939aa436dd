/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Small programs for tests of the explorer.
 *
 * On one slot: each thread is a list of steps, as in "claim,read,drop".  A step after a get or a
 * claim is done only if that succeeded; "unique" that fails drops its handle instead.
 */
#ifndef FM_TESTS_UNIT_EXPLORE_SUPPORT_H
#define FM_TESTS_UNIT_EXPLORE_SUPPORT_H

#include "sim/explore/explore.h"
#include "sim/hook.h"
#include "tests/support.h"

struct actor {
  const char *steps;
  bool given; /* begins with a handle */
  bool has;   /* a handle, now */
  bool unique;
  struct fm_slot *slot;
};

struct cast {
  struct actor actors[SIM_EXPLORE_THREADS];
  struct sim_explore_thread threads[SIM_EXPLORE_THREADS];
  uint32_t nr;
  GHashTable *seen; /* hashes of complete executions; NULL: not of interest */
  uint64_t again;   /* complete executions that had been seen before */
};

static struct cast cast;

static void touch(enum fm_site site, enum fm_access_kind kind, struct fm_slot *slot)
{
  uint64_t bytes[2] = {1, 2};
  struct fm_access access = {
      .site = site, .kind = kind, .size = sizeof(bytes), .where = slot->storage, .buffer = bytes};
  fm_hook_access(&access);
}

static void act(struct actor *actor, const char *step)
{
  const struct fm_ops *ops = sim_machine_ops(test_machine);
  struct fm_kernel *kernel = test_kernel();
  const uint64_t meta[2] = {3, 4};
  if (g_str_has_prefix(step, "claim"))
    actor->has = ops->claim(kernel, fm_paddr_of(TEST_FRAME), fm_meta_id_of(FM_META_LINK, 16), meta,
                            false, &actor->slot) == FM_GET_OK;
  else if (g_str_has_prefix(step, "get"))
    actor->has = ops->get(kernel, fm_paddr_of(TEST_FRAME), &actor->slot) == FM_GET_OK;
  else if (!actor->has)
    return;
  else if (g_str_has_prefix(step, "read")) {
    (void)ops->frame_has_type(kernel, fm_frame_of_slot(actor->slot), FM_META_LINK);
    touch(FM_SITE_IO_READ, FM_ACCESS_READ, actor->slot);
  } else if (g_str_has_prefix(step, "write"))
    touch(FM_SITE_IO_WRITE, FM_ACCESS_WRITE, actor->slot);
  else if (g_str_has_prefix(step, "clone"))
    (void)ops->frame_clone(fm_frame_of_slot(actor->slot));
  else if (g_str_has_prefix(step, "unique")) {
    struct fm_unique unique;
    if (ops->unique_from_frame(fm_frame_of_slot(actor->slot), &unique)) {
      actor->unique = true;
    } else {
      ops->frame_drop(kernel, fm_frame_of_slot(actor->slot));
      actor->has = false;
    }
  } else if (g_str_has_prefix(step, "share")) {
    (void)ops->unique_share((struct fm_unique){actor->slot});
    actor->unique = false;
  } else if (g_str_has_prefix(step, "drop")) {
    if (actor->unique)
      ops->unique_drop(kernel, (struct fm_unique){actor->slot});
    else
      ops->frame_drop(kernel, fm_frame_of_slot(actor->slot));
    actor->has = false;
    actor->unique = false;
  } else
    ck_abort_msg("no step %s", step);
}

static void play(void *data)
{
  struct actor *actor = data;
  for (const char *step = actor->steps; step != NULL; step = strchr(step, ',')) {
    if (*step == ',')
      step++;
    act(actor, step);
  }
}

static void cast_reset(void *data)
{
  (void)data;
  for (uint32_t i = 0; i < cast.nr; i++) {
    struct actor *actor = &cast.actors[i];
    actor->has = actor->given;
    actor->unique = false;
    actor->slot = test_slot(TEST_FRAME);
  }
}

/* Nothing is wrong; counts what was met before. */
static bool cast_judge(sim_explore *explore, GString *text, void *data)
{
  (void)text;
  (void)data;
  if (cast.seen == NULL)
    return true;
  gint64 hash = (gint64)sim_explore_hash(explore);
  if (g_hash_table_contains(cast.seen, &hash))
    cast.again++;
  else
    g_hash_table_add(cast.seen, g_memdup2(&hash, sizeof(hash)));
  return true;
}

G_GNUC_UNUSED static void cast_clear(void)
{
  if (cast.seen != NULL)
    g_hash_table_unref(cast.seen);
  memset(&cast, 0, sizeof(cast));
}

/* "+drop" begins with a handle. */
static void cast_add(const char *steps)
{
  static const char *const names[] = {"A", "B", "C", "D", "E", "F", "G", "H",
                                      "I", "J", "K", "L", "M", "N", "O", "P"};
  struct actor *actor = &cast.actors[cast.nr];
  actor->given = steps[0] == '+';
  actor->steps = steps + (actor->given ? 1 : 0);
  cast.threads[cast.nr] = (struct sim_explore_thread){
      .name = names[cast.nr], .cpu = cast.nr % 2, .body = play, .data = actor};
  cast.nr++;
}

/* Puts the slot into the state that the handles need. */
static void cast_open(void)
{
  const struct fm_ops *ops = test_use_build(0);
  uint32_t handles = 0;
  for (uint32_t i = 0; i < cast.nr; i++)
    handles += cast.actors[i].given;
  if (handles != 0) {
    struct fm_slot *slot;
    const uint64_t meta[2] = {3, 4};
    ck_assert_int_eq(ops->claim(test_kernel(), fm_paddr_of(TEST_FRAME),
                                fm_meta_id_of(FM_META_LINK, 16), meta, false, &slot),
                     FM_GET_OK);
    for (uint32_t i = 1; i < handles; i++)
      (void)ops->frame_clone(fm_frame_of_slot(slot));
  }
  (void)test_use_build(1);
}

static struct sim_explore_program cast_program(void)
{
  return (struct sim_explore_program){.machine = test_machine,
                                      .threads = cast.threads,
                                      .nr_threads = cast.nr,
                                      .reset = cast_reset,
                                      .judge = cast_judge};
}

#endif
