/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/io.h>
#include <fm/node.h>

enum fm_alloc_error fm_node_alloc(struct fm_kernel *kernel, uint32_t level, bool is_kernel,
                                  fm_paddr *ret)
{
  struct fm_page_table_meta meta = {0};
  meta.level = (uint8_t)level;
  meta.is_kernel = is_kernel;
  const struct fm_alloc_options options = {
      .type = FM_META_ID(FM_META_PAGE_TABLE, struct fm_page_table_meta), .meta = &meta};
  struct fm_frame frame = {NULL};
  enum fm_alloc_error error = fm_frame_alloc(kernel, &options, &frame);
  if (error == FM_ALLOC_OK && FM_UNLIKELY(fm_frame_paddr(frame).raw == 0)) {
    /* In cr3, in kernel_root and in the list of nodes that wait, 0 stands for none. */
    struct fm_frame at_0 = frame;
    error = fm_frame_alloc(kernel, &options, &frame);
    fm_frame_drop(kernel, at_0);
  }
  if (error == FM_ALLOC_OK)
    *ret = fm_frame_into_raw(frame);
  return error;
}

void fm_node_lock(fm_paddr node)
{
  for (;;) {
    /* pt.lock, acquire: pairs with the release of pt.unlock in fm_node_unlock(): what the
     * last holder wrote into the node is seen. */
    uint8_t seen = 0;
    if (fm_cas_weak_acquire_byte(FM_SITE_PT_LOCK, &fm_node_meta(node)->lock, &seen, 1))
      return;
    fm_spin_hint(FM_SITE_PT_LOCK);
  }
}

void fm_node_make_stray(fm_paddr node)
{
  const uint8_t stray = 1;
  fm_write_bytes(FM_SITE_PT_META, &fm_node_meta(node)->stray, &stray, sizeof(stray));
  fm_node_unlock(node);
}

/* ---- The end of a node ---- */

/* A page: one reference on each of its frames, if it is tracked. */
static void drop_page(struct fm_kernel *kernel, fm_pte pte, uint32_t level, bool is_kernel)
{
  if (((pte.raw & FM_PTE_SOFT_52) != 0) != is_kernel)
    return;
  uint64_t size = fm_pt_page_size(level);
  for (uint64_t done = 0; done < size; done += FM_PAGE_SIZE)
    fm_frame_drop(kernel, fm_frame_from_raw(fm_paddr_add(fm_pte_paddr(pte), done)));
}

static void drop_child(struct fm_kernel *kernel, fm_pte pte, uint32_t level, bool is_kernel)
{
  if (!fm_pte_is_table(pte, level)) {
    drop_page(kernel, pte, level, is_kernel);
    return;
  }
  /* Levels go down by one, so that this cannot call itself more than three deep, whatever
   * the tables say. */
  fm_paddr child = fm_pte_paddr(pte);
  if (fm_node_meta(child)->level != level - 1)
    fm_port_panic("a page-table entry points to a node of the wrong level");
  fm_frame_drop(kernel, fm_frame_from_raw(child));
}

void fm_node_on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  struct fm_page_table_meta node;
  __builtin_memcpy(&node, meta, sizeof(node));
  if (node.nr_children == 0)
    return;
  if (node.level < 1 || node.level > FM_PT_LEVELS)
    fm_port_panic("a page-table node has no level");

  /* The kernel's half of a user root is shared, and not this root's to drop. */
  bool is_root = node.level == FM_PT_LEVELS;
  uint32_t first = is_root && node.is_kernel ? FM_PT_ENTRIES / 2 : 0;
  uint32_t end = is_root && !node.is_kernel ? FM_PT_ENTRIES / 2 : FM_PT_ENTRIES;
  if (!fm_reader_skip(reader, first * sizeof(fm_pte)))
    return;
  for (uint32_t i = first; i < end; i++) {
    fm_pte pte;
    if (!fm_reader_read(reader, &pte, 1, sizeof(pte)))
      return;
    if (fm_pte_is_valid(pte))
      drop_child(kernel, pte, node.level, node.is_kernel);
  }
}
