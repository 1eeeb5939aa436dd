/* SPDX-License-Identifier: MPL-2.0 */
/* One target as a program of libFuzzer; tests/fuzz/meson.build says which (FUZZ_TARGET). */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static fuzz_feed *feed;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  /* A complaint of GLib is a finding, too. */
  g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK);
  feed = fuzz_find(FUZZ_TARGET);
  fuzz_require(feed != NULL);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  (void)feed(FUZZ_TARGET, data, size);
  return 0;
}
