/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Random numbers that are the same everywhere: xoshiro256** 1.0, seeded by SplitMix64, in
 * named streams of one seed, with ranges by rejection.
 *
 * A stream is found by its name, so a new stream does not change the numbers of another.
 * Not thread-safe: each user has its own struct.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdint.h>

struct sim_rng {
  uint64_t state[4];
};

/* The stream `name` of `seed`. */
void sim_rng_init(struct sim_rng *rng, uint64_t seed, const char *name);

uint64_t sim_rng_next(struct sim_rng *rng);

/* Evenly from 0 .. limit-1; `limit` is not 0. */
uint64_t sim_rng_below(struct sim_rng *rng, uint64_t limit);

#endif
