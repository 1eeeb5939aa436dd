/* SPDX-License-Identifier: MPL-2.0 */
/* Sizes for people. */
#ifndef SIM_SIZE_H
#define SIM_SIZE_H

#include <glib.h>

/* "16.0 MiB": binary units, plain ASCII so that it can be searched for; newly allocated. */
char *sim_size_text(guint64 bytes);

#endif
