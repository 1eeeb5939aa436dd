/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The grace period of page-table nodes.
 *
 * One counter says how many readers are on their way.  All of its changes and the look at
 * it are read-modify-writes, so they have one order: a reader who comes behind the look
 * also comes behind the detaching, and cannot find the node any more.
 */
#include <fm/alloc.h>
#include <fm/node.h>

void fm_grace_enter(struct fm_kernel *kernel)
{
  /* grace.enter, acq_rel: pairs with grace.look in is_quiet(): if the look came first, the
   * entry that led to the node is seen to be gone. */
  (void)fm_fetch_add_acq_rel(FM_SITE_GRACE_ENTER, &kernel->grace_readers, 1);
}

/* Whether nobody is on the way who could have seen what was detached before. */
static bool is_quiet(struct fm_kernel *kernel)
{
  /* grace.look, acq_rel: pairs with grace.enter in fm_grace_enter(), as said there, and with
   * grace.leave in fm_grace_leave(): a reader who has left is done with the node. */
  return fm_fetch_add_acq_rel(FM_SITE_GRACE_LOOK, &kernel->grace_readers, 0) == 0;
}

/* ---- Nodes that wait ---- */

/* Linked through their metadata: the entries may still be read. */
static void put_back(struct fm_kernel *kernel, uint64_t first)
{
  fm_port_irq_mask();
  fm_spin_lock(&kernel->grace_lock, FM_SITE_GRACE_LOCK);
  while (first != 0) {
    struct fm_page_table_meta *meta = fm_node_meta(fm_paddr_of(first));
    uint64_t next = fm_read_word(FM_SITE_GRACE_LINK, &meta->next);
    fm_write_word(FM_SITE_GRACE_LINK, &meta->next, kernel->grace_waiting);
    kernel->grace_waiting = first;
    first = next;
  }
  fm_spin_unlock(&kernel->grace_lock, FM_SITE_GRACE_UNLOCK);
  fm_port_irq_unmask();
}

static uint64_t take_all(struct fm_kernel *kernel)
{
  fm_port_irq_mask();
  fm_spin_lock(&kernel->grace_lock, FM_SITE_GRACE_LOCK);
  uint64_t first = kernel->grace_waiting;
  kernel->grace_waiting = 0;
  fm_spin_unlock(&kernel->grace_lock, FM_SITE_GRACE_UNLOCK);
  fm_port_irq_unmask();
  return first;
}

static void drop_all(struct fm_kernel *kernel, uint64_t first)
{
  while (first != 0) {
    fm_paddr node = fm_paddr_of(first);
    first = fm_read_word(FM_SITE_GRACE_LINK, &fm_node_meta(node)->next);
    fm_frame_drop(kernel, fm_frame_from_raw(node));
  }
}

/* Drops what waits if it is quiet.  If a reader came or stayed while we had the nodes, it
 * will look for them when it leaves, so they must be back before we give up. */
static void reclaim(struct fm_kernel *kernel)
{
  do {
    uint64_t first = take_all(kernel);
    if (first == 0)
      return;
    if (is_quiet(kernel)) {
      drop_all(kernel, first);
      return;
    }
    put_back(kernel, first);
  } while (is_quiet(kernel));
}

void fm_grace_leave(struct fm_kernel *kernel)
{
  /* grace.leave, acq_rel: pairs with grace.look in is_quiet(): our reads of nodes are over. */
  uint64_t readers = fm_fetch_add_acq_rel(FM_SITE_GRACE_LEAVE, &kernel->grace_readers, UINT64_MAX);
  if (readers == 1)
    reclaim(kernel);
}

void fm_grace_retire(struct fm_kernel *kernel, fm_paddr node)
{
  fm_write_word(FM_SITE_GRACE_LINK, &fm_node_meta(node)->next, 0);
  put_back(kernel, node.raw);
  if (is_quiet(kernel))
    reclaim(kernel);
}
