/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The contract of the verified module, line by line and in our own words, and which clauses
 * check each line.  docs/contract.md is made from it.
 */
#ifndef SIM_CONTRACT_SEED_H
#define SIM_CONTRACT_SEED_H

struct sim_seed_line {
  const char *function; /* or "slot invariant", "region invariant", "ledger" */
  const char *kind;     /* "requires", "ensures", "invariant", "tag" */
  const char *text;
  const char *clauses; /* ids, with ", " between them; "" if `why` says why there are none */
  const char *why;     /* NULL, or what stands in for a clause */
};

/* Ends with a row whose function is NULL. */
extern const struct sim_seed_line sim_seed_lines[];

#endif
