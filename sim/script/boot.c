/* SPDX-License-Identifier: MPL-2.0 */
/* `machine { }` and `boot`. */
#include <inttypes.h>
#include <string.h>

#include "sim/error.h"
#include "sim/script/verbs.h"

#define DEFAULT_RAM (UINT64_C(64) << 20)

/* ---- machine { } ---- */

static bool key_number(sim_run *run, const struct sim_command *key, uint64_t *ret)
{
  return sim_run_number(run, sim_command_expr(key, "NUMBER"), ret);
}

/* A map's path is relative to the script that names it. */
static char *resolve(const struct sim_command *key, const char *path)
{
  const char *script = key->place.source->name;
  if (g_path_is_absolute(path) || g_str_has_prefix(script, "<"))
    return g_strdup(path);
  g_autofree char *folder = g_path_get_dirname(script);
  return strcmp(folder, ".") == 0 ? g_strdup(path) : g_build_filename(folder, path, NULL);
}

static enum sim_flow load_map(sim_run *run, const struct sim_command *key)
{
  g_autoptr(GError) error = NULL;
  struct sim_value path;
  const struct sim_expr *expr = sim_command_expr(key, "STRING");
  if (!sim_run_value(run, expr, &path))
    return SIM_FLOW_STOP;
  if (path.kind != SIM_VALUE_STRING)
    return sim_run_error(run, expr->place, NULL, "the map wants a path in quotes");
  g_autofree char *file = resolve(key, path.text);
  g_clear_pointer(&run->map, sim_bootmap_free);
  run->map = sim_bootmap_load(file, NULL, &error);
  if (run->map != NULL)
    return SIM_FLOW_NEXT;
  run->bad_input = true;
  if (strchr(g_strchomp(error->message), '\n') == NULL)
    return sim_run_error(run, expr->place, NULL, "%s", error->message);
  g_autofree char *below = g_strdup_printf("\n%s", error->message);
  return sim_run_error(run, expr->place, below, "this map cannot be used");
}

/* The lines of a map in our own form, with semicolons between them. */
static enum sim_flow set_regions(sim_run *run, const struct sim_command *key)
{
  g_autoptr(GError) error = NULL;
  struct sim_value text;
  const struct sim_expr *expr = sim_command_expr(key, "STRING");
  if (!sim_run_value(run, expr, &text))
    return SIM_FLOW_STOP;
  if (text.kind != SIM_VALUE_STRING)
    return sim_run_error(run, expr->place, NULL, "regions are a text in quotes");
  g_autofree char *lines = g_strdelimit(g_strdup(text.text), ";", '\n');
  sim_source *source = sim_source_new("<regions>", lines, strlen(lines));
  g_clear_pointer(&run->map, sim_bootmap_free);
  run->map = sim_bootmap_parse(source, "text", &error);
  sim_source_free(source);
  if (run->map != NULL)
    return SIM_FLOW_NEXT;
  g_autofree char *below = g_strdup_printf("\n%s", g_strchomp(error->message));
  return sim_run_error(run, expr->place, below, "these regions cannot be used");
}

static enum sim_flow set_ram(sim_run *run, const struct sim_command *key)
{
  uint64_t size;
  if (!key_number(run, key, &size))
    return SIM_FLOW_STOP;
  if (size == 0 || size > FM_WINDOW_ROOM)
    return sim_run_error(run, key->place, NULL,
                         "this machine cannot have 0x%" PRIx64 " bytes of RAM", size);
  g_clear_pointer(&run->map, sim_bootmap_free);
  run->map = sim_bootmap_new_ram(size);
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_cpus(sim_run *run, const struct sim_command *key)
{
  uint64_t cpus;
  if (!key_number(run, key, &cpus))
    return SIM_FLOW_STOP;
  if (cpus < 1 || cpus > FM_CPUS_MAX)
    return sim_run_error(run, key->place, NULL, "a machine has 1 to %u CPUs", FM_CPUS_MAX);
  run->config.cpus = (uint32_t)cpus;
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_kernel(sim_run *run, const struct sim_command *key)
{
  if (!sim_run_number(run, sim_command_expr(key, "base"), &run->config.kernel_base) ||
      !sim_run_number(run, sim_command_expr(key, "size"), &run->config.kernel_size))
    return SIM_FLOW_STOP;
  run->config.kernel_given = true;
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_extent(sim_run *run, const struct sim_command *key, struct sim_extent *ret)
{
  if (!sim_run_number(run, sim_command_expr(key, "base"), &ret->base) ||
      !sim_run_number(run, sim_command_expr(key, "size"), &ret->size))
    return SIM_FLOW_STOP;
  if (ret->size == 0)
    return sim_run_error(run, key->place, NULL, "nothing is 0 bytes long");
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_framebuffer(sim_run *run, const struct sim_command *key)
{
  uint64_t width;
  uint64_t height;
  uint64_t bits;
  struct sim_extent *extent = &run->config.framebuffer;
  if (!sim_run_number(run, sim_command_expr(key, "width"), &width) ||
      !sim_run_number(run, sim_command_expr(key, "height"), &height) ||
      !sim_run_number(run, sim_command_expr(key, "bits"), &bits) ||
      !sim_run_number(run, sim_command_expr(key, "base"), &extent->base))
    return SIM_FLOW_STOP;
  if (!sim_framebuffer_size(width, height, bits, &extent->size))
    return sim_run_error(run, key->place, NULL,
                         "width and height of a screen are 1 to 65536, bits per pixel 1 to 64");
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_seed(sim_run *run, const struct sim_command *key)
{
  uint64_t seed;
  if (!key_number(run, key, &seed))
    return SIM_FLOW_STOP;
  if (!run->options.seed_given)
    run->seed = seed;
  return SIM_FLOW_NEXT;
}

static bool is_flag(const struct sim_command *key, const char *word)
{
  return strcmp(sim_command_flag(key), word) == 0;
}

/* Keys that choose between words. */
static enum sim_flow set_choice(sim_run *run, const struct sim_command *key)
{
  struct sim_config *config = &run->config;
  const char *name = key->verb->name;
  if (strcmp(name, "top") == 0)
    config->top = is_flag(key, "usable") ? FM_TOP_USABLE : FM_TOP_PHYSICAL;
  if (strcmp(name, "linear_map") == 0)
    config->linear_map = is_flag(key, "largest") ? FM_LINEAR_LARGEST : FM_LINEAR_4K;
  if (strcmp(name, "metadata") == 0)
    config->metadata = is_flag(key, "deferred") ? FM_METADATA_DEFERRED : FM_METADATA_EAGER;
  if (strcmp(name, "check") == 0 && !run->options.check_given)
    (void)sim_check_level_parse(sim_command_flag(key), &run->check);
  if (strcmp(name, "allocator") == 0)
    for (int kind = 0; kind < FM_ALLOCATORS; kind++)
      if (strcmp(sim_command_word(key, "WORD"), fm_allocator_name((enum fm_allocator_kind)kind)) ==
          0)
        config->allocator = (enum fm_allocator_kind)kind;
  return SIM_FLOW_NEXT;
}

static enum sim_flow set_key(sim_run *run, const struct sim_command *key)
{
  const char *name = key->verb->name;
  if (strcmp(name, "ram") == 0)
    return set_ram(run, key);
  if (strcmp(name, "map") == 0)
    return load_map(run, key);
  if (strcmp(name, "regions") == 0)
    return set_regions(run, key);
  if (strcmp(name, "cpus") == 0)
    return set_cpus(run, key);
  if (strcmp(name, "seed") == 0)
    return set_seed(run, key);
  if (strcmp(name, "kernel") == 0)
    return set_kernel(run, key);
  if (strcmp(name, "initramfs") == 0)
    return set_extent(run, key, &run->config.initramfs);
  if (strcmp(name, "cmdline") == 0)
    return set_extent(run, key, &run->config.cmdline);
  if (strcmp(name, "framebuffer") == 0)
    return set_framebuffer(run, key);
  return set_choice(run, key);
}

enum sim_flow sim_run_machine_block(sim_run *run, const struct sim_command *command)
{
  const struct sim_block *keys = sim_command_block(command, "KEYS");
  if (run->resumed) {
    sim_run_text(run, SIM_TEXT_OUTPUT, "      machine: skipped, the run goes on with that of %s",
                 run->options.ram_file);
    sim_run_flush(run);
    return SIM_FLOW_NEXT;
  }
  if ((sim_block_find(keys, "ram") != NULL) + (sim_block_find(keys, "map") != NULL) +
          (sim_block_find(keys, "regions") != NULL) >
      1)
    return sim_run_error(run, command->place, NULL,
                         "a machine has ram, a map or regions: one of these");
  sim_config_init(&run->config, NULL);
  run->check = run->options.check;
  g_clear_pointer(&run->map, sim_bootmap_free); /* a later block says everything anew */
  for (const struct sim_command *key = keys->first; key != NULL; key = key->next)
    if (set_key(run, key) != SIM_FLOW_NEXT)
      return SIM_FLOW_STOP;
  return SIM_FLOW_NEXT;
}

/* ---- boot ---- */

static void forget_machine(sim_run *run)
{
  run->kernel = NULL;
  g_clear_pointer(&run->os, sim_os_free);
  g_clear_pointer(&run->machine, sim_machine_free);
  sim_run_contract_close(run);
  g_hash_table_remove_all(run->changes);
  run->mass_step = 0;
  g_ptr_array_set_size(run->nameless, 0);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, run->names);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    struct sim_binding *binding = value;
    if (binding->kind == SIM_BINDING_HANDLE || binding->kind == SIM_BINDING_GONE)
      g_hash_table_iter_remove(&iter);
    else if (binding->kind == SIM_BINDING_POOL)
      g_ptr_array_set_size(binding->pool, 0);
  }
}

static enum sim_flow refuse(sim_run *run, const struct sim_command *command, const GError *error)
{
  g_auto(GStrv) parts = g_strsplit(error->message, "\nhint: ", 2);
  g_autofree char *message = sim_diag_format(
      command->place, error->code == SIM_ERROR_BOOT ? "FAILED" : "error", parts[0], parts[1]);
  sim_run_text(run, SIM_TEXT_MESSAGE, "%s", message);
  if (error->code == SIM_ERROR_BOOT)
    run->no_boot = true;
  else if (error->code == SIM_ERROR_LIMIT)
    run->limit = true;
  else {
    run->script_error = true;
    run->bad_input = error->code == SIM_ERROR_INPUT;
  }
  return SIM_FLOW_STOP;
}

enum sim_flow sim_verb_variant(sim_run *run, const struct sim_command *command)
{
  const struct sim_arg *arg = sim_command_arg(command, "POINT");
  if (sim_command_has(command, "=")) /* an order: for executions that are explored */
    return SIM_FLOW_NEXT;
  if (run->options.variant == NULL) /* else that was chosen from outside */
    run->variant = sim_museum_find(arg->word, NULL);
  return SIM_FLOW_NEXT;
}

static void tell_memory(enum fm_memory_event event, fm_paddr start, uint64_t size, void *data)
{
  sim_run_tell_memory(data, event, start, size);
}

enum sim_flow sim_verb_boot(sim_run *run, const struct sim_command *command)
{
  g_autoptr(GError) error = NULL;

  if (run->on_cpu != 0)
    return sim_run_error(run, command->place, NULL, "'boot' does not stand inside of 'on'");
  if (run->resumed && sim_machine_panic(run->machine) == NULL) {
    sim_run_text(run, SIM_TEXT_OUTPUT, "      skipped, the machine of %s runs already",
                 run->options.ram_file);
    return SIM_FLOW_NEXT;
  }
  if (run->resumed)
    return sim_run_error(run, command->place,
                         "framesim check --repair FILE, or a run without "
                         "--resume",
                         "the machine that the run went on with is dead");
  forget_machine(run);
  if (run->map == NULL)
    run->map = sim_bootmap_new_ram(DEFAULT_RAM);
  run->config.map = run->map;
  run->config.ram_file = run->options.ram_file;
  run->config.ops = NULL;
  run->booted = run->variant;
  if (run->variant != NULL) {
    sim_museum_make_ops(run->variant, &run->variant_ops);
    run->config.ops = &run->variant_ops;
  }
  run->config.handles = run->options.handles;
  run->machine = sim_machine_new(&run->config, &error);
  if (run->machine == NULL)
    return refuse(run, command, error);
  sim_machine_set_ops(run->machine, sim_run_watched_ops(run));
  if (!sim_machine_boot(run->machine, &error)) {
    enum sim_flow flow = refuse(run, command, error);
    forget_machine(run);
    return flow;
  }
  run->kernel = sim_machine_kernel(run->machine);
  run->boots++;
  sim_machine_watch_memory(run->machine, tell_memory, run);
  sim_run_text(
      run, SIM_TEXT_OUTPUT,
      "      %s: %" PRIu64 " frames, %u CPU%s, allocator %s, seed %" PRIu64 "%s%s", run->map->file,
      run->kernel->nr_frames, run->kernel->cpus, run->kernel->cpus == 1 ? "" : "s",
      fm_allocator_name((enum fm_allocator_kind)run->kernel->allocator), run->seed,
      run->variant != NULL ? ", variant " : "", run->variant != NULL ? run->variant->name : "");
  return SIM_FLOW_NEXT;
}
