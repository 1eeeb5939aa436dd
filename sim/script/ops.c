/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The one table of operations: what a verb's arguments are, what it does, and what the
 * manual says about it.  `framesim help VERB` and framesim-script(5) are made from it.
 */
#include <string.h>

#define ACTION(fn, ...) (&(const struct sim_verb_action){.run = fn, __VA_ARGS__})
#define ON_MACHINE      .needs_machine = true

#include "sim/script/ops_explore.h"
#include "sim/script/ops_lab.h"

static const struct sim_verb_syntax machine_keys[] = {
    {.name = "ram", .grammar = "NUMBER", .example = "ram 64M", .summary = "a PC with so much RAM"},
    {.name = "map",
     .grammar = "STRING",
     .example = "map \"laptop.e820\"",
     .summary = "a firmware map; the path is relative to the script"},
    {.name = "regions",
     .grammar = "STRING",
     .example = "regions \"usable 0 64M\"",
     .summary = "a map in form text; lines end with ';'"},
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
     .summary = "buddy (if not given), bitmap or none"},
    {.name = "top",
     .grammar = "(physical|usable)",
     .example = "top usable",
     .summary = "which regions decide how many slots there are"},
    {.name = "kernel",
     .grammar = "NUMBER:base NUMBER:size",
     .example = "kernel 32M 16M",
     .summary = "where the kernel image goes, and its size"},
    {.name = "linear_map",
     .grammar = "(small|largest)",
     .example = "linear_map largest",
     .summary = "pages of 4 KiB (if not given) at boot, or up to 1 GiB"},
    {.name = "metadata",
     .grammar = "(eager|deferred)",
     .example = "metadata deferred",
     .summary = "write slots at boot (if not given) or when needed"},
    {.name = "check",
     .grammar = "(off|cheap|full)",
     .example = "check full",
     .summary = "checks of the contract, unless --check says otherwise"},
    {.name = "initramfs",
     .grammar = "NUMBER:base NUMBER:size",
     .example = "initramfs 48M 2M",
     .summary = "where the loader put an initramfs"},
    {.name = "cmdline",
     .grammar = "NUMBER:base NUMBER:size",
     .example = "cmdline 64K 256",
     .summary = "where the loader put the command line"},
    {.name = "framebuffer",
     .grammar = "NUMBER:width NUMBER:height NUMBER:bits NUMBER:base",
     .example = "framebuffer 640 480 32 3G",
     .summary = "a screen: width, height, bits per pixel, address"},
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
     .user =
         ACTION(sim_verb_clone, ON_MACHINE,
                .help = "Of a segment, one more on each of its frames.  Of a borrowed frame it\n"
                        "makes a handle that owns.  Point: clone.inc.")},
    {.name = "drop",
     .grammar = "any WORD ; HANDLE_LIST",
     .example = "drop f",
     .summary = "give a reference up; the last one frees the frame",
     .user = ACTION(
         sim_verb_drop, ON_MACHINE,
         .help = "`drop any p` drops one handle of pool p, drawn by chance; nothing happens\n"
                 "if the pool is empty.  A list drops its frames front to back, a segment\n"
                 "one by one, ascending; what only borrows just ends.  Points: drop.dec, and\n"
                 "for the last reference drop.fence drop.vtable drop.meta drop.unused\n"
                 "drop.dealloc.")},
    {.name = "unique",
     .grammar = "HANDLE [-> BIND]",
     .example = "unique f",
     .summary = "shared -> unique, if it is the only reference",
     .user = ACTION(sim_verb_unique, ON_MACHINE, .consumes = "HANDLE",
                    .help = "Answers NotSole if there are others; the handle stays as it was.\n"
                            "Point: unique.cas.")},
    {.name = "shared",
     .grammar = "HANDLE [-> BIND]",
     .example = "shared f",
     .summary = "unique -> shared with one reference",
     .user = ACTION(sim_verb_shared, ON_MACHINE, .consumes = "HANDLE",
                    .help = "Point: unique.publish.")},
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
     .user = ACTION(sim_verb_into_raw, ON_MACHINE, .consumes = "HANDLE",
                    .help = "What is left is an address; from_raw makes a handle of it again.")},
    {.name = "from_raw",
     .grammar = "ADDR [unique] [-> BIND]",
     .example = "from_raw p -> f",
     .summary = "the handle for a forgotten reference",
     .user =
         ACTION(sim_verb_from_raw, ON_MACHINE, .consumes = "ADDR",
                .help = "A reference that nobody forgot is a finding: the handle would be one too\n"
                        "many.")},
    {.name = "alloc",
     .grammar = "[frames NUMBER] [as TYPE] [meta NUMBER] [dirty] [-> BIND]",
     .example = "alloc frames 512 -> s",
     .summary = "a frame, or a segment of frames, from the allocator",
     .user = ACTION(
         sim_verb_alloc, ON_MACHINE,
         .help = "The bytes are zeroed unless `dirty` stands there.  With `frames` the result is\n"
                 "a segment, in one piece.  Answers NoMemory; InvalidArgs for 0 frames.  Points:\n"
                 "alloc.lock alloc.unlock, then those of claim; buddy claims and resets the\n"
                 "first frames of its chunks too.")},
    {.name = "fail",
     .grammar = "alloc NUMBER",
     .example = "fail alloc 1",
     .summary = "let the n-th allocation from now on find no memory",
     .user = ACTION(sim_verb_fail, ON_MACHINE, .main_only = true, .needs_hooks = true,
                    .help = "1 is the next one.  A later `fail` replaces an earlier one.")},
    {.name = "on",
     .grammar = "cpu NUMBER BLOCK",
     .example = "on cpu 1 { alloc -> f }",
     .summary = "run commands on another CPU, with its own caches and pools",
     .user = ACTION(sim_verb_on, ON_MACHINE, .main_only = true, .no_step = true,
                    .help = "It is no step.  A thread has a CPU of its own.")},
    {.name = "pool",
     .grammar = "NAME",
     .example = "pool p",
     .summary = "a name that holds many handles",
     .user = ACTION(sim_verb_pool, .help = "`alloc -> p` adds one, `drop any p` takes one out.")},
    {.name = "typed",
     .grammar = "HANDLE as TYPE [-> BIND]",
     .example = "typed g as link",
     .summary = "a handle of any type -> one of this type, if the frame is",
     .user =
         ACTION(sim_verb_typed, ON_MACHINE, .consumes = "HANDLE",
                .help = "Of a segment the first frame is judged.  Answers WrongType; Empty for a\n"
                        "segment without frames.  Point: meta.vtable.")},
    {.name = "untyped",
     .grammar = "HANDLE [-> BIND]",
     .example = "untyped g",
     .summary = "a handle of any type -> an untyped one, if the frame is",
     .user =
         ACTION(sim_verb_untyped, ON_MACHINE, .consumes = "HANDLE",
                .help = "Only untyped frames and segments hand out readers and writers.  Answers\n"
                        "NotUntyped; Empty for a segment without frames.  Point: meta.vtable.")},
    {.name = "dynamic",
     .grammar = "HANDLE [-> BIND]",
     .example = "dynamic f",
     .summary = "a handle of a known type -> one of any type",
     .user = ACTION(sim_verb_dynamic, ON_MACHINE, .consumes = "HANDLE",
                    .help = "That is what `get` gives: an address does not tell a type.")},
    {.name = "borrow",
     .grammar = "HANDLE [-> BIND]",
     .example = "borrow f -> r",
     .summary = "look at a frame without a reference of one's own",
     .user = ACTION(sim_verb_borrow, ON_MACHINE,
                    .help = "The count stays.  Until the borrowed handle is dropped, its lender\n"
                            "cannot be dropped or changed; `clone` makes one that owns.")},
    {.name = "segment",
     .grammar = "from HANDLE [-> BIND] ; RANGE [as TYPE] [meta NUMBER] [-> BIND]",
     .example = "segment 0x2345000..0x2349000 -> s",
     .summary = "take the unused frames of a range, or make a segment of a frame",
     .user = ACTION(
         sim_verb_segment, ON_MACHINE, .consumes = "from",
         .help = "Frames are claimed in ascending order.  The first that cannot be had gives\n"
                 "its error (InUse, Unique, Busy) and those before it are unused again.  Also\n"
                 "NotAligned, OutOfBound; an empty range ends the kernel.  Points: of claim.")},
    {.name = "slice",
     .grammar = "HANDLE RANGE [-> BIND]",
     .example = "slice s 0x1000..0x3000 -> t",
     .summary = "a further segment over some bytes of one",
     .user = ACTION(
         sim_verb_slice, ON_MACHINE,
         .help = "The range is byte offsets, whole pages, from 0 up to the size.  It may be\n"
                 "empty.  Answers InvalidArgs.  Point: clone.inc.")},
    {.name = "split",
     .grammar = "HANDLE at NUMBER [-> BIND]",
     .example = "split s at 0x2000 -> t",
     .summary = "cut a segment in two; it keeps the first part",
     .user =
         ACTION(sim_verb_split, ON_MACHINE,
                .help = "The offset is in bytes, whole pages, and leaves no part empty.  No count\n"
                        "changes.  Answers InvalidArgs.")},
    {.name = "next",
     .grammar = "HANDLE [-> BIND]",
     .example = "next s -> f",
     .summary = "the first frame out of a segment; or a cursor one place on",
     .user = ACTION(
         sim_verb_next, ON_MACHINE,
         .help = "Answers Empty for a segment without frames.  A cursor at the back goes to\n"
                 "the ghost, and from there to the front.")},
    {.name = "prev",
     .grammar = "HANDLE",
     .example = "prev c",
     .summary = "a cursor one place back",
     .user = ACTION(sim_verb_prev, ON_MACHINE)},
    {.name = "list",
     .grammar = "NAME",
     .example = "list l",
     .summary = "a list of unique frames, empty at first",
     .user = ACTION(sim_verb_list, ON_MACHINE,
                    .help = "It owns the frames in it.  Its id is drawn when it is first needed.")},
    {.name = "push",
     .grammar = "HANDLE HANDLE:frame [(front|back)]",
     .example = "push l u back",
     .summary = "put a unique frame of type link into a list",
     .user = ACTION(
         sim_verb_push, ON_MACHINE,
         .help = "At the front unless `back` stands there.  The frame's handle is consumed.\n"
                 "Points: list.id (the first time) list.link list.mark.")},
    {.name = "pop",
     .grammar = "HANDLE [(front|back)] [-> BIND]",
     .example = "pop l -> u",
     .summary = "take a frame out of a list, from the front or the back",
     .user =
         ACTION(sim_verb_pop, ON_MACHINE, .help = "Answers Empty.  Points: list.link list.mark.")},
    {.name = "contains",
     .grammar = "HANDLE ADDR [or NAME]",
     .example = "contains l 0x2345000",
     .summary = "whether the frame at an address is in a list",
     .user =
         ACTION(sim_verb_contains, ON_MACHINE,
                .help = "Answers NotInList, for addresses without a slot too.  Point: list.find.")},
    {.name = "cursor",
     .grammar = "HANDLE [(front|back)] [at ADDR] [-> BIND]",
     .example = "cursor l at 0x2345000 -> c",
     .summary = "a place in a list, which it borrows",
     .user = ACTION(
         sim_verb_cursor, ON_MACHINE,
         .help = "At the front unless something else stands there; in an empty list that is\n"
                 "the ghost, the place between back and front.  Answers NotInList.")},
    {.name = "take",
     .grammar = "HANDLE [-> BIND]",
     .example = "take c -> u",
     .summary = "take the frame at a cursor out; the cursor moves on",
     .user = ACTION(sim_verb_take, ON_MACHINE,
                    .help = "Answers AtGhost.  Points: list.link list.mark.")},
    {.name = "insert",
     .grammar = "HANDLE HANDLE:frame",
     .example = "insert c u",
     .summary = "put a unique frame of type link before a cursor",
     .user = ACTION(sim_verb_insert, ON_MACHINE,
                    .help = "At the ghost this appends.  The frame's handle is consumed.\n"
                            "Points: list.link list.mark.")},
    {.name = "reader",
     .grammar = "HANDLE [-> BIND]",
     .example = "reader f -> r",
     .summary = "a reader of the bytes of an untyped frame or segment",
     .user = ACTION(sim_verb_reader, ON_MACHINE, .help = "It borrows the handle.")},
    {.name = "writer",
     .grammar = "HANDLE [-> BIND]",
     .example = "writer f -> w",
     .summary = "a writer of the bytes of an untyped frame or segment",
     .user = ACTION(sim_verb_writer, ON_MACHINE, .help = "It borrows the handle.")},
    {.name = "read",
     .grammar = "HANDLE [at ADDR] [bytes NUMBER] [-> BIND]",
     .example = "read p at 0x1000 -> x",
     .summary = "a number from a reader, or from the memory of a process",
     .user =
         ACTION(sim_verb_read, ON_MACHINE,
                .help = "8 bytes unless told otherwise, little endian.  `->` names the number.  A\n"
                        "reader moves on; it answers InvalidArgs if fewer are left.  A process\n"
                        "reads on this CPU, through its TLB; it answers Fault or NoMemory.\n"
                        "Points: io.read; mmu.load mmu.mark.")},
    {.name = "write",
     .grammar = "HANDLE [at ADDR] NUMBER [bytes NUMBER] [times NUMBER] [or NAME]",
     .example = "write w 0xff bytes 1 times 4096",
     .summary = "a number to a writer, or into the memory of a process",
     .user = ACTION(
         sim_verb_write, ON_MACHINE,
         .help = "8 bytes unless told otherwise, little endian.  A writer moves on; it answers\n"
                 "InvalidArgs if fewer are left, and then nothing is written.  A process\n"
                 "writes on this CPU, through its TLB (`write p at 0x1000 7`); it answers\n"
                 "Fault or NoMemory.  Points: io.write; mmu.load mmu.mark.")},
    {.name = "copy",
     .grammar = "HANDLE to HANDLE",
     .example = "copy r to w",
     .summary = "bytes from a reader to a writer, as many as both have left",
     .user = ACTION(sim_verb_copy, ON_MACHINE, .help = "Points: io.read io.write.")},
    {.name = "skip",
     .grammar = "HANDLE NUMBER [or NAME]",
     .example = "skip r 64",
     .summary = "move a reader or writer on",
     .user = ACTION(sim_verb_skip, ON_MACHINE, .help = "Answers InvalidArgs.")},
    {.name = "limit",
     .grammar = "HANDLE NUMBER",
     .example = "limit w 4K",
     .summary = "leave a reader or writer at most so many bytes",
     .user = ACTION(sim_verb_limit, ON_MACHINE)},
    {.name = "process",
     .grammar = "NAME",
     .example = "process p",
     .summary = "a process with an empty address space",
     .user =
         ACTION(sim_verb_process, ON_MACHINE,
                .help = "Answers NoMemory.  It is a leak at the end of the script until `exit`.")},
    {.name = "map",
     .grammar = "HANDLE at ADDR [size NUMBER] [(none|r|rw|rx|rwx)] [shared] "
                "[from HANDLE] [or NAME]",
     .example = "map p at 0x1000 size 8K rw",
     .summary = "give a process an area of memory",
     .user = ACTION(
         sim_verb_map, ON_MACHINE,
         .help = "One page, rw and private unless it says otherwise.  Private pages are made\n"
                 "on the first access; shared ones now.  With `from`, the area shows the\n"
                 "frames of an untyped handle.  Answers Mapped, InvalidArgs, NoMemory.\n"
                 "Points: grace.enter pte.walk pt.lock pte.load pte.store pt.meta.")},
    {.name = "unmap",
     .grammar = "HANDLE at ADDR [size NUMBER] [noflush] [or NAME]",
     .example = "unmap p at 0x1000 size 8K",
     .summary = "take memory from a process",
     .user = ACTION(sim_verb_unmap, ON_MACHINE,
                    .help = "Entries are cleared, then flushed on all CPUs, then the frames are\n"
                            "dropped.  With `noflush` the TLBs keep what they have: a mistake.\n"
                            "Answers InvalidArgs.")},
    {.name = "protect",
     .grammar = "HANDLE at ADDR (none|r|rw|rx|rwx) [size NUMBER] [noflush] [or NAME]",
     .example = "protect p at 0x1000 r",
     .summary = "give memory of a process other rights",
     .user = ACTION(sim_verb_protect, ON_MACHINE,
                    .help = "Answers NotMapped if there is a hole, InvalidArgs.")},
    {.name = "fork",
     .grammar = "HANDLE [noflush] [-> BIND]",
     .example = "fork p -> q",
     .summary = "a copy of a process; frames are shared until one of them writes",
     .user =
         ACTION(sim_verb_fork, ON_MACHINE,
                .help = "Private pages lose their write permission in both.  With `noflush` the\n"
                        "parent's TLB keeps it: a mistake.  Answers NoMemory.")},
    {.name = "exec",
     .grammar = "HANDLE",
     .example = "exec p",
     .summary = "a process gives all of its memory up",
     .user = ACTION(sim_verb_exec, ON_MACHINE)},
    {.name = "exit",
     .grammar = "HANDLE",
     .example = "exit p",
     .summary = "the end of a process",
     .user = ACTION(sim_verb_exit, ON_MACHINE, .help = "CPUs that ran it run no process.")},
    {.name = "activate",
     .grammar = "HANDLE",
     .example = "activate p",
     .summary = "let this CPU run a process: a load of CR3",
     .user =
         ACTION(sim_verb_activate, ON_MACHINE,
                .help = "It flushes the TLB but for global entries.  `read`, `write` and `fetch`\n"
                        "do it by themselves.")},
    {.name = "flush",
     .grammar = "[cpu NUMBER] [at ADDR] [size NUMBER]",
     .example = "flush at 0x1000 size 8K",
     .summary = "forget translations, on all CPUs unless it names one",
     .user = ACTION(sim_verb_flush, ON_MACHINE,
                    .help = "All of them, global ones too, unless an address is given.")},
    {.name = "fetch",
     .grammar = "HANDLE at ADDR [or NAME]",
     .example = "fetch p at 0x1000",
     .summary = "let a process fetch an instruction",
     .user = ACTION(sim_verb_fetch, ON_MACHINE, .help = "Answers Fault, NoMemory.")},
    {.name = "translate",
     .grammar = "HANDLE at ADDR [(read|write|fetch)]",
     .example = "translate p at 0x1234",
     .summary = "show the way of an address through the tables, level by level",
     .user = ACTION(sim_verb_translate, ON_MACHINE,
                    .help = "It only looks: no bit is set, and no TLB is asked.")},
    {.name = "workload",
     .grammar = "(churn|bulk|random|fork-storm|page-cache|stacks) [KEYS]",
     .example = "workload churn { ops 5000  orders 0:8 9:1  live 500 }",
     .summary = "generated allocations and frees; at its end all is given back",
     .keys = sim_workload_syntax,
     .user = ACTION(
         sim_verb_workload, ON_MACHINE, .main_only = true,
         .help = "One step.  churn: blocks of random lifetimes.  bulk: memory is filled, and\n"
                 "most of it given back.  random: any block may go next.  fork-storm: waves of\n"
                 "processes that share their pages and copy what they write.  page-cache: frames\n"
                 "pile up until the oldest go.  stacks: each CPU frees what it took last.\n"
                 "The same parameters and seed draw the same.  Frames are not zeroed.")},
    {.name = "poke",
     .grammar = "ADDR (ref_count|vtable_ptr|in_list|storage) = NUMBER [at NUMBER]",
     .example = "poke 0x2345000 ref_count = 0x7fffffffffffffff",
     .summary = "write a raw field of a slot, past all rules",
     .user =
         ACTION(sim_verb_poke, ON_MACHINE, .when_dead = true,
                .help = "This is how overflow and corruption are shown.  Storage takes 8 bytes at\n"
                        "byte 0, or where `at` says.")},
    {.name = "unsafe",
     .grammar = "(drop|drop_unique|clone|into_raw|from_raw|shared|reset|typed) ADDR [-> BIND]",
     .example = "unsafe drop 0x2345000",
     .summary = "an operation by somebody who has no handle for the frame",
     .user =
         ACTION(sim_verb_unsafe, ON_MACHINE,
                .help = "A mistake on purpose: a double drop, a use after the drop, a reference\n"
                        "forgotten twice.  The contract says what is broken, and the machine does\n"
                        "what the kernel would.  Only clone and from_raw can bind a handle.")},
    {.name = "show",
     .grammar = "frame ADDR ; segment HANDLE ; list HANDLE ; cpu NUMBER ; "
                "map HANDLE ; tree HANDLE ; tlb NUMBER ; "
                "(handles|freelist|frames|regions|machine|digest)",
     .example = "show frame f",
     .summary = "print a slot, a handle, the allocator, or the machine",
     .user =
         ACTION(sim_verb_show, ON_MACHINE, .when_dead = true,
                .help = "`freelist` is what the allocator holds as free; `cpu` is what belongs to\n"
                        "one CPU: its share of the free bytes, its pool and its caches.  `map` is\n"
                        "a process's areas and pages, `tree` its tables, `tlb` a CPU's TLB.")},
    {.name = "check",
     .grammar = "",
     .example = "check",
     .summary = "check every slot: states, types, counts against holders",
     .user =
         ACTION(sim_verb_check, ON_MACHINE, .main_only = true, .when_dead = true,
                .help = "Every slot, and who holds its frame.  Links of lists, chunks of the\n"
                        "allocator and the insides of page tables are not looked at, but for the\n"
                        "references that they are.")},
    SIM_VERBS_LAB,
    SIM_VERBS_EXPLORE,
    {0},
};

const char *const sim_run_queries[] = {"refcount", "state", "type",   "paddr", "holders",
                                       "in_list",  "size",  "length", "bound", NULL};

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
