/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/rng.h"

static uint64_t splitmix64(uint64_t *state)
{
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* FNV-1a, 64 bits: only has to tell names apart. */
static uint64_t hash_name(const char *name)
{
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (; *name != '\0'; name++)
    hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
  return hash;
}

void sim_rng_init(struct sim_rng *rng, uint64_t seed, const char *name)
{
  uint64_t state = seed ^ hash_name(name);
  for (int i = 0; i < 4; i++)
    rng->state[i] = splitmix64(&state);
}

static uint64_t rotate_left(uint64_t value, int bits)
{
  return value << bits | value >> (64 - bits);
}

uint64_t sim_rng_next(struct sim_rng *rng)
{
  uint64_t *s = rng->state;
  uint64_t result = rotate_left(s[1] * 5, 7) * 9;
  uint64_t t = s[1] << 17;

  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotate_left(s[3], 45);
  return result;
}

uint64_t sim_rng_below(struct sim_rng *rng, uint64_t limit)
{
  /* 2^64 mod limit numbers at the bottom would make some results likelier. */
  uint64_t first_fair = (0 - limit) % limit;
  uint64_t value;
  do {
    value = sim_rng_next(rng);
  } while (value < first_fair);
  return value % limit;
}
