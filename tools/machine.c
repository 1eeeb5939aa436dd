/* SPDX-License-Identifier: MPL-2.0 */
/* The options of every verb that makes a machine. */
#include <string.h>

#include "sim/script/number.h"
#include "tools/cli.h"

void cli_machine_init(struct cli_machine *options)
{
  *options = (struct cli_machine){.cpus = 1};
}

GOptionEntry *cli_machine_entries(struct cli_machine *options)
{
  const GOptionEntry entries[] = {
      {"format", 0, 0, G_OPTION_ARG_STRING, &options->format, "Form of MAP (else found)", "NAME"},
      {"memory", 'm', 0, G_OPTION_ARG_STRING, &options->memory, "No map, but a PC with so much RAM",
       "SIZE"},
      {"cpus", 'c', 0, G_OPTION_ARG_INT, &options->cpus, "Number of CPUs, 1 to 64 (1)", "N"},
      {"allocator", 'a', 0, G_OPTION_ARG_STRING, &options->allocator,
       "buddy, bitmap or none (buddy)", "NAME"},
      {"kernel", 0, 0, G_OPTION_ARG_STRING, &options->kernel, "Where the kernel image goes",
       "BASE:SIZE"},
      {"linear-map", 0, 0, G_OPTION_ARG_STRING, &options->linear_map,
       "Page sizes of the boot: 4k or largest (4k)", "WHICH"},
      {"metadata", 0, 0, G_OPTION_ARG_STRING, &options->metadata,
       "When slots are written: eager or deferred", "WHEN"},
      {"initramfs", 0, 0, G_OPTION_ARG_STRING, &options->initramfs, "Where the loader put one",
       "BASE:SIZE"},
      {"cmdline-at", 0, 0, G_OPTION_ARG_STRING, &options->cmdline, "The kernel's command line",
       "BASE:SIZE"},
      {"framebuffer", 0, 0, G_OPTION_ARG_STRING, &options->framebuffer, "A screen's memory",
       "WxHxBPP@BASE"},
      {"top", 0, 0, G_OPTION_ARG_STRING, &options->top, "Slots up to the last physical or usable",
       "WHICH"},
      {"ram", 0, 0, G_OPTION_ARG_FILENAME, &options->ram_file, "Keep the RAM in this sparse file",
       "FILE"},
      G_OPTION_ENTRY_NULL,
  };
  return g_memdup2(entries, sizeof(entries));
}

void cli_machine_clear(struct cli_machine *options)
{
  g_free(options->format);
  g_free(options->memory);
  g_free(options->allocator);
  g_free(options->kernel);
  g_free(options->top);
  g_free(options->linear_map);
  g_free(options->metadata);
  g_free(options->initramfs);
  g_free(options->cmdline);
  g_free(options->framebuffer);
  g_free(options->ram_file);
  cli_machine_init(options);
}

/* BASE:SIZE; NULL: not given, and *ret stays. */
static int parse_extent(const char *verb, const char *option, const char *text,
                        struct sim_extent *ret)
{
  if (text == NULL)
    return -1;
  g_auto(GStrv) parts = g_strsplit(text, ":", 3);
  g_autoptr(GError) error = NULL;
  if (g_strv_length(parts) != 2)
    return cli_usage_error(verb, "%s wants BASE:SIZE, as in 32M:16M, not '%s'", option, text);
  if (!sim_number_parse(parts[0], &ret->base, &error) ||
      !sim_number_parse(parts[1], &ret->size, &error))
    return cli_usage_error(verb, "%s %s: %s", option, text, error->message);
  if (ret->size == 0)
    return cli_usage_error(verb, "%s %s: nothing is 0 bytes long", option, text);
  return -1;
}

/* WIDTHxHEIGHTxBPP@BASE */
static int parse_framebuffer(const char *verb, const char *text, struct sim_extent *ret)
{
  if (text == NULL)
    return -1;
  g_auto(GStrv) halves = g_strsplit(text, "@", 3);
  g_auto(GStrv) parts = g_strsplit(halves[0] != NULL ? halves[0] : "", "x", 4);
  g_autoptr(GError) error = NULL;
  uint64_t number[3];
  if (g_strv_length(halves) != 2 || g_strv_length(parts) != G_N_ELEMENTS(number))
    return cli_usage_error(
        verb, "--framebuffer wants WxHxBPP@BASE, as in 1024x768x32@0xe0000000, not '%s'", text);
  for (guint i = 0; i < G_N_ELEMENTS(number); i++)
    if (!sim_number_parse(parts[i], &number[i], &error))
      return cli_usage_error(verb, "--framebuffer %s: %s", text, error->message);
  if (!sim_number_parse(halves[1], &ret->base, &error))
    return cli_usage_error(verb, "--framebuffer %s: %s", text, error->message);
  if (!sim_framebuffer_size(number[0], number[1], number[2], &ret->size))
    return cli_usage_error(verb,
                           "--framebuffer %s: width and height are 1 to 65536, bits per pixel "
                           "1 to 64",
                           text);
  return -1;
}

/* Which of two words; NULL: not given, and *ret stays. */
static int parse_word(const char *verb, const char *option, const char *text, const char *zero,
                      const char *one, int *ret)
{
  if (text == NULL)
    return -1;
  *ret = strcmp(text, one) == 0;
  if (*ret == 0 && strcmp(text, zero) != 0)
    return cli_usage_error(verb, "%s must be %s or %s, not '%s'", option, zero, one, text);
  return -1;
}

static int parse_allocator(const char *verb, const char *text, struct sim_config *config)
{
  if (text == NULL)
    return -1;
  for (int kind = 0; kind < FM_ALLOCATORS; kind++)
    if (strcmp(text, fm_allocator_name((enum fm_allocator_kind)kind)) == 0) {
      config->allocator = (enum fm_allocator_kind)kind;
      return -1;
    }
  return cli_usage_error(verb, "--allocator must be buddy, bitmap or none, not '%s'", text);
}

static int parse_extents(const char *verb, const struct cli_machine *options,
                         struct sim_config *config)
{
  struct sim_extent kernel = {config->kernel_base, config->kernel_size};
  int status = parse_extent(verb, "--kernel", options->kernel, &kernel);
  if (status < 0)
    status = parse_extent(verb, "--initramfs", options->initramfs, &config->initramfs);
  if (status < 0)
    status = parse_extent(verb, "--cmdline-at", options->cmdline, &config->cmdline);
  if (status < 0)
    status = parse_framebuffer(verb, options->framebuffer, &config->framebuffer);
  config->kernel_given = options->kernel != NULL;
  config->kernel_base = kernel.base;
  config->kernel_size = kernel.size;
  return status;
}

static int parse_choices(const char *verb, const struct cli_machine *options,
                         struct sim_config *config)
{
  int top = config->top;
  int linear_map = config->linear_map;
  int metadata = config->metadata;
  if (options->cpus < 1 || options->cpus > (int)FM_CPUS_MAX)
    return cli_usage_error(verb, "--cpus must be 1 to %u, not %d", FM_CPUS_MAX, options->cpus);
  config->cpus = (uint32_t)options->cpus;
  config->ram_file = options->ram_file;

  int status = parse_allocator(verb, options->allocator, config);
  if (status < 0)
    status = parse_word(verb, "--top", options->top, "physical", "usable", &top);
  if (status < 0)
    status = parse_word(verb, "--linear-map", options->linear_map, "4k", "largest", &linear_map);
  if (status < 0)
    status = parse_word(verb, "--metadata", options->metadata, "eager", "deferred", &metadata);
  config->top = (enum fm_top)top;
  config->linear_map = (enum fm_linear_map)linear_map;
  config->metadata = (enum fm_metadata_mode)metadata;
  return status < 0 ? parse_extents(verb, options, config) : status;
}

int cli_machine_config(const char *verb, const struct cli_machine *options, const char *map_path,
                       sim_bootmap **ret_map, struct sim_config *config)
{
  GError *error = NULL;
  uint64_t size;

  if ((map_path != NULL) == (options->memory != NULL))
    return cli_usage_error(verb, map_path != NULL ? "either MAP or --memory, not both"
                                                  : "a MAP is missing (or --memory SIZE)");
  if (map_path != NULL) {
    *ret_map = sim_bootmap_load(map_path, options->format, &error);
  } else if (sim_number_parse(options->memory, &size, &error)) {
    *ret_map = sim_bootmap_new_ram(size);
  } else {
    g_autoptr(GError) owned = error;
    return cli_usage_error(verb, "--memory %s: %s", options->memory, owned->message);
  }
  if (*ret_map == NULL)
    return cli_fail(error);
  sim_config_init(config, *ret_map);
  return parse_choices(verb, options, config);
}
