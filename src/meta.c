/* SPDX-License-Identifier: MPL-2.0 */
/* Metadata types: the built-in ones, registration, and running a type's drop. */
#include <fm/boot.h>
#include <fm/kernel.h>
#include <fm/meta.h>
#include <fm/node.h>

FM_STATIC_ASSERT(sizeof(struct fm_page_table_meta) <= FM_META_MAX_SIZE, "fits a slot");
FM_STATIC_ASSERT(sizeof(struct fm_link_meta) <= FM_META_MAX_SIZE, "fits a slot");
FM_STATIC_ASSERT(FM_META_BUILTINS <= FM_META_TYPES_MAX, "built-in types fit the vtable page");

static const struct fm_meta_type builtins[FM_META_BUILTINS] = {
    [FM_META_ANON] = {.name = "anon", .align = 1, .flags = FM_META_UNTYPED},
    [FM_META_META_PAGE] = {.name = "meta-page", .align = 1},
    [FM_META_EARLY] = {.name = "early", .align = 1},
    [FM_META_UNUSABLE] = {.name = "unusable", .align = 1},
    [FM_META_RESERVED] = {.name = "reserved", .align = 1},
    [FM_META_KERNEL] = {.name = "kernel", .align = 1},
    [FM_META_PAGE_TABLE] = {.name = "page-table",
                            .size = sizeof(struct fm_page_table_meta),
                            .align = FM_ALIGNOF(struct fm_page_table_meta),
                            .flags = FM_META_ON_DROP,
                            .on_drop = fm_node_on_drop},
    [FM_META_LINK] = {.name = "link",
                      .size = sizeof(struct fm_link_meta),
                      .align = FM_ALIGNOF(struct fm_link_meta)},
    [FM_META_FREE_HEAD] = {.name = "free-head",
                           .size = sizeof(struct fm_free_head_meta),
                           .align = FM_ALIGNOF(struct fm_free_head_meta)},
    [FM_META_TYPED] = {.name = "typed", .align = 1},
};

const struct fm_meta_type *fm_meta_type(uint32_t number)
{
  if (number < FM_META_BUILTINS)
    return &builtins[number];
  return fm_port_meta_type(number);
}

static size_t name_length(const char *name)
{
  size_t length = 0;
  while (length < FM_META_NAME_SIZE && name[length] != '\0')
    length++;
  return length;
}

enum fm_meta_status fm_meta_check(const struct fm_meta_type *type)
{
  size_t length = type->name == NULL ? 0 : name_length(type->name);

  if (length == 0 || length >= FM_META_NAME_SIZE)
    return FM_META_BAD_NAME;
  if (type->size > FM_META_MAX_SIZE)
    return FM_META_TOO_LARGE;
  if (type->align == 0 || FM_META_MAX_ALIGN % type->align != 0)
    return FM_META_BAD_ALIGN;
  if (((type->flags & FM_META_ON_DROP) != 0) != (type->on_drop != NULL) ||
      ((type->flags & FM_META_DESTROY) != 0) != (type->destroy != NULL))
    return FM_META_BAD_FLAGS;
  return FM_META_OK;
}

static void write_record(struct fm_vtable *record, const struct fm_meta_type *type, uint32_t number)
{
  __builtin_memset(record, 0, sizeof(*record));
  __builtin_memcpy(record->name, type->name, name_length(type->name));
  record->size = type->size;
  record->align = type->align;
  record->flags = type->flags;
  record->number = number;
}

uint32_t fm_boot_write_vtables(struct fm_vtable *records)
{
  for (uint32_t number = 0; number < FM_META_BUILTINS; number++)
    write_record(&records[number], &builtins[number], number);
  return FM_META_BUILTINS;
}

enum fm_meta_status fm_meta_register(struct fm_kernel *kernel, const struct fm_meta_type *type,
                                     uint32_t *ret_number)
{
  enum fm_meta_status status = fm_meta_check(type);
  if (status != FM_META_OK)
    return status;
  if (kernel->nr_vtables == FM_META_TYPES_MAX)
    return FM_META_FULL;

  size_t length = name_length(type->name) + 1;
  for (uint32_t number = 0; number < kernel->nr_vtables; number++)
    if (__builtin_memcmp(fm_kernel_vtable(kernel, number)->name, type->name, length) == 0)
      return FM_META_BAD_NAME;

  *ret_number = kernel->nr_vtables;
  write_record(fm_kernel_vtable(kernel, *ret_number), type, *ret_number);
  kernel->nr_vtables++;
  return FM_META_OK;
}

void fm_meta_run_drop(struct fm_kernel *kernel, const struct fm_vtable *vtable, void *slot_storage,
                      fm_paddr frame)
{
  const struct fm_meta_type *type = fm_meta_type(vtable->number);
  if (type == NULL)
    fm_port_panic("the vtable of a frame names a metadata type without code");

  if (type->on_drop != NULL) {
    struct fm_reader reader = {.at = frame, .left = FM_PAGE_SIZE};
    type->on_drop(kernel, slot_storage, &reader);
  }
  if (type->destroy != NULL)
    type->destroy(kernel, slot_storage);
}
