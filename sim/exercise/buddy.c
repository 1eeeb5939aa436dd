/* SPDX-License-Identifier: MPL-2.0 */
/*
 * buddy: which chunks a pool hands out, and what is left of it.
 *
 * The pool of a CPU is shown as it is after some allocations, then more are made.  The kernel
 * also balances pools against each other; a drawing in which that happens cannot be solved by
 * the rules that the problem states, so each one is solved by them here first.
 */
#include <inttypes.h>

#include "sim/exercise/internal.h"

#define ORDERS      FM_LOCAL_ORDERS
#define SHOWN       4u
#define ORDER_LEAST 3u /* smaller ones come from caches */

/* Addresses of free chunks by order, the front of each list last. */
struct pool {
  GArray *lists[ORDERS]; /* uint64_t */
};

static void pool_clear(struct pool *pool)
{
  for (guint order = 0; order < ORDERS; order++)
    g_clear_pointer(&pool->lists[order], g_array_unref);
}

static void pool_read(struct pool *pool, const sim_run *run)
{
  const struct fm_buddy_local *local = &fm_kernel_cpu(run->kernel, 0)->buddy;
  for (guint order = 0; order < ORDERS; order++) {
    struct sim_list_walk walk = sim_list_walk_begin(&local->lists[order]);
    fm_paddr head;
    pool->lists[order] = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    while (sim_list_walk_next(&walk, &head))
      g_array_prepend_val(pool->lists[order], head.raw);
  }
}

/* By the rules: the front chunk of the smallest order that will do, cut in halves. */
static bool pool_take(struct pool *pool, guint order, uint64_t *ret, guint *ret_splits)
{
  guint found = order;
  while (found < ORDERS && pool->lists[found]->len == 0)
    found++;
  if (found == ORDERS)
    return false;
  GArray *list = pool->lists[found];
  *ret = g_array_index(list, uint64_t, list->len - 1);
  g_array_set_size(list, list->len - 1);
  for (*ret_splits = 0; found > order; (*ret_splits)++) {
    uint64_t upper = *ret + (FM_PAGE_SIZE << --found);
    g_array_append_val(pool->lists[found], upper);
  }
  return true;
}

static bool pool_equal(const struct pool *a, const struct pool *b)
{
  for (guint order = 0; order < ORDERS; order++)
    if (a->lists[order]->len != b->lists[order]->len)
      return false;
  return true;
}

static void say_pool(sim_exercise *exercise, const struct pool *pool)
{
  sim_exercise_say(exercise, "Free chunks in the pool of CPU 0, the front of each list first:");
  for (guint order = ORDER_LEAST; order < ORDERS; order++) {
    const GArray *list = pool->lists[order];
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < MIN(list->len, SHOWN); i++)
      g_string_append_printf(line, "  0x%" PRIx64,
                             g_array_index(list, uint64_t, list->len - 1 - i));
    if (list->len != 0)
      sim_exercise_say(exercise, "      order %-2u (%u frames):%s%s", order, 1u << order, line->str,
                       list->len > SHOWN ? "  ..." : "");
  }
}

/* Handles w0, w1, ...: what was there before. */
static struct sim_exercise_run *warm_up(sim_exercise *exercise, GString *script,
                                        struct sim_rng *rng, guint count)
{
  g_string_append(script, "framesim 1\nmachine { ram 32M  kernel 2M 1M }\nboot\n");
  for (guint i = 0; i < count; i++)
    g_string_append_printf(script, "alloc frames %u dirty -> w[%u]\n",
                           1u << (ORDER_LEAST + sim_rng_below(rng, 4)), i);
  g_autofree char *whole = g_strdup_printf("%send expecting leak w\n", script->str);
  return sim_exercise_run(exercise, whole);
}

static bool draw_allocations(sim_exercise *exercise, GString *script, struct sim_rng *rng,
                             struct pool *pool, GArray *expected)
{
  guint splits = 0;
  for (guint i = 0; i < exercise->size; i++) {
    guint order = ORDER_LEAST + (guint)sim_rng_below(rng, 4);
    uint64_t start;
    guint cuts;
    if (!pool_take(pool, order, &start, &cuts))
      return false;
    splits += cuts;
    sim_exercise_command(exercise, script, "alloc frames %u dirty -> a[%u]", 1u << order, i);
    g_array_append_val(expected, start);
    g_autofree char *text = g_strdup_printf("address of a[%u]", i);
    g_autofree char *name = g_strdup_printf("a[%u]", i);
    g_autofree char *reason =
        g_strdup_printf("smallest order that is not empty, at its front, cut in halves %u time%s: "
                        "the lower half goes on, the upper one is put at the front of its order",
                        cuts, cuts == 1 ? "" : "s");
    sim_exercise_ask_machine(exercise, script, text, name, reason);
  }
  return splits != 0;
}

static void ask_rest(sim_exercise *exercise, struct sim_rng *rng, const struct pool *pool,
                     uint64_t last)
{
  guint order = ORDER_LEAST + (guint)sim_rng_below(rng, 4);
  uint64_t block = last & ~((FM_PAGE_SIZE << order) - 1);
  sim_exercise_ask(
      exercise,
      g_strdup_printf("buddy of the block of %u frames at 0x%" PRIx64, 1u << order, block),
      g_strdup_printf("0x%" PRIx64, block ^ FM_PAGE_SIZE << order),
      g_strdup_printf("bit %u of the address flips: a block of %u frames is 0x%" PRIx64 " bytes",
                      order + FM_PAGE_SHIFT, 1u << order, FM_PAGE_SIZE << order));
  sim_exercise_ask(
      exercise, g_strdup_printf("chunks of order %u that are free then", order),
      g_strdup_printf("%u", pool->lists[order]->len),
      g_strdup("what was there, and one more for each time a chunk was cut down to it, "
               "less what was handed out or cut"));
}

static bool make(sim_exercise *exercise, struct sim_rng *rng, struct pool *pool)
{
  g_autoptr(GString) script = g_string_new(NULL);
  g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  struct sim_exercise_run *run = warm_up(exercise, script, rng, 2 + (guint)sim_rng_below(rng, 4));
  if (run == NULL)
    return false;
  pool_read(pool, run->run);
  sim_exercise_run_free(run);
  sim_exercise_say(exercise, "An allocation takes the front chunk of the smallest order that is "
                             "large enough;\nwhile it is too large it is cut in halves, the upper "
                             "half goes to the front of its\norder, and the lower one is handed "
                             "out.  A frame is 0x1000 bytes.");
  say_pool(exercise, pool);
  if (!draw_allocations(exercise, script, rng, pool, expected))
    return false;
  g_string_append(script, "end expecting leak w, a\n");
  run = sim_exercise_run(exercise, script->str);
  if (run == NULL)
    return false;
  struct pool after = {{NULL}};
  pool_read(&after, run->run);
  bool same = pool_equal(pool, &after);
  pool_clear(&after);
  sim_exercise_run_free(run);
  for (guint i = 0; same && i < expected->len; i++) {
    g_autofree char *text = g_strdup_printf("0x%" PRIx64, g_array_index(expected, uint64_t, i));
    same = sim_answer_equal(
        text, g_array_index(exercise->questions, struct sim_exercise_question, i).answer);
  }
  if (same)
    ask_rest(exercise, rng, pool, g_array_index(expected, uint64_t, expected->len - 1));
  return same;
}

bool sim_exercise_buddy(sim_exercise *exercise, struct sim_rng *rng)
{
  struct pool pool = {{NULL}};
  bool good = make(exercise, rng, &pool);
  pool_clear(&pool);
  return good;
}
