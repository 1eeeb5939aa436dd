/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The layout of our own recordings, for the reader and the writer; docs/trace-format.md
 * describes it.  Numbers have their least significant byte first.
 */
#ifndef SIM_TRACEIN_BINARY_H
#define SIM_TRACEIN_BINARY_H

#include <stdint.h>

#define BINARY_MAGIC_SIZE 8u
#define BINARY_VERSION    1u

static const uint8_t binary_magic[BINARY_MAGIC_SIZE] = {'F', 'R', 'A', 'M', 'E', 'T', 'R', 'C'};

/* Head of the file. */
#define BINARY_HEAD_SIZE 32u
#define BINARY_HEAD_CPUS 16u /* byte offsets */
#define BINARY_HEAD_CRC  28u

/* Head of a block. */
#define BINARY_BLOCK_MAGIC  UINT32_C(0x314b4c42) /* "BLK1" */
#define BINARY_BLOCK_SIZE   32u
#define BINARY_BLOCK_BYTES  4u
#define BINARY_BLOCK_EVENTS 8u
#define BINARY_BLOCK_NUMBER 12u
#define BINARY_BLOCK_TIME   16u
#define BINARY_BLOCK_CRC    28u

#define BINARY_PAYLOAD_MAX UINT32_C(65536) /* bytes of events in a block */
#define BINARY_EVENT_MAX   24u             /* bytes of one event */

/* First byte of an event: kind, order, whether the number of its CPU follows. */
#define BINARY_ORDER_SHIFT 3u
#define BINARY_KIND_MASK   7u
#define BINARY_CPU_FOLLOWS 0x80u

#endif
