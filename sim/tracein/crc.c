/* SPDX-License-Identifier: MPL-2.0 */
/* CRC-32C, eight bytes at a time by tables ("slicing by 8"). */
#include "sim/tracein/reader.h"

#define POLYNOMIAL UINT32_C(0x82f63b78) /* Castagnoli's, bits reversed */

static uint32_t tables[8][256];

static void make_tables(void)
{
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++)
      crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
    tables[0][byte] = crc;
  }
  for (uint32_t byte = 0; byte < 256; byte++)
    for (int slice = 1; slice < 8; slice++)
      tables[slice][byte] =
          tables[slice - 1][byte] >> 8 ^ tables[0][tables[slice - 1][byte] & 0xff];
}

uint32_t sim_tracein_crc(uint32_t crc, const void *bytes, size_t size)
{
  static gsize made;
  const uint8_t *at = bytes;

  if (g_once_init_enter(&made)) {
    make_tables();
    g_once_init_leave(&made, 1);
  }
  crc = ~crc;
  for (; size >= 8; size -= 8, at += 8) {
    uint32_t low = sim_tracein_u32(at) ^ crc, high = sim_tracein_u32(at + 4);
    crc = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
          tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
          tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
  }
  for (; size > 0; size--, at++)
    crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
  return ~crc;
}
