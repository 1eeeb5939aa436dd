/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Death in the middle of operations: at 1,000 events of three scripts, one for each allocator.
 * Each named point of each command that comes by it is among them once at least; of the rest,
 * three in four lie in the middle of their step.
 */
#include <stdio.h>

#include "sim/rng.h"
#include "tests/crash/kill.h"
#include "tests/suite.h"

/* Sanitizers make each of the three processes of a kill ten times slower. */
enum { KILLS = FM_UNDER_ASAN || FM_UNDER_TSAN ? 60 : 1000 };

#define MACHINE "framesim 1\nmachine { ram 8M  cpus 2  kernel 2M 1M  allocator "

/* Frames, segments, lists and processes of both CPUs. */
#define WORK                                                                                       \
  "boot\n"                                                                                         \
  "alloc dirty -> f\n"                                                                             \
  "clone f -> g\n"                                                                                 \
  "get paddr(f) -> h\n"                                                                            \
  "drop g\n"                                                                                       \
  "drop h\n"                                                                                       \
  "unique f -> u\n"                                                                                \
  "repurpose u as link meta 77\n"                                                                  \
  "shared u -> f\n"                                                                                \
  "unique f\n"                                                                                     \
  "into_raw f -> r\n"                                                                              \
  "from_raw r unique -> f\n"                                                                       \
  "shared f\n"                                                                                     \
  "dynamic f\n"                                                                                    \
  "alloc frames 6 dirty -> s\n"                                                                    \
  "split s at 8K -> t\n"                                                                           \
  "slice t 0..8K -> v\n"                                                                           \
  "next t -> n\n"                                                                                  \
  "drop t\n"                                                                                       \
  "clone s -> c\n"                                                                                 \
  "into_raw c\n"                                                                                   \
  "alloc frames 9 dirty -> w\n"                                                                    \
  "drop w\n"                                                                                       \
  "list l\n"                                                                                       \
  "for i in 0..4 { alloc dirty as link -> x; unique x; push l x }\n"                               \
  "alloc dirty as link -> x; unique x; push l x back\n"                                            \
  "pop l -> a\n"                                                                                   \
  "pop l back -> b\n"                                                                              \
  "cursor l -> k\n"                                                                                \
  "next k\n"                                                                                       \
  "take k -> d\n"                                                                                  \
  "insert k a\n"                                                                                   \
  "drop k\n"                                                                                       \
  "list m\n"                                                                                       \
  "push m d; push m b\n"                                                                           \
  "drop m\n"                                                                                       \
  "pool p\n"                                                                                       \
  "repeat 12 { alloc -> p }\n"                                                                     \
  "on cpu 1 { repeat 9 { drop any p } }\n"                                                         \
  "process q\n"                                                                                    \
  "map q at 0x10000 size 16K shared\n"                                                             \
  "write q at 0x10000 1111\n"                                                                      \
  "map q at 0x40000000 size 12K\n"                                                                 \
  "write q at 0x40000000 2222\n"                                                                   \
  "write q at 0x40002000 3333\n"                                                                   \
  "activate q\n"                                                                                   \
  "fork q -> o\n"                                                                                  \
  "write o at 0x40000000 4444\n"                                                                   \
  "write q at 0x40002000 5555\n"                                                                   \
  "protect o at 0x10000 r size 8K\n"                                                               \
  "unmap q at 0x11000 size 8K\n"                                                                   \
  "alloc frames 3 dirty -> y\n"                                                                    \
  "map o at 0x80000000 from y\n"                                                                   \
  "drop y\n"                                                                                       \
  "on cpu 1 { activate o }\n"                                                                      \
  "exec o\n"                                                                                       \
  "exit q\n"                                                                                       \
  "process z\n"                                                                                    \
  "map z at 0x200000 size 8K shared\n"                                                             \
  "fork z -> z2\n"                                                                                 \
  "exit z\n"                                                                                       \
  "thread A cpu 0 { alloc -> e; clone e -> e2; drop e }\n"                                         \
  "thread B cpu 1 { get paddr(s) -> e3 or lost; exit z2 }\n"                                       \
  "schedule A:3 B:2 A:1 B:5 A:* B:*\n"

/* Frames by address: nobody allocates them. */
#define CLAIMS                                                                                     \
  "boot\n"                                                                                         \
  "claim 0x500000 as anon -> f\n"                                                                  \
  "clone f -> g\n"                                                                                 \
  "drop f\n"                                                                                       \
  "claim 0x501000 unique as link meta 5 -> u\n"                                                    \
  "segment 0x510000..0x516000 as typed -> s\n"                                                     \
  "split s at 16K -> t\n"                                                                          \
  "segment 0x520000..0x528000 as anon -> w or busy\n"                                              \
  "claim 0x533000 -> in_the_way\n"                                                                 \
  "expect error InUse { segment 0x530000..0x538000 as anon -> x }\n"                               \
  "list l\n"                                                                                       \
  "for i in 0..5 { claim 0x540000 + i * 4K unique as link -> n; push l n }\n"                      \
  "pop l back -> n\n"                                                                              \
  "repurpose n as anon\n"                                                                          \
  "reset n\n"                                                                                      \
  "next s -> first\n"                                                                              \
  "segment from first -> one\n"                                                                    \
  "drop w\n"                                                                                       \
  "repurpose u as typed\n"                                                                         \
  "shared u\n"                                                                                     \
  "drop u\n"                                                                                       \
  "drop l\n"

/* ---- Choosing ---- */

static bool is_inside(const struct kill_script *script, guint event)
{
  const struct kill_event *events = (const struct kill_event *)(void *)script->events->data;
  return event >= 2 && event + 2 < script->events->len &&
         events[event - 2].step == events[event].step &&
         events[event + 2].step == events[event].step;
}

/* One event for each pair of command and point, drawn from those that there are. */
static GArray *choose(const struct kill_script *script, struct sim_rng *rng, guint kills)
{
  GArray *chosen = g_array_new(FALSE, FALSE, sizeof(guint));
  g_autoptr(GHashTable) pairs = g_hash_table_new(NULL, NULL);  /* pair + 1 -> seen so far */
  g_autoptr(GHashTable) places = g_hash_table_new(NULL, NULL); /* pair + 1 -> index + 1 */
  for (guint i = 0; i < script->events->len; i++) {
    const struct kill_event *event = &g_array_index(script->events, struct kill_event, i);
    gpointer pair = GUINT_TO_POINTER(event->verb * (FM_SITE_COUNT + 1) + event->site + 1);
    guint seen = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, pair)) + 1;
    g_hash_table_insert(pairs, pair, GUINT_TO_POINTER(seen));
    if (seen == 1) {
      g_array_append_val(chosen, i);
      g_hash_table_insert(places, pair, GUINT_TO_POINTER(chosen->len));
    } else if (sim_rng_below(rng, seen) == 0) {
      g_array_index(chosen, guint, GPOINTER_TO_UINT(g_hash_table_lookup(places, pair)) - 1) = i;
    }
  }
  if (kills < chosen->len) /* of sanitizers: not all pairs */
    while (chosen->len > kills)
      g_array_remove_index_fast(chosen, (guint)sim_rng_below(rng, chosen->len));
  while (chosen->len < kills) {
    guint event = (guint)sim_rng_below(rng, script->events->len);
    if (is_inside(script, event) || sim_rng_below(rng, 3) == 0)
      g_array_append_val(chosen, event);
  }
  return chosen;
}

static void kill_all(const char *allocator, const char *work, guint kills)
{
  g_autofree char *text = g_strconcat(MACHINE, allocator, " }\n", work, NULL);
  struct kill_script *script = kill_reference(text);
  struct sim_rng rng;
  sim_rng_init(&rng, 0, allocator);
  g_autoptr(GArray) chosen = choose(script, &rng, kills);
  for (guint i = 0; i < chosen->len; i++) {
    guint event = g_array_index(chosen, guint, i);
    kill_at(script, event);
    /* One in eight repairs dies itself, one in sixteen twice. */
    for (guint again = 0; i % 8 == 0 && again < 1 + i / 8 % 2; again++)
      kill_repair_at(script, (guint)sim_rng_below(&rng, 400));
    kill_verify(script, event);
  }
  fprintf(stderr, "# allocator %s: killed at %u of %u events\n", allocator, chosen->len,
          script->events->len);
  kill_script_free(script);
}

START_TEST(a_death_with_the_buddy_allocator_is_repaired)
{
  kill_all("buddy", WORK, KILLS / 2);
}
END_TEST

START_TEST(a_death_with_the_bitmap_allocator_is_repaired)
{
  kill_all("bitmap", WORK, KILLS * 3 / 10);
}
END_TEST

START_TEST(a_death_without_an_allocator_is_repaired)
{
  kill_all("none", CLAIMS, KILLS / 5);
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("kill");
  TCase *tcase = tcase_create("kill");
  tcase_set_timeout(tcase, 110);
  tcase_add_test(tcase, a_death_with_the_buddy_allocator_is_repaired);
  tcase_add_test(tcase, a_death_with_the_bitmap_allocator_is_repaired);
  tcase_add_test(tcase, a_death_without_an_allocator_is_repaired);
  suite_add_tcase(suite, tcase);
  return suite;
}
