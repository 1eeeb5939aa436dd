/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/museum/museum.h"

#include <glib.h>
#include <string.h>

#include "sim/diag.h"

const struct sim_museum_variant *sim_museum_find(const char *name,
                                                 const struct sim_museum_exhibit **ret_exhibit)
{
  for (const struct sim_museum_exhibit *const *at = sim_museum_exhibits; *at != NULL; at++)
    for (const struct sim_museum_variant *variant = (*at)->variants; variant->name != NULL;
         variant++) {
      if (strcmp(variant->name, name) != 0)
        continue;
      if (ret_exhibit != NULL)
        *ret_exhibit = *at;
      return variant;
    }
  return NULL;
}

const char *sim_museum_suggest(const char *name)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const struct sim_museum_exhibit *const *at = sim_museum_exhibits; *at != NULL; at++)
    for (const struct sim_museum_variant *variant = (*at)->variants; variant->name != NULL;
         variant++)
      g_ptr_array_add(names, (gpointer)variant->name);
  g_ptr_array_add(names, NULL);
  return sim_suggest(name, (const char *const *)names->pdata);
}

void sim_museum_make_ops(const struct sim_museum_variant *variant, struct fm_ops *ret)
{
  *ret = fm_ops_instrumented;
  variant->replace(ret);
}

const char *sim_museum_class_name(enum sim_museum_class kind)
{
  static const char *const names[] = {
      [SIM_MUSEUM_LOGIC] = "logic", [SIM_MUSEUM_ORDER] = "order", [SIM_MUSEUM_MEMORY] = "memory"};
  return names[kind];
}

const char *sim_museum_class_text(enum sim_museum_class kind)
{
  static const char *const texts[] = {
      [SIM_MUSEUM_LOGIC] = "one CPU is enough to see it",
      [SIM_MUSEUM_ORDER] = "two CPUs and one order of their steps show it",
      [SIM_MUSEUM_MEMORY] = "no order of steps shows it, only weak memory or a detector of races"};
  return texts[kind];
}

const struct sim_museum_script *sim_museum_script_of(const char *name)
{
  const struct sim_museum_script *script = sim_museum_scripts;
  while (script->name != NULL && strcmp(script->name, name) != 0)
    script++;
  g_assert(script->name != NULL);
  return script;
}
