/* SPDX-License-Identifier: MPL-2.0 */
/* framesim materialise: writes the deferred slots of a RAM file. */
#include <inttypes.h>
#include <stdio.h>

#include "tools/cli.h"

int cmd_materialise(int argc, char **argv)
{
  const GOptionEntry entries[] = {G_OPTION_ENTRY_NULL};
  int status = cli_parse(&argc, &argv, "RAMFILE", entries, NULL,
                         "Writes the slots that a machine with deferred metadata has not written\n"
                         "yet, so that other readers of the file find them.  The machine is the\n"
                         "same afterwards, but for that.\n\n"
                         "Example: framesim materialise machine.ram\n");
  if (status >= 0)
    return status;
  if (argc != 2)
    return cli_usage_error("materialise", argc < 2 ? "a RAMFILE is missing" : "too many arguments");

  GError *error = NULL;
  uint64_t slots;
  if (!sim_machine_materialise(argv[1], &slots, &error))
    return cli_fail(error);
  printf("%" PRIu64 " slots written\n", slots);
  return CLI_OK;
}
