/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/until.h"

#include <string.h>

#include "tools/cli.h"

int until_parse(const char *verb, const char *option, const char *text,
                struct sim_run_options *options)
{
  char *rest;
  if (text == NULL)
    return -1;
  options->until_step = g_ascii_strtoull(text, &rest, 10);
  if (!g_ascii_isdigit(text[0]) || options->until_step == 0 || options->until_step == G_MAXUINT64 ||
      (*rest != '\0' && *rest != '.'))
    return cli_usage_error(verb, "%s wants a step, as in 7 or 7.drop.dec, not '%s'", option, text);
  if (*rest == '\0')
    return -1;
  options->until_point = rest + 1;
  for (int site = 0; site < FM_SITE_COUNT; site++) {
    const struct fm_site_info *info = fm_site_info((enum fm_site)site);
    if (!info->quiet && strcmp(info->name, rest + 1) == 0)
      return -1;
  }
  return cli_usage_error(verb, "%s %s: there is no point '%s' (framesim help points)", option, text,
                         rest + 1);
}
