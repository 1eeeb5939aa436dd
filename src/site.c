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

const char *fm_order_name(enum fm_order order)
{
  static const char *const names[] = {
      [FM_ORDER_PLAIN] = "plain",     [FM_ORDER_RELAXED] = "relaxed",
      [FM_ORDER_ACQUIRE] = "acquire", [FM_ORDER_RELEASE] = "release",
      [FM_ORDER_ACQ_REL] = "acq_rel",
  };
  return names[order];
}
