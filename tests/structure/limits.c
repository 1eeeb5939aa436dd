/* SPDX-License-Identifier: MPL-2.0 */
/* A metadata type of SIZE bytes and alignment ALIGN; limits.sh says which may compile. */
#include <fm/meta.h>

struct meta {
  _Alignas(ALIGN) char bytes[SIZE];
};

fm_meta_id meta_id(void);

fm_meta_id meta_id(void)
{
  return FM_META_ID(FM_META_BUILTINS, struct meta);
}
