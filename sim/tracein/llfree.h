/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The layout of the LLFree project's page traces, for the reader and the writer.
 *
 *   page 0     u32 pages, u32 cores, u32 max_pfn, zeros
 *   page 1...  u32 cpu, 12 bytes nothing, 255 entries of 128 bits
 *
 *   entry      bits 0..37 time in microseconds, 38..61 frame number, 62 allocation, 63..66
 *              order, 67..95 flags of the allocation, 96..127 process
 *
 * Numbers have their least significant byte first.  An entry of zeros is padding: the page was
 * written before it was full.
 */
#ifndef SIM_TRACEIN_LLFREE_H
#define SIM_TRACEIN_LLFREE_H

#define LLFREE_PAGE       4096u
#define LLFREE_ENTRIES    255u
#define LLFREE_FIRST      16u /* byte of the first entry */
#define LLFREE_ENTRY      16u /* bytes */
#define LLFREE_TIME_BITS  38u
#define LLFREE_PFN_BITS   24u
#define LLFREE_ALLOC_BIT  62u
#define LLFREE_ORDER_BIT  63u /* and the three lowest bits of the second word */
#define LLFREE_FLAGS_SKIP 3u

#endif
