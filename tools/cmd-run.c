/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/cli.h"
int cmd_run(int argc, char **argv)
{
  return argc + (argv == NULL);
}
