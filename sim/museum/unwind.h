/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Unwinding: a destructor that fails leaves its callers one after the other, and each may act
 * on the way out.  C has none; here it is a jump to the innermost sim_unwind_catch(), or else
 * out of the operation, whose sim_guard_run() answers SIM_END_UNWOUND.  The machine lives on.
 *
 * Only in kernel code, inside of sim_guard_run().
 */
#ifndef SIM_MUSEUM_UNWIND_H
#define SIM_MUSEUM_UNWIND_H

#include <fm/port.h>

FM_NORETURN void sim_unwind(void);

/* Runs `body(data)`; true: it returned, false: it unwound up to here.  Every other end of
 * kernel code goes on outwards. */
bool sim_unwind_catch(void (*body)(void *data), void *data);

#endif
