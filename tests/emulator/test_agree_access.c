/* SPDX-License-Identifier: MPL-2.0 */
/*
 * Reads, writes and fetches, from kernel and user mode: sim_mmu_walk() raises the exception that
 * the emulator's processor raises, with the same error code, and leaves the same marks.
 *
 * The processor goes first, so it finds no mark that was not its own.  Another seed:
 * FM_TEST_SEED=N.
 */
#include <inttypes.h>

#include "tests/emulator/agree.h"
#include "tests/emulator/cpu.h"
#include "tests/unit/process_support.h"

#define PAGES   48u
#define SAMPLES 40u

/* One page with all rights, whose tables below the root have nothing else. */
#define FAR (UINT64_C(1) << 42)

#define FREE_MEMORY (6 * MIB) /* without a page table */

enum { REQUESTS = 6 };

static struct sim_rng rng;
static struct sim_process *process;
static uint64_t root;
static uint64_t nr_compared;
static uint64_t nr_raised;

/* ---- Comparing ---- */

static bool walk(struct sim_request request, struct sim_translation *ret)
{
  return sim_mmu_walk(test_machine, fm_paddr_of(root), request, ret, &fault);
}

static struct cpu_outcome our_outcome(struct sim_request request, uint8_t byte)
{
  struct sim_translation ours;
  struct cpu_outcome outcome = {CPU_NO_EXCEPTION, 0, 0, 0};
  if (walk(request, &ours)) {
    outcome.byte = byte;
    return outcome;
  }
  ck_assert(fault.kind == SIM_FAULT_PAGE || fault.kind == SIM_FAULT_PROTECTION);
  outcome.vector = fault.kind == SIM_FAULT_PAGE ? CPU_PAGE_FAULT : CPU_GENERAL_PROTECTION;
  outcome.code = fault.code;
  outcome.address = fault.kind == SIM_FAULT_PAGE ? fault.va : 0;
  return outcome;
}

/* A processor reports a reserved bit in an entry that is present, so it reports the presence
 * too (Intel, volume 3, "Page-fault exceptions": bit 3 can be set only if bit 0 is).  The
 * emulator, at least version 7.2, leaves that out. */
static uint32_t with_presence(uint32_t code)
{
  return (code & SIM_FAULT_RESERVED) != 0 ? code | SIM_FAULT_PRESENT : code;
}

/* NULL: the same. */
static char *disagreement_at(struct sim_request request)
{
  struct sim_translation quiet;
  struct sim_request look = request;
  uint8_t byte = 0;
  look.quiet = true;
  bool reaches = walk(look, &quiet);
  if (reaches)
    emulator_read(quiet.paddr.raw, &byte, 1);
  struct cpu_outcome theirs = cpu_access(request, byte, reaches ? quiet.paddr.raw : 0);
  struct cpu_outcome ours = our_outcome(request, byte);
  theirs.code = with_presence(theirs.code);
  nr_compared++;
  nr_raised += ours.vector != CPU_NO_EXCEPTION;
  if (ours.vector == theirs.vector && ours.code == theirs.code && ours.address == theirs.address &&
      (request.access != SIM_ACCESS_READ || ours.byte == theirs.byte))
    return NULL;
  return g_strdup_printf(
      "access %d of 0x%" PRIx64 ", user %d: vector %u, code 0x%x, address 0x%" PRIx64
      ", byte 0x%x; the emulator: %u, 0x%x, 0x%" PRIx64 ", 0x%x",
      request.access, request.va, request.user, ours.vector, ours.code, ours.address, ours.byte,
      theirs.vector, theirs.code, theirs.address, theirs.byte);
}

/* Read, write, fetch; by the supervisor and by the user. */
static struct sim_request request_of(unsigned number, uint64_t va)
{
  return (struct sim_request){
      .va = va, .access = (enum sim_access)(number % 3), .user = number >= 3};
}

/* Reads first, writes last: so the marks of each kind show before the next one makes more. */
static const unsigned in_order[REQUESTS] = {0, 3, 2, 5, 1, 4};

static void compare_one(unsigned number, uint64_t va)
{
  agree_expect(disagreement_at(request_of(number, va)));
}

static void compare_all(uint64_t va)
{
  for (unsigned i = 0; i < REQUESTS; i++)
    compare_one(i, va);
}

static void compare_marks(void)
{
  uint64_t count = 0;
  agree_expect(agree_on_leaves(&count));
  agree_expect(agree_on_rights(&count));
  ck_assert_uint_gt(count, 0);
}

/* What our unit would have marked if it had been the processor of the emulator. */
static void mark(uint64_t va, enum sim_access access)
{
  struct sim_translation ours;
  ck_assert(walk((struct sim_request){.va = va, .access = access}, &ours));
}

/* ---- Fixture ---- */

static void begin(uint64_t new_root)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t paddr = kernel->image_base + kernel->image_size - FM_PAGE_SIZE;
  uint64_t va = fm_image_kaddr(fm_paddr_of(paddr)).raw;
  root = new_root;
  nr_compared = nr_raised = 0;
  agree_use(root);
  cpu_begin(root, va, paddr);
  mark(va, SIM_ACCESS_EXEC);
  mark(va, SIM_ACCESS_WRITE);
}

/* A process with pages of all rights, private, shared with a child, copied and untouched; one
 * more page has the code of user mode. */
static void setup(void)
{
  static const uint32_t rights[] = {0, RIGHTS_R, RIGHTS_RW, RIGHTS_R | RIGHTS_X,
                                    RIGHTS_RW | RIGHTS_X};
  const uint64_t user_page = page(PAGES + 4);
  g_autofree char *ram_file = agree_ram_file();
  process_boot_in(ram_file, TEST_RAM, 2, 0);
  agree_begin(ram_file);
  sim_rng_init(&rng, agree_seed(), "agree access");
  process = spawn("parent");
  map(process, 0, PAGES, RIGHTS_RW, false);
  for (uint64_t i = 0; i < PAGES; i++)
    if (i % 8 != 7) /* else: not there yet */
      write_at(process, page(i), (uint8_t)(i + 1));
  fork_of(process, true);
  for (uint64_t i = 0; i < PAGES; i += 2)
    write_at(process, page(i), 100);
  for (uint64_t i = 0; i < PAGES; i++)
    expect_answer(sim_process_protect(os, process, page(i), FM_PAGE_SIZE,
                                      rights[i % G_N_ELEMENTS(rights)], true),
                  "Ok");
  for (uint64_t i = 2; i < PAGES; i += 4)
    (void)try_write(process, page(i), 101);
  expect_answer(sim_process_map(os, process, FAR, FM_PAGE_SIZE, RIGHTS_RW | RIGHTS_X, false), "Ok");
  write_at(process, FAR, 1);
  map(process, PAGES + 4, 1, RIGHTS_R | RIGHTS_X, false);
  expect_answer(try_fetch(process, user_page), "Ok");
  begin(fm_frame_paddr(process->space.root).raw);
  cpu_user_page(user_page, frame_at(process, user_page));
}

static void teardown(void)
{
  emulator_stop();
  process_teardown();
}

/* ---- They agree ---- */

START_TEST(accesses_of_a_process_end_as_those_of_the_processor)
{
  for (unsigned i = 0; i < REQUESTS; i++) {
    for (uint64_t j = 0; j < PAGES + 2; j++)
      compare_one(in_order[i], page(j) + sim_rng_below(&rng, FM_PAGE_SIZE));
    compare_marks();
  }
  ck_assert_uint_eq(nr_compared, REQUESTS * (PAGES + 2));
  ck_assert_uint_gt(nr_raised, nr_compared / 4);
  ck_assert_uint_lt(nr_raised, nr_compared * 3 / 4);
}
END_TEST

static uint64_t any_memory(void)
{
  uint64_t paddr;
  do
    paddr = sim_rng_below(&rng, test_kernel()->max_paddr);
  while (paddr >= EMULATOR_ROM_START && paddr < EMULATOR_ROM_END);
  return paddr;
}

/* Addresses of the kernel, and such that are nobody's. */
static void compare_kernel_addresses(unsigned number)
{
  const struct fm_kernel *kernel = test_kernel();
  uint64_t image = fm_image_kaddr(fm_paddr_of(kernel->image_base)).raw;
  for (unsigned i = 0; i < SAMPLES; i++) {
    compare_one(number, FM_LINEAR_BASE + any_memory());
    compare_one(number, FM_META_BASE + sim_rng_below(&rng, kernel->meta_size));
    compare_one(number, image + sim_rng_below(&rng, kernel->image_size - FM_PAGE_SIZE));
    compare_one(number, FM_META_BASE + GIB + sim_rng_below(&rng, GIB)); /* beyond the slots */
    compare_one(number, (UINT64_C(1) << 47) +
                            sim_rng_below(&rng, -(UINT64_C(1) << 48))); /* not canonical */
    compare_one(number, sim_rng_below(&rng, UINT64_C(1) << 47) | UINT64_C(1) << 46);
  }
}

START_TEST(accesses_of_the_kernels_half_end_as_those_of_the_processor)
{
  for (unsigned i = 0; i < REQUESTS; i++) {
    compare_kernel_addresses(in_order[i]);
    compare_marks();
  }
  ck_assert_uint_eq(nr_compared, UINT64_C(6) * REQUESTS * SAMPLES);
}
END_TEST

/* Without a process there is no code for user mode, so it can only try to fetch. */
START_TEST(accesses_through_huge_pages_end_as_those_of_the_processor)
{
  struct test_config config;
  test_config_init(&config);
  config.ram = 2 * GIB;
  config.stage = FM_STAGE_DONE;
  config.sim.linear_map = _i == 0 ? FM_LINEAR_4K : FM_LINEAR_LARGEST;
  agree_boot(&config);
  sim_rng_init(&rng, agree_seed(), "agree huge");
  begin(test_kernel()->kernel_root);
  for (unsigned i = 0; i < REQUESTS; i++) {
    struct sim_request request = request_of(in_order[i], 0);
    if (request.user && request.access != SIM_ACCESS_EXEC)
      continue;
    compare_kernel_addresses(in_order[i]);
    compare_marks();
  }
  ck_assert_uint_eq(nr_compared, UINT64_C(6) * 4 * SAMPLES);
}
END_TEST

/* ---- Entries by hand ---- */

/* Changes an entry for both. */
static void set_entry(uint64_t where, uint64_t value)
{
  __atomic_store_n((uint64_t *)fm_linear(fm_paddr_of(where), sizeof(value)), value,
                   __ATOMIC_RELEASE);
  emulator_poke(where, value);
  emulator_use(root); /* forgets translations */
}

/* The entry on the way to `va` at that level: where it is. */
static uint64_t entry_at(uint64_t va, uint32_t level, uint64_t *ret)
{
  struct sim_translation ours;
  (void)walk((struct sim_request){.va = va, .quiet = true}, &ours);
  const struct sim_walk_step *step = &ours.steps[FM_PT_LEVELS - level];
  ck_assert_uint_eq(step->level, level);
  *ret = step->pte.raw;
  return step->node.raw + step->index * sizeof(fm_pte);
}

/* Every entry on the way to a page with all rights loses, or gets, each of these bits: rights,
 * presence, and the bit that is reserved in the root. */
START_TEST(an_entry_with_another_bit_raises_what_the_processor_raises)
{
  static const uint64_t bits[] = {0, FM_PTE_PRESENT, FM_PTE_WRITABLE, FM_PTE_USER,
                                  FM_PTE_NO_EXECUTE};
  uint64_t entry;
  for (uint32_t level = 1; level <= FM_PT_LEVELS; level++) {
    uint64_t where = entry_at(FAR, level, &entry);
    for (unsigned i = 0; i < G_N_ELEMENTS(bits); i++)
      for (unsigned j = 0; j <= i; j++) {
        set_entry(where, entry ^ bits[i] ^ (i != j ? bits[j] : 0));
        compare_all(FAR + 5);
      }
    if (level == FM_PT_LEVELS) {
      set_entry(where, entry | FM_PTE_LEAF);
      compare_all(FAR + 5);
      ck_assert_uint_eq(fault.code & SIM_FAULT_RESERVED, SIM_FAULT_RESERVED);
    }
    set_entry(where, entry);
  }
  ck_assert_uint_eq(nr_compared, UINT64_C(4) * 15 * REQUESTS + REQUESTS);
}
END_TEST

/* The low bits of the address in an entry for a huge page: one is for caching, the others are
 * reserved. */
START_TEST(reserved_bits_of_huge_pages_raise_what_the_processor_raises)
{
  uint32_t level = 2 + (uint32_t)_i;
  uint64_t entry;
  uint64_t where = entry_at(FAR, level, &entry);
  uint64_t base = level == 2 ? FREE_MEMORY : 0;
  for (unsigned bit = 12; bit < 12 + 9 * (level - 1); bit++) {
    set_entry(where, base | FM_PTE_TABLE | FM_PTE_LEAF | UINT64_C(1) << bit);
    fault.kind = SIM_FAULT_NONE;
    compare_all(FAR + FREE_MEMORY - base + 3 * FM_PAGE_SIZE);
    ck_assert_int_eq(fault.kind == SIM_FAULT_PAGE, bit != 12);
  }
  set_entry(where, entry);
}
END_TEST

/* ---- They do not ---- */

START_TEST(an_access_that_ends_otherwise_is_reported)
{
  uint64_t entry;
  uint64_t where = entry_at(page(2), 1, &entry); /* of a page that may be written */
  ck_assert_uint_ne(entry & FM_PTE_WRITABLE, 0);
  emulator_poke(where, entry & ~FM_PTE_WRITABLE);
  emulator_use(root);
  agree_expect(disagreement_at((struct sim_request){.va = page(2), .access = SIM_ACCESS_READ}));
  g_autofree char *text =
      disagreement_at((struct sim_request){.va = page(2), .access = SIM_ACCESS_WRITE});
  ck_assert_ptr_nonnull(text);
}
END_TEST

/* Marks too: one that only our unit has made. */
START_TEST(a_mark_that_only_one_has_made_is_reported)
{
  uint64_t count = 0;
  compare_all(page(2));
  compare_marks();
  uint64_t untouched = FM_META_BASE + 9 * FM_PAGE_SIZE;
  mark(untouched, SIM_ACCESS_READ);
  emulator_poke(entry_at(untouched, 1, &count), count & ~FM_PTE_ACCESSED);
  g_autofree char *text = agree_on_leaves(&count);
  ck_assert_ptr_nonnull(text);
}
END_TEST

const char *fm_test_missing(void)
{
  return emulator_missing();
}

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("agree access");
  TCase *tc = tcase_create("process");
  TCase *huge = tcase_create("huge pages");

  emulator_adopt();
  tcase_set_timeout(tc, 100);
  tcase_set_timeout(huge, 100);
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, accesses_of_a_process_end_as_those_of_the_processor);
  tcase_add_test(tc, accesses_of_the_kernels_half_end_as_those_of_the_processor);
  tcase_add_test(tc, an_entry_with_another_bit_raises_what_the_processor_raises);
  tcase_add_loop_test(tc, reserved_bits_of_huge_pages_raise_what_the_processor_raises, 0, 2);
  tcase_add_test(tc, an_access_that_ends_otherwise_is_reported);
  tcase_add_test(tc, a_mark_that_only_one_has_made_is_reported);
  suite_add_tcase(suite, tc);
  tcase_add_checked_fixture(huge, NULL, agree_teardown);
  tcase_add_loop_test(huge, accesses_through_huge_pages_end_as_those_of_the_processor, 0, 2);
  suite_add_tcase(suite, huge);
  return suite;
}
