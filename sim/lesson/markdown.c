/* SPDX-License-Identifier: MPL-2.0 */
/* Markdown -> plain text, line by line. */
#include "sim/lesson/markdown.h"

#include <stdbool.h>
#include <string.h>

struct plain {
  GString *out;
  guint width;
  GString *paragraph; /* words so far, with single blanks between them */
  guint first_indent; /* of its first line, where `mark` stands */
  guint indent;       /* of its other lines */
  char mark[8];       /* "* " or "1. " */
  GPtrArray *rows;    /* of the table under way, char **; without its rule */
  bool gap;           /* an empty line belongs before what comes next */
};

static void add_blanks(GString *out, glong count)
{
  for (glong i = 0; i < count; i++)
    g_string_append_c(out, ' ');
}

static void begin_block(struct plain *plain)
{
  if (plain->gap && plain->out->len != 0)
    g_string_append_c(plain->out, '\n');
  plain->gap = false;
}

/* ---- Within a line ---- */

/* Marks go, links keep their text; `code` keeps its quotes, for there they tell words of the
 * program from other ones. */
static void add_inline(GString *out, const char *text)
{
  bool code = false;
  bool emphasis = false; /* within *, which a blank may follow at the end only */
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '`')
      code = !code;
    if (code || *at == '`') {
      g_string_append_c(out, *at);
      continue;
    }
    const char *close = *at == '[' ? strstr(at, "](") : NULL;
    const char *end = close != NULL ? strchr(close, ')') : NULL;
    if (end != NULL) {
      g_autofree char *inner = g_strndup(at + 1, (gsize)(close - at - 1));
      add_inline(out, inner);
      at = end;
    } else if (*at == '*' && at[1] == '*') {
      at++;
    } else if (*at == '*' && (emphasis || at[1] != ' ')) {
      emphasis = !emphasis;
    } else if (*at == '\\' && g_ascii_ispunct(at[1])) {
      g_string_append_c(out, *++at);
    } else {
      g_string_append_c(out, *at);
    }
  }
}

static char *inline_text(const char *text)
{
  GString *out = g_string_new(NULL);
  add_inline(out, text);
  return g_string_free(out, FALSE);
}

/* ---- Paragraphs ---- */

static void flush_paragraph(struct plain *plain)
{
  if (plain->paragraph->len == 0)
    return;
  begin_block(plain);
  g_autofree char *text = inline_text(plain->paragraph->str);
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  add_blanks(plain->out, plain->first_indent);
  g_string_append(plain->out, plain->mark);
  glong column = plain->indent;
  bool first = true;
  for (char **word = words; *word != NULL; word++) {
    glong length = g_utf8_strlen(*word, -1);
    if (length == 0)
      continue;
    if (!first && column + 1 + length > plain->width) {
      g_string_append_c(plain->out, '\n');
      add_blanks(plain->out, plain->indent);
      column = plain->indent;
      first = true;
    }
    g_string_append_printf(plain->out, "%s%s", first ? "" : " ", *word);
    column += length + !first;
    first = false;
  }
  g_string_append_c(plain->out, '\n');
  g_string_truncate(plain->paragraph, 0);
}

static void begin_paragraph(struct plain *plain, guint first_indent, const char *mark)
{
  plain->first_indent = first_indent;
  g_strlcpy(plain->mark, mark, sizeof(plain->mark));
  plain->indent = first_indent + (guint)strlen(plain->mark);
}

static void add_to_paragraph(struct plain *plain, const char *text)
{
  if (plain->paragraph->len == 0)
    g_string_assign(plain->paragraph, text);
  else
    g_string_append_printf(plain->paragraph, " %s", text);
}

/* Length of "* ", "- " or "12. " at the beginning; 0: no item. */
static gsize item_mark(const char *text)
{
  if ((text[0] == '*' || text[0] == '-') && text[1] == ' ')
    return 2;
  gsize digits = strspn(text, "0123456789");
  return digits != 0 && digits < 3 && text[digits] == '.' && text[digits + 1] == ' ' ? digits + 2
                                                                                     : 0;
}

/* ---- Tables ---- */

static void add_row(struct plain *plain, const char *line)
{
  g_autofree char *inner = g_strdup(line + 1);
  g_strstrip(inner);
  if (g_str_has_suffix(inner, "|"))
    inner[strlen(inner) - 1] = '\0';
  if (strspn(inner, "-|: ") == strlen(inner) && strstr(inner, "---") != NULL)
    return; /* the rule below the head */
  char **cells = g_strsplit(inner, "|", -1);
  for (char **cell = cells; *cell != NULL; cell++) {
    char *text = inline_text(g_strstrip(*cell));
    g_free(*cell);
    *cell = text;
  }
  g_ptr_array_add(plain->rows, cells);
}

static glong column_width(const struct plain *plain, guint column)
{
  glong widest = 0;
  for (guint i = 0; i < plain->rows->len; i++) {
    char **cells = plain->rows->pdata[i];
    if (g_strv_length(cells) > column)
      widest = MAX(widest, g_utf8_strlen(cells[column], -1));
  }
  return widest;
}

static void flush_table(struct plain *plain)
{
  if (plain->rows->len == 0)
    return;
  begin_block(plain);
  for (guint i = 0; i < plain->rows->len; i++) {
    char **cells = plain->rows->pdata[i];
    gsize start = plain->out->len;
    for (guint column = 0; cells[column] != NULL; column++) {
      g_string_append_printf(plain->out, "  %s", cells[column]);
      add_blanks(plain->out, column_width(plain, column) - g_utf8_strlen(cells[column], -1));
    }
    while (plain->out->len > start && plain->out->str[plain->out->len - 1] == ' ')
      g_string_truncate(plain->out, plain->out->len - 1);
    g_string_append_c(plain->out, '\n');
  }
  g_ptr_array_set_size(plain->rows, 0);
}

/* ---- Lines ---- */

static void flush(struct plain *plain)
{
  flush_paragraph(plain);
  flush_table(plain);
}

static void add_heading(struct plain *plain, const char *line)
{
  gsize level = strspn(line, "#");
  g_autofree char *text = inline_text(line + level + 1);
  plain->gap = true;
  begin_block(plain);
  g_string_append_printf(plain->out, "%s\n", text);
  for (glong i = 0; i < g_utf8_strlen(text, -1); i++)
    g_string_append_c(plain->out, level == 1 ? '=' : '-');
  g_string_append_c(plain->out, '\n');
  plain->gap = true;
}

static void add_line(struct plain *plain, const char *line)
{
  const char *text = line + strspn(line, " ");
  guint depth = (guint)(text - line);
  gsize mark = item_mark(text);
  if (*text == '\0') {
    flush(plain);
    plain->gap = true;
  } else if (line[0] == '#') {
    flush(plain);
    add_heading(plain, line);
  } else if (line[0] == '|') {
    flush_paragraph(plain);
    add_row(plain, line);
  } else if (mark != 0) {
    flush(plain);
    g_autofree char *word = g_strndup(text, mark);
    begin_paragraph(plain, depth, word);
    add_to_paragraph(plain, text + mark);
  } else {
    flush_table(plain);
    if (plain->paragraph->len == 0)
      begin_paragraph(plain, depth, "");
    add_to_paragraph(plain, text);
  }
}

static void free_row(void *row)
{
  g_strfreev(row);
}

char *sim_markdown_plain(const char *text, guint width)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  struct plain plain = {.out = g_string_new(NULL),
                        .width = width,
                        .paragraph = g_string_new(NULL),
                        .rows = g_ptr_array_new_with_free_func(free_row)};
  bool block = false;
  for (char **line = lines; *line != NULL; line++) {
    if (g_str_has_prefix(*line, "```")) {
      flush(&plain);
      if (!block)
        begin_block(&plain);
      block = !block;
      plain.gap = !block;
    } else if (block) {
      g_string_append_printf(plain.out, "%s%s\n", **line != '\0' ? "    " : "", *line);
    } else if (!g_str_has_prefix(*line, "<!--")) {
      add_line(&plain, *line);
    }
  }
  flush(&plain);
  g_string_free(plain.paragraph, TRUE);
  g_ptr_array_unref(plain.rows);
  return g_string_free(plain.out, FALSE);
}
