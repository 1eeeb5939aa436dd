/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/size.h"

char *sim_size_text(guint64 bytes)
{
  g_autofree char *text = g_format_size_full(bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autoptr(GString) plain = g_string_new(text);
  (void)g_string_replace(plain, "\u00a0", " ", 0); /* it has a no-break space */
  return g_string_free(g_steal_pointer(&plain), FALSE);
}
