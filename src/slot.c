/* SPDX-License-Identifier: MPL-2.0 */
/* The words for states and answers; the operations themselves are inline. */
#include <fm/slot.h>

const char *fm_count_state_name(enum fm_count_state state)
{
  static const char *const names[] = {
      [FM_STATE_UNUSED] = "unused", [FM_STATE_BUSY] = "busy",       [FM_STATE_SHARED] = "shared",
      [FM_STATE_UNIQUE] = "unique", [FM_STATE_ILLEGAL] = "illegal",
  };
  return names[state];
}

const char *fm_get_error_name(enum fm_get_error error)
{
  static const char *const names[FM_GET_ERRORS] = {
      [FM_GET_OK] = "Ok",
      [FM_GET_IN_USE] = "InUse",
      [FM_GET_UNUSED] = "Unused",
      [FM_GET_BUSY] = "Busy",
      [FM_GET_UNIQUE] = "Unique",
      [FM_GET_OUT_OF_BOUND] = "OutOfBound",
      [FM_GET_NOT_ALIGNED] = "NotAligned",
      [FM_GET_RETRY] = "Retry",
  };
  return names[error];
}
