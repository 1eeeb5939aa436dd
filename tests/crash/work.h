/* SPDX-License-Identifier: MPL-2.0 */
/* The script that is killed: frames, segments, lists and processes, on both CPUs. */
#ifndef TESTS_CRASH_WORK_H
#define TESTS_CRASH_WORK_H

#define WORK                                                                                       \
  "boot\n"                                                                                         \
  "alloc dirty -> f\n"                                                                             \
  "clone f -> g\n"                                                                                 \
  "get paddr(f) -> h\n"                                                                            \
  "drop g\n"                                                                                       \
  "drop h\n"                                                                                       \
  "unique f -> u\n"                                                                                \
  "repurpose u as link meta 77\n"                                                                  \
  "shared u -> f\n"                                                                                \
  "unique f\n"                                                                                     \
  "into_raw f -> r\n"                                                                              \
  "from_raw r unique -> f\n"                                                                       \
  "shared f\n"                                                                                     \
  "dynamic f\n"                                                                                    \
  "alloc frames 6 dirty -> s\n"                                                                    \
  "split s at 8K -> t\n"                                                                           \
  "slice t 0..8K -> v\n"                                                                           \
  "next t -> n\n"                                                                                  \
  "drop t\n"                                                                                       \
  "clone s -> c\n"                                                                                 \
  "into_raw c\n"                                                                                   \
  "alloc frames 9 dirty -> w\n"                                                                    \
  "drop w\n"                                                                                       \
  "list l\n"                                                                                       \
  "for i in 0..4 { alloc dirty as link -> x; unique x; push l x }\n"                               \
  "alloc dirty as link -> x; unique x; push l x back\n"                                            \
  "pop l -> a\n"                                                                                   \
  "pop l back -> b\n"                                                                              \
  "cursor l -> k\n"                                                                                \
  "next k\n"                                                                                       \
  "take k -> d\n"                                                                                  \
  "insert k a\n"                                                                                   \
  "drop k\n"                                                                                       \
  "list m\n"                                                                                       \
  "push m d; push m b\n"                                                                           \
  "drop m\n"                                                                                       \
  "pool p\n"                                                                                       \
  "repeat 12 { alloc -> p }\n"                                                                     \
  "on cpu 1 { repeat 9 { drop any p } }\n"                                                         \
  "process q\n"                                                                                    \
  "map q at 0x10000 size 16K shared\n"                                                             \
  "write q at 0x10000 1111\n"                                                                      \
  "map q at 0x40000000 size 12K\n"                                                                 \
  "write q at 0x40000000 2222\n"                                                                   \
  "write q at 0x40002000 3333\n"                                                                   \
  "activate q\n"                                                                                   \
  "fork q -> o\n"                                                                                  \
  "write o at 0x40000000 4444\n"                                                                   \
  "write q at 0x40002000 5555\n"                                                                   \
  "protect o at 0x10000 r size 8K\n"                                                               \
  "unmap q at 0x11000 size 8K\n"                                                                   \
  "alloc frames 3 dirty -> y\n"                                                                    \
  "map o at 0x80000000 from y\n"                                                                   \
  "drop y\n"                                                                                       \
  "on cpu 1 { activate o }\n"                                                                      \
  "exec o\n"                                                                                       \
  "exit q\n"                                                                                       \
  "process z\n"                                                                                    \
  "map z at 0x200000 size 8K shared\n"                                                             \
  "fork z -> z2\n"                                                                                 \
  "exit z\n"                                                                                       \
  "thread A cpu 0 { alloc -> e; clone e -> e2; drop e }\n"                                         \
  "thread B cpu 1 { get paddr(s) -> e3 or lost; exit z2 }\n"                                       \
  "schedule A:3 B:2 A:1 B:5 A:* B:*\n"

#endif
