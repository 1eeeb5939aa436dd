/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Numbers as people write them: decimal or 0x hexadecimal, then at most one of the binary
 * suffixes K, M, G, T (2^10, 2^20, 2^30, 2^40).  There is no sign and nothing is
 * rounded: what does not fit 64 bits is an error.  Scripts and the command line share
 * these rules.  Pure functions, safe from any thread.
 */
#ifndef SIM_SCRIPT_NUMBER_H
#define SIM_SCRIPT_NUMBER_H

#include <glib.h>

enum sim_number_status {
  SIM_NUMBER_OK,
  SIM_NUMBER_MALFORMED, /* no digits, or letters that are neither digits nor a suffix */
  SIM_NUMBER_TOO_LARGE, /* 2^64 or more */
};

/*
 * The number at the start of `text`, at most `size` bytes of it.  *ret_used is set
 * whatever the answer: the bytes of the letters and digits that stand together there,
 * which is what a message underlines.  *ret_value is set on success only.
 */
enum sim_number_status sim_number_scan(const char *text, gsize size, gsize *ret_used,
                                       guint64 *ret_value);

/* The whole of `text` is one number ("64M", "0x1000").  Fails with SIM_ERROR_USAGE and a
 * text that quotes `text`. */
gboolean sim_number_parse(const char *text, guint64 *ret_value, GError **error);

/* What a malformed number is told, as a hint. */
extern const char sim_number_rules[];

#endif
