/* SPDX-License-Identifier: MPL-2.0 */
/* Finding and reading lessons. */
#include "sim/lesson/lesson.h"

#include <stdlib.h>
#include <string.h>

#include "sim/diag.h"
#include "sim/error.h"

#define TEXT  "README.md"
#define NOTES "notes.md"

/* ---- Where they are ---- */

static bool has_lessons(const char *folder)
{
  g_autofree char *plan = g_build_filename(folder, TEXT, NULL);
  return g_file_test(plan, G_FILE_TEST_IS_REGULAR);
}

/* Adds `path` to the places looked at; itself if it has lessons, else NULL. */
static char *try_folder(GString *looked, char *path)
{
  if (has_lessons(path))
    return path;
  g_string_append_printf(looked, "%s%s", looked->len != 0 ? ", " : "", path);
  g_free(path);
  return NULL;
}

/* From where we are, if it lies below: shorter to read, and the same on every machine.  Takes
 * the path. */
static char *shorten(char *path)
{
  g_autofree char *given = path;
  g_autofree char *here = g_get_current_dir();
  g_autofree char *whole = g_canonicalize_filename(given, here);
  gsize length = strlen(here);
  bool below = g_str_has_prefix(whole, here) && whole[length] == '/';
  return g_strdup(below ? whole + length + 1 : whole);
}

char *sim_lessons_folder(const char *wanted, const char *installed, GError **error)
{
  if (wanted != NULL)
    return g_strdup(wanted);
  g_autoptr(GString) looked = g_string_new(NULL);
  g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname(program != NULL ? program : "/");
  char *found = try_folder(looked, g_build_filename(folder, "..", "share/framesim/lessons", NULL));
  while (found == NULL && strcmp(folder, "/") != 0) {
    found = try_folder(looked, g_build_filename(folder, "docs/lessons", NULL));
    char *above = g_path_get_dirname(folder);
    g_free(folder);
    folder = above;
  }
  if (found == NULL)
    found = try_folder(looked, g_strdup(installed));
  if (found == NULL)
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "no lessons found (looked at %s); name their folder with --lessons or in "
                "FRAMESIM_LESSONS",
                looked->str);
  return found != NULL ? shorten(found) : NULL;
}

/* ---- Reading one ---- */

char *sim_lesson_read(const struct sim_lesson *lesson, const char *file, GError **error)
{
  g_autofree char *path = g_build_filename(lesson->folder, file, NULL);
  g_autoptr(GError) cause = NULL;
  char *text;
  if (!g_file_get_contents(path, &text, NULL, &cause)) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "lesson %u: %s", lesson->number, cause->message);
    return NULL;
  }
  if (!g_utf8_validate(text, -1, NULL)) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "lesson %u: %s is no UTF-8 text", lesson->number,
                path);
    g_free(text);
    return NULL;
  }
  return text;
}

/* What follows "**WORD.** " at the beginning of a line, up to the end of its paragraph, on
 * one line; newly allocated, "" if there is none. */
static char *labelled(const char *text, const char *word)
{
  g_autofree char *label = g_strdup_printf("**%s.** ", word);
  const char *at = text;
  while (at != NULL && !g_str_has_prefix(at, label)) {
    at = strchr(at, '\n');
    at = at != NULL ? at + 1 : NULL;
  }
  if (at == NULL)
    return g_strdup("");
  at += strlen(label);
  const char *end = strstr(at, "\n\n");
  char *line = end != NULL ? g_strndup(at, (gsize)(end - at)) : g_strdup(at);
  return g_strstrip(g_strdelimit(line, "\n", ' '));
}

/* The title in "# Lesson N: TITLE"; NULL if there is no such line. */
static char *title_of(const char *text, guint number)
{
  g_autofree char *start = g_strdup_printf("\n# Lesson %u: ", number);
  const char *at = strstr(text, start);
  if (at == NULL)
    return NULL;
  at += strlen(start);
  return g_strndup(at, strcspn(at, "\n"));
}

static void lesson_free(void *data)
{
  struct sim_lesson *lesson = data;
  g_free(lesson->name);
  g_free(lesson->folder);
  g_free(lesson->title);
  g_free(lesson->goal);
  g_free(lesson->time);
  g_free(lesson);
}

/* A lesson from its folder; NULL with an error. */
static struct sim_lesson *load_one(const char *parent, const char *entry, GError **error)
{
  struct sim_lesson *lesson = g_new0(struct sim_lesson, 1);
  lesson->number = (guint)strtoul(entry, NULL, 10);
  lesson->name = g_strdup(entry + 3);
  lesson->folder = g_build_filename(parent, entry, NULL);
  g_autofree char *text = sim_lesson_read(lesson, TEXT, error);
  g_autofree char *notes = text != NULL ? sim_lesson_read(lesson, NOTES, error) : NULL;
  if (notes == NULL) {
    lesson_free(lesson);
    return NULL;
  }
  lesson->title = title_of(text, lesson->number);
  lesson->goal = labelled(notes, "Goal");
  lesson->time = labelled(notes, "Time");
  if (lesson->title != NULL)
    return lesson;
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
              "%s/" TEXT ": a heading '# Lesson %u: TITLE' is missing", lesson->folder,
              lesson->number);
  lesson_free(lesson);
  return NULL;
}

/* ---- All of them ---- */

static bool is_lesson(const char *entry)
{
  return g_ascii_isdigit(entry[0]) && g_ascii_isdigit(entry[1]) && entry[2] == '-' &&
         entry[3] != '\0';
}

static int by_text(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a folder that `wanted` accepts, sorted; NULL with an error. */
static GPtrArray *entries_of(const char *folder, bool (*wanted)(const char *), GError **error)
{
  g_autoptr(GError) cause = NULL;
  g_autoptr(GDir) dir = g_dir_open(folder, 0, &cause);
  if (dir == NULL) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "lessons: %s", cause->message);
    return NULL;
  }
  GPtrArray *entries = g_ptr_array_new_with_free_func(g_free);
  const char *entry;
  while ((entry = g_dir_read_name(dir)) != NULL)
    if (wanted(entry))
      g_ptr_array_add(entries, g_strdup(entry));
  g_ptr_array_sort(entries, by_text);
  return entries;
}

GPtrArray *sim_lessons_load(const char *folder, GError **error)
{
  g_autoptr(GPtrArray) entries = entries_of(folder, is_lesson, error);
  if (entries == NULL)
    return NULL;
  g_autoptr(GPtrArray) lessons = g_ptr_array_new_with_free_func(lesson_free);
  for (guint i = 0; i < entries->len; i++) {
    struct sim_lesson *lesson = load_one(folder, entries->pdata[i], error);
    if (lesson == NULL)
      return NULL;
    g_ptr_array_add(lessons, lesson);
    const struct sim_lesson *before = i > 0 ? lessons->pdata[i - 1] : NULL;
    if (before != NULL && before->number == lesson->number) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "%s: two lessons have the number %u", folder,
                  lesson->number);
      return NULL;
    }
  }
  if (lessons->len == 0) {
    g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                "%s has no lesson (folders 01-NAME, 02-NAME, ...); name another folder with "
                "--lessons or in FRAMESIM_LESSONS",
                folder);
    return NULL;
  }
  return g_steal_pointer(&lessons);
}

/* ---- Picking ---- */

static const struct sim_lesson *by_number(const GPtrArray *lessons, guint64 number)
{
  for (guint i = 0; i < lessons->len; i++) {
    const struct sim_lesson *lesson = lessons->pdata[i];
    if (lesson->number == number)
      return lesson;
  }
  return NULL;
}

/* The one of that name, or the only one whose name has the word in it. */
static const struct sim_lesson *by_name(const GPtrArray *lessons, const char *word)
{
  const struct sim_lesson *found = NULL;
  guint having = 0;
  for (guint i = 0; i < lessons->len; i++) {
    const struct sim_lesson *lesson = lessons->pdata[i];
    if (strcmp(lesson->name, word) == 0)
      return lesson;
    if (strstr(lesson->name, word) == NULL)
      continue;
    found = lesson;
    having++;
  }
  return having == 1 ? found : NULL;
}

const struct sim_lesson *sim_lessons_pick(const GPtrArray *lessons, const char *word,
                                          GError **error)
{
  char *rest;
  guint64 number = g_ascii_strtoull(word, &rest, 10);
  bool numbered = g_ascii_isdigit(word[0]) && (*rest == '\0' || *rest == '-');
  const struct sim_lesson *lesson = numbered          ? by_number(lessons, number)
                                    : word[0] != '\0' ? by_name(lessons, word)
                                                      : NULL;
  if (lesson != NULL && numbered && *rest == '-' && strcmp(rest + 1, lesson->name) != 0)
    lesson = NULL;
  if (lesson != NULL)
    return lesson;

  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (guint i = 0; i < lessons->len; i++)
    g_ptr_array_add(names, ((const struct sim_lesson *)lessons->pdata[i])->name);
  g_ptr_array_add(names, NULL);
  const char *near = sim_suggest(word, (const char *const *)names->pdata);
  const struct sim_lesson *first = lessons->pdata[0];
  const struct sim_lesson *last = lessons->pdata[lessons->len - 1];
  g_set_error(error, SIM_ERROR, SIM_ERROR_USAGE,
              "there is no lesson '%s'%s%s%s: numbers go from %u to %u, and 'framesim lesson' "
              "lists all",
              word, near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
              near != NULL ? "'?" : "", first->number, last->number);
  return NULL;
}

/* ---- Scripts ---- */

static bool is_wrong(const char *entry)
{
  return g_str_has_prefix(entry, "wrong-");
}

static bool is_explored(const char *entry)
{
  return g_str_has_prefix(entry, "explore") || g_str_has_prefix(entry, "wrong-explore");
}

static bool is_test(const char *entry)
{
  return g_str_has_suffix(entry, ".fms") && (is_wrong(entry) || is_explored(entry));
}

char **sim_lesson_scripts(const struct sim_lesson *lesson, GError **error)
{
  g_autoptr(GPtrArray) entries = entries_of(lesson->folder, is_test, error);
  if (entries == NULL)
    return NULL;
  GPtrArray *paths = g_ptr_array_new();
  g_ptr_array_add(paths, g_build_filename(lesson->folder, "lesson.fms", NULL));
  for (guint i = 0; i < entries->len; i++)
    g_ptr_array_add(paths, g_build_filename(lesson->folder, entries->pdata[i], NULL));
  g_ptr_array_add(paths, NULL);
  return (char **)g_ptr_array_free(paths, FALSE);
}

bool sim_lesson_is_wrong(const char *script)
{
  g_autofree char *name = g_path_get_basename(script);
  return is_wrong(name);
}

bool sim_lesson_is_explored(const char *script)
{
  g_autofree char *name = g_path_get_basename(script);
  return is_explored(name);
}
