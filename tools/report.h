/* SPDX-License-Identifier: MPL-2.0 */
/* Tables that several verbs print, on standard output. */
#ifndef TOOLS_REPORT_H
#define TOOLS_REPORT_H

#include <sim/machine.h>

#include "tools/cli.h"

void report_map(const sim_bootmap *map);
void report_regions(const struct fm_regions *regions);
void report_boot(const sim_machine *machine);
/* What the loader left, and how far the boot came. */
void report_info(const sim_machine *machine);
void report_census(const sim_machine *machine, const char *title);
/* The way of one address through page tables. */
int report_walk(const sim_machine *machine, fm_paddr root, uint64_t va);
void report_slot(const struct fm_kernel *kernel, fm_paddr frame);

/* `"name":[{"base":..,"end":..,"type":..},..]`. */
void report_json_regions(JsonBuilder *json, const char *name, const struct fm_regions *regions);

/* The boot record; see framesim-boot(1). */
JsonBuilder *report_json_boot(const sim_machine *machine, const sim_bootmap *map);

/* "types":{..},"unused":..,"unique":..,"free_bytes":..: the frames of a machine. */
void report_json_frames(JsonBuilder *json, const sim_machine *machine);

#endif
