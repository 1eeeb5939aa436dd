/* SPDX-License-Identifier: MPL-2.0 */
#include <fm/site.h>

static const struct fm_site_info sites[FM_SITE_COUNT] = {
#define FM_SITE_ROW(id, name, kind, order, quiet, text)                                            \
  {name, FM_ACCESS_##kind, FM_ORDER_##order, quiet, text},
    FM_SITES (FM_SITE_ROW)
#undef FM_SITE_ROW
};

const struct fm_site_info *fm_site_info(enum fm_site site)
{
  return &sites[site];
}
