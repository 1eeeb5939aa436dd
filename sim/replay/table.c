/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/replay/table.h"

void sim_table_init(struct table *table)
{
  table->chunks = g_new0(uint64_t *, TABLE_CHUNKS);
  table->blocks = g_array_new(FALSE, FALSE, sizeof(struct table_block));
  table->unused = UINT32_MAX;
}

void sim_table_clear(struct table *table)
{
  for (uint32_t i = 0; i < TABLE_CHUNKS; i++)
    g_free(table->chunks[i]);
  g_free(table->chunks);
  g_array_unref(table->blocks);
}

uint64_t *sim_table_make(struct table *table, uint32_t pfn)
{
  uint64_t *chunk = g_new0(uint64_t, TABLE_CHUNK);
  table->chunks[pfn >> TABLE_CHUNK_BITS] = chunk;
  return &chunk[pfn & (TABLE_CHUNK - 1)];
}

uint32_t sim_table_add_block(struct table *table, struct table_block block)
{
  uint32_t number = table->unused;

  if (number == UINT32_MAX) {
    number = table->blocks->len;
    g_array_append_val(table->blocks, block);
    return number;
  }
  struct table_block *record = table_block_at(table, number);
  table->unused = record->live;
  *record = block;
  return number;
}

void sim_table_remove_block(struct table *table, uint32_t number)
{
  table_block_at(table, number)->live = table->unused;
  table->unused = number;
}
