/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Failures of the simulator itself: unreadable files, no room on the host, scripts and
 * maps that cannot be used.  What the simulated kernel answers is never one of these.
 */
#ifndef SIM_ERROR_H
#define SIM_ERROR_H

#include <glib.h>

#define SIM_ERROR (sim_error_quark())

/* Each code belongs to one exit status of the program (tools/cli.h). */
enum sim_error {
  SIM_ERROR_USAGE,    /* options or a script that make no sense */
  SIM_ERROR_INPUT,    /* a file that cannot be used: unreadable, unparsable, locked */
  SIM_ERROR_BOOT,     /* the map is fine but this machine cannot boot */
  SIM_ERROR_LIMIT,    /* the host cannot hold the machine */
  SIM_ERROR_INTERNAL, /* a bug of ours */
};

GQuark sim_error_quark(void);

#endif
