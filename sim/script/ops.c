/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one table of operations: what a verb's arguments are, what it does, and what the
 * manual says about it.  `framesim help VERB` and framesim-script(5) are made from it.
 */
#include <string.h>

#include "sim/script/interp.h"

#define ACTION(fn, ...) (&(const struct sim_verb_action){.run = fn, __VA_ARGS__})
#define ON_MACHINE      .needs_machine = true

static const struct sim_verb_syntax machine_keys[] = {
    {.name = "ram", .grammar = "NUMBER", .example = "ram 64M", .summary = "a PC with so much RAM"},
    {.name = "map",
     .grammar = "STRING",
     .example = "map \"laptop.e820\"",
     .summary = "a firmware map; the path is relative to the script"},
    {.name = "cpus",
     .grammar = "NUMBER",
     .example = "cpus 2",
     .summary = "1 to 64; 1 if not given"},
    {.name = "seed",
     .grammar = "NUMBER",
     .example = "seed 7",
     .summary = "of random choices, unless --seed says otherwise"},
    {.name = "allocator",
     .grammar = "WORD",
     .example = "allocator none",
     .summary = "bitmap (if not given), buddy or none"},
    {.name = "top",
     .grammar = "(physical|usable)",
     .example = "top usable",
     .summary = "which regions decide how many slots there are"},
    {.name = "kernel",
     .grammar = "NUMBER:base NUMBER:size",
     .example = "kernel 32M 16M",
     .summary = "where the kernel image goes, and its size"},
    {0},
};

static const struct sim_verb_syntax verbs[] = {
    {.name = "machine",
     .grammar = "KEYS",
     .example = "machine { ram 64M  cpus 2 }",
     .summary = "what the simulated machine has",
     .keys = machine_keys},
    {.name = "boot",
     .grammar = "",
     .example = "boot",
     .summary = "boot the machine; a fresh one if it ran before",
     .user = ACTION(sim_verb_boot, .main_only = true, .when_dead = true,
                    .help = "Everything that the old machine had is gone, handles included.")},
    {.name = "claim",
     .synonyms = "from_unused",
     .grammar = "ADDR [unique] [as TYPE] [meta NUMBER] [-> BIND]",
     .example = "claim 0x2345000 as anon -> f",
     .summary = "take an unused frame by its address",
     .user =
         ACTION(sim_verb_claim, ON_MACHINE,
                .help = "Answers InUse, Unique, Busy, OutOfBound or NotAligned.  The type is anon\n"
                        "unless another is named; `meta` fills the first 8 bytes of the metadata.\n"
                        "Points: claim.cas claim.vtable claim.meta claim.publish.")},
    {.name = "get",
     .synonyms = "from_in_use",
     .grammar = "ADDR [-> BIND]",
     .example = "get 0x2345000 -> g",
     .summary = "one more reference to a frame in use",
     .user = ACTION(sim_verb_get, ON_MACHINE,
                    .help = "Answers Unused, Unique, Busy, OutOfBound or NotAligned.\n"
                            "Points: get.load get.cas.")},
    {.name = "clone",
     .grammar = "HANDLE [-> BIND]",
     .example = "clone f -> g",
     .summary = "one more reference, from a handle",
     .user = ACTION(sim_verb_clone, ON_MACHINE, .help = "Point: clone.inc.")},
    {.name = "drop",
     .grammar = "any WORD ; HANDLE_LIST",
     .example = "drop f",
     .summary = "give a reference up; the last one frees the frame",
     .user = ACTION(
         sim_verb_drop, ON_MACHINE,
         .help = "`drop any p` drops one handle of pool p, drawn by chance; nothing happens\n"
                 "if the pool is empty.  Points: drop.dec, and for the last reference\n"
                 "drop.fence drop.vtable drop.meta drop.unused drop.dealloc.")},
    {.name = "unique",
     .grammar = "HANDLE [-> BIND]",
     .example = "unique f",
     .summary = "shared -> unique, if it is the only reference",
     .user = ACTION(sim_verb_unique, ON_MACHINE,
                    .help = "Answers NotSole if there are others; the handle stays as it was.\n"
                            "Point: unique.cas.")},
    {.name = "shared",
     .grammar = "HANDLE [-> BIND]",
     .example = "shared f",
     .summary = "unique -> shared with one reference",
     .user = ACTION(sim_verb_shared, ON_MACHINE, .help = "Point: unique.publish.")},
    {.name = "repurpose",
     .grammar = "HANDLE as TYPE [meta NUMBER]",
     .example = "repurpose u as link",
     .summary = "other metadata for a unique frame",
     .user = ACTION(
         sim_verb_repurpose, ON_MACHINE,
         .help = "Points: drop.vtable repurpose.drop repurpose.write (vtable, then metadata).")},
    {.name = "reset",
     .synonyms = "reset_as_unused",
     .grammar = "HANDLE",
     .example = "reset u",
     .summary = "unique -> unused, without telling the allocator",
     .user = ACTION(sim_verb_reset, ON_MACHINE,
                    .help = "Points: reset.zero drop.vtable drop.meta drop.unused.")},
    {.name = "into_raw",
     .grammar = "HANDLE [-> BIND]",
     .example = "into_raw f -> p",
     .summary = "forget a handle; its reference stays",
     .user = ACTION(sim_verb_into_raw, ON_MACHINE,
                    .help = "What is left is an address; from_raw makes a handle of it again.")},
    {.name = "from_raw",
     .grammar = "ADDR [unique] [-> BIND]",
     .example = "from_raw p -> f",
     .summary = "the handle for a forgotten reference",
     .user =
         ACTION(sim_verb_from_raw, ON_MACHINE,
                .help = "A reference that nobody forgot is a finding: the handle would be one too\n"
                        "many.")},
    {.name = "alloc",
     .grammar = "[as TYPE] [meta NUMBER] [dirty] [-> BIND]",
     .example = "alloc as link -> f",
     .summary = "a frame from the allocator, zeroed unless dirty",
     .user = ACTION(
         sim_verb_alloc, ON_MACHINE,
         .help = "Answers NoMemory.  Points: alloc.lock alloc.unlock, then those of claim.")},
    {.name = "pool",
     .grammar = "NAME",
     .example = "pool p",
     .summary = "a name that holds many handles",
     .user = ACTION(sim_verb_pool, .help = "`alloc -> p` adds one, `drop any p` takes one out.")},
    {.name = "poke",
     .grammar = "ADDR (ref_count|vtable_ptr|in_list|storage) = NUMBER [at NUMBER]",
     .example = "poke 0x2345000 ref_count = 0x7fffffffffffffff",
     .summary = "write a raw field of a slot, past all rules",
     .user =
         ACTION(sim_verb_poke, ON_MACHINE, .when_dead = true,
                .help = "This is how overflow and corruption are shown.  Storage takes 8 bytes at\n"
                        "byte 0, or where `at` says.")},
    {.name = "show",
     .grammar = "frame ADDR ; (handles|frames|regions|machine|digest)",
     .example = "show frame f",
     .summary = "print a slot, the live handles, or the machine",
     .user = ACTION(sim_verb_show, ON_MACHINE, .when_dead = true)},
    {.name = "check",
     .grammar = "",
     .example = "check",
     .summary = "check every slot: states, types, counts against holders",
     .user = ACTION(sim_verb_check, ON_MACHINE, .main_only = true, .when_dead = true)},
    {.name = "note",
     .grammar = "STRING",
     .example = "note \"Two names, one frame.\"",
     .summary = "print a line of text",
     .user = ACTION(sim_verb_note, .when_dead = true, .no_step = true, .help = "It is no step.")},
    {0},
};

const char *const sim_run_queries[] = {"refcount", "state",   "type", "paddr",
                                       "holders",  "in_list", NULL};

const struct sim_verb_syntax *sim_run_verbs(void)
{
  return verbs;
}

const char *sim_run_verb_help(const char *verb)
{
  for (const struct sim_verb_syntax *entry = verbs; entry->name != NULL; entry++)
    if (strcmp(entry->name, verb) == 0 && entry->user != NULL)
      return ((const struct sim_verb_action *)entry->user)->help;
  return NULL;
}

const char *sim_command_flag(const struct sim_command *command)
{
  for (const struct sim_arg *arg = command->args; arg != NULL; arg = arg->next)
    if (arg->kind == SIM_ARG_FLAG)
      return arg->word;
  return NULL;
}
