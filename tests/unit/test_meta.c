/* SPDX-License-Identifier: MPL-2.0 */
/* Metadata types: the records in RAM, registration and its limits, types without code. */
#include <fm/boot.h>
#include <string.h>

#include "tests/support.h"

static void on_drop(struct fm_kernel *kernel, void *meta, struct fm_reader *reader)
{
  (void)kernel;
  (void)reader;
  *(uint8_t *)meta = 0xee;
}

static void destroy(struct fm_kernel *kernel, void *meta)
{
  (void)kernel;
  (void)meta;
}

static struct fm_meta_type plain_type(const char *name)
{
  return (struct fm_meta_type){.name = name, .size = 8, .align = 8};
}

START_TEST(built_in_types_have_records_in_ram)
{
  static const struct {
    const char *name;
    uint16_t size;
    uint32_t flags;
  } rows[FM_META_BUILTINS] = {
      {"anon", 0, FM_META_UNTYPED},
      {"meta-page", 0, 0},
      {"early", 0, 0},
      {"unusable", 0, 0},
      {"reserved", 0, 0},
      {"kernel", 0, 0},
      {"page-table", 16, FM_META_ON_DROP},
      {"link", 16, 0},
      {"typed", 0, 0},
      {"free-head", 24, 0},
  };
  ck_assert_uint_eq(test_kernel()->nr_vtables, FM_META_BUILTINS);
  for (uint32_t i = 0; i < FM_META_BUILTINS; i++) {
    const struct fm_vtable *record = fm_kernel_vtable(test_kernel(), i);
    fm_meta_id id;
    ck_assert_str_eq(record->name, rows[i].name);
    ck_assert_uint_eq(record->size, rows[i].size);
    ck_assert_uint_eq(record->flags, rows[i].flags);
    ck_assert_uint_eq(record->number, i);
    ck_assert(sim_machine_type(test_machine, rows[i].name, &id));
    ck_assert_uint_eq(id.number, i);
    ck_assert_uint_eq(id.size, rows[i].size);
  }
}
END_TEST

START_TEST(the_limits_of_a_type_are_kept)
{
  static const struct {
    const char *name;
    uint16_t size, align;
    uint32_t flags;
    enum fm_meta_status status;
  } rows[] = {
      {"a", 0, 1, 0, FM_META_OK},
      {"a", 40, 8, 0, FM_META_OK},
      {"a", 41, 8, 0, FM_META_TOO_LARGE},
      {"a", UINT16_MAX, 8, 0, FM_META_TOO_LARGE},
      {"a", 8, 64, 0, FM_META_OK},
      {"a", 8, 128, 0, FM_META_BAD_ALIGN},
      {"a", 8, 0, 0, FM_META_BAD_ALIGN},
      {"a", 8, 3, 0, FM_META_BAD_ALIGN},
      {NULL, 8, 8, 0, FM_META_BAD_NAME},
      {"", 8, 8, 0, FM_META_BAD_NAME},
      {"1234567890123456789012345678901", 8, 8, 0, FM_META_OK},
      {"12345678901234567890123456789012", 8, 8, 0, FM_META_BAD_NAME},
      {"a", 8, 8, FM_META_UNTYPED, FM_META_OK},
      {"a", 8, 8, FM_META_ON_DROP, FM_META_BAD_FLAGS},
      {"a", 8, 8, FM_META_DESTROY, FM_META_BAD_FLAGS},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct fm_meta_type type = {
        .name = rows[i].name, .size = rows[i].size, .align = rows[i].align, .flags = rows[i].flags};
    uint32_t number = 1234;
    ck_assert_int_eq(fm_meta_check(&type), rows[i].status);
    if (rows[i].status != FM_META_OK) {
      ck_assert_int_eq(sim_machine_register(test_machine, &type, &number), rows[i].status);
      ck_assert_uint_eq(number, 1234);
    }
  }
}
END_TEST

START_TEST(a_type_may_not_hide_its_code)
{
  struct fm_meta_type type = plain_type("hider");

  type.on_drop = on_drop;
  ck_assert_int_eq(fm_meta_check(&type), FM_META_BAD_FLAGS);
  type.flags = FM_META_ON_DROP;
  ck_assert_int_eq(fm_meta_check(&type), FM_META_OK);
  type.destroy = destroy;
  ck_assert_int_eq(fm_meta_check(&type), FM_META_BAD_FLAGS);
}
END_TEST

START_TEST(a_registered_type_is_found_by_its_name)
{
  static const struct fm_meta_type type = {
      .name = "mine", .size = 24, .align = 4, .flags = FM_META_UNTYPED};
  const struct fm_ops *ops = test_use_build(_i);
  fm_meta_id id = test_register(&type), found;
  uint8_t bytes[24] = {1, 2, 3};

  ck_assert_uint_eq(id.number, FM_META_BUILTINS);
  ck_assert(sim_machine_type(test_machine, "mine", &found));
  ck_assert_uint_eq(found.number, id.number);
  ck_assert_uint_eq(found.size, 24);
  ck_assert(!sim_machine_type(test_machine, "min", &found));
  ck_assert_ptr_eq(fm_meta_type(id.number), &type);

  struct fm_frame frame = test_claim(TEST_FRAME, id, bytes);
  ck_assert_str_eq(fm_frame_vtable(frame)->name, "mine");
  ck_assert_uint_eq(fm_frame_vtable(frame)->align, 4);
  ops->frame_drop(test_kernel(), frame);
}
END_TEST

START_TEST(names_of_types_are_unique)
{
  struct fm_meta_type mine = plain_type("mine"), built_in = plain_type("anon");
  struct fm_meta_type longer = plain_type("mine2"), shorter = plain_type("min");
  uint32_t number;

  ck_assert_int_eq(sim_machine_register(test_machine, &built_in, &number), FM_META_BAD_NAME);
  ck_assert_int_eq(sim_machine_register(test_machine, &mine, &number), FM_META_OK);
  ck_assert_int_eq(sim_machine_register(test_machine, &mine, &number), FM_META_BAD_NAME);
  ck_assert_int_eq(sim_machine_register(test_machine, &longer, &number), FM_META_OK);
  ck_assert_int_eq(sim_machine_register(test_machine, &shorter, &number), FM_META_OK);
}
END_TEST

START_TEST(the_table_of_types_holds_64)
{
  static char names[FM_META_TYPES_MAX + 1][8];
  static struct fm_meta_type types[FM_META_TYPES_MAX + 1];
  uint32_t number;

  test_use_build(_i);
  for (uint32_t i = FM_META_BUILTINS; i <= FM_META_TYPES_MAX; i++) {
    g_snprintf(names[i], sizeof(names[i]), "t%u", i);
    types[i] = plain_type(names[i]);
    number = 0;
    ck_assert_int_eq(sim_machine_register(test_machine, &types[i], &number),
                     i < FM_META_TYPES_MAX ? FM_META_OK : FM_META_FULL);
    ck_assert_uint_eq(number, i < FM_META_TYPES_MAX ? i : 0);
  }
  ck_assert_uint_eq(test_kernel()->nr_vtables, 64);
  /* What lies behind the table is not touched. */
  ck_assert_uint_eq(fm_kernel_vtable(test_kernel(), 64)->name[0], 0);
}
END_TEST

static void run_drop(void *data)
{
  sim_machine_ops(test_machine)->frame_drop(test_kernel(), *(struct fm_frame *)data);
}

START_TEST(a_frame_whose_type_has_no_code_ends_the_machine_when_dropped)
{
  static const struct fm_meta_type type = {
      .name = "lost", .size = 8, .align = 8, .flags = FM_META_ON_DROP, .on_drop = on_drop};
  uint64_t meta = 0;
  struct fm_frame frame = test_claim(TEST_FRAME, test_register(&type), &meta);

  test_use_build(_i);
  fm_kernel_vtable(test_kernel(), FM_META_BUILTINS)->number = 60;
  test_expect_panic(run_drop, &frame, "the vtable of a frame names a metadata type without code");
}
END_TEST

Suite *fm_test_suite(void)
{
  Suite *suite = suite_create("meta");
  TCase *tc = tcase_create("meta");

  tcase_add_checked_fixture(tc, test_setup, test_teardown);
  tcase_add_test(tc, built_in_types_have_records_in_ram);
  tcase_add_test(tc, the_limits_of_a_type_are_kept);
  tcase_add_test(tc, a_type_may_not_hide_its_code);
  tcase_add_loop_test(tc, a_registered_type_is_found_by_its_name, 0, TEST_BUILDS);
  tcase_add_test(tc, names_of_types_are_unique);
  tcase_add_loop_test(tc, the_table_of_types_holds_64, 0, TEST_BUILDS);
  tcase_add_loop_test(tc, a_frame_whose_type_has_no_code_ends_the_machine_when_dropped, 0,
                      TEST_BUILDS);
  suite_add_tcase(suite, tc);
  return suite;
}
