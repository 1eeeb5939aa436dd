/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/diag.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sim/error.h"

enum {
  READ_CHUNK = 64 * 1024,
  ECHO_COLUMNS = 200, /* longer lines are shown as a window around the caret */
  ECHO_BEFORE = 120,  /* how much of that window stands before the caret */
  GUTTER_DIGITS = 5,
  SUGGEST_MAX = 64, /* longer words are no misspellings of ours */
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

/* ---- Sources ---- */

sim_source *sim_source_new(const char *name, const char *text, gsize size)
{
  sim_source *source = g_new0(sim_source, 1);
  gsize start = 0;

  source->name = g_strdup(name);
  source->text = g_malloc(size + 1);
  if (size > 0)
    memcpy(source->text, text, size);
  source->text[size] = '\0';
  source->size = size;
  source->lines = g_array_new(FALSE, FALSE, sizeof(gsize));
  g_array_append_val(source->lines, start);
  for (const char *p = source->text; (p = memchr(p, '\n', source->text + size - p)) != NULL;) {
    start = (gsize)(++p - source->text);
    g_array_append_val(source->lines, start);
  }
  return source;
}

sim_source *sim_source_free(sim_source *source)
{
  if (source == NULL)
    return NULL;
  g_array_unref(source->lines);
  g_free(source->text);
  g_free(source->name);
  g_free(source);
  return NULL;
}

static const char *shown_name(const char *name)
{
  return strcmp(name, "-") == 0 ? "<stdin>" : name;
}

static void set_read_error(GError **error, const char *path, int code)
{
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT, "cannot read '%s': %s", shown_name(path),
              g_strerror(code));
}

/* Reads to the end of the file, but stops one byte past the limit: that is how a file
 * without a size (a pipe, a device) shows that it is too large. */
static gboolean read_limited(int fd, const char *path, gsize limit, GByteArray *into,
                             GError **error)
{
  for (;;) {
    guint8 chunk[READ_CHUNK];
    ssize_t got = read(fd, chunk, sizeof chunk);

    if (got == 0)
      return TRUE;
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0) {
      set_read_error(error, path, errno);
      return FALSE;
    }
    if ((gsize)got > limit - into->len) {
      g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
                  "'%s' is too large: at most %" G_GSIZE_FORMAT " bytes are read", shown_name(path),
                  limit);
      return FALSE;
    }
    g_byte_array_append(into, chunk, (guint)got);
  }
}

sim_source *sim_source_load(const char *path, gsize limit, GError **error)
{
  gboolean from_stdin = strcmp(path, "-") == 0;
  int fd = from_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  gboolean done;

  if (fd < 0) {
    set_read_error(error, path, errno);
    return NULL;
  }
  /* The array counts in 32 bits. */
  done = read_limited(fd, path, MIN(limit, (gsize)G_MAXINT32), bytes, error);
  if (!from_stdin)
    close(fd);
  return done ? sim_source_new(path, (const char *)bytes->data, bytes->len) : NULL;
}

/* ---- Characters ---- */

/* The character at `p`, or 0 for bytes that are none; *ret_next is what follows.  Bytes
 * that are not UTF-8 count as one character each. */
static gunichar next_char(const char *p, const char *end, const char **ret_next)
{
  gunichar c;

  *ret_next = p + 1;
  if ((*p & 0x80) == 0)
    return (gunichar)*p;
  c = g_utf8_get_char_validated(p, end - p);
  if (c == (gunichar)-1 || c == (gunichar)-2)
    return 0;
  *ret_next = g_utf8_next_char(p);
  return c;
}

/* What may be printed goes through; the rest could be a command to the terminal. */
static gboolean is_harmless(gunichar c)
{
  return c != 0 && (g_unichar_isprint(c) || g_unichar_iszerowidth(c)) &&
         g_unichar_type(c) != G_UNICODE_FORMAT && c != 0x2028 && c != 0x2029;
}

static void append_clean_char(GString *out, gunichar c)
{
  if (c == '\t')
    g_string_append_c(out, ' ');
  else if (is_harmless(c))
    g_string_append_unichar(out, c);
  else
    g_string_append_c(out, '?');
}

static void append_clean(GString *out, const char *text)
{
  const char *end = text + strlen(text);

  while (text < end)
    append_clean_char(out, next_char(text, end, &text));
}

static guint display_width(gunichar c)
{
  if (!is_harmless(c))
    return 1;
  return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

/* ---- Places ---- */

struct span {
  const char *begin, *end;
};

/* Index of the line that holds `offset`, by bisection. */
static guint line_index(const sim_source *source, gsize offset)
{
  guint low = 0, high = source->lines->len;

  while (high - low > 1) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(source->lines, gsize, middle) <= offset)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* The line without its newline, and without the mark that some editors put first. */
static struct span line_span(const sim_source *source, guint index)
{
  struct span line = {
      source->text + g_array_index(source->lines, gsize, index),
      source->text + source->size,
  };

  if (index + 1 < source->lines->len)
    line.end = source->text + g_array_index(source->lines, gsize, index + 1) - 1;
  if (line.end > line.begin && line.end[-1] == '\r')
    line.end--;
  if (index == 0 && line.end - line.begin >= 3 && memcmp(line.begin, byte_order_mark, 3) == 0)
    line.begin += 3;
  return line;
}

guint sim_place_line(struct sim_place place)
{
  return place.source == NULL ? 0 : line_index(place.source, place.offset) + 1;
}

/* Characters of the line that stand wholly before the place. */
static guint chars_before(struct span line, const char *at)
{
  guint count = 0;

  for (const char *p = line.begin, *next; p < line.end; p = next, count++) {
    next_char(p, line.end, &next);
    if (next > at)
      break;
  }
  return count;
}

guint sim_place_column(struct sim_place place)
{
  const sim_source *source = place.source;

  if (source == NULL)
    return 0;
  return chars_before(line_span(source, line_index(source, place.offset)),
                      source->text + MIN(place.offset, source->size)) +
         1;
}

char *sim_place_to_string(struct sim_place place)
{
  GString *out = g_string_new(NULL);

  if (place.source == NULL)
    return g_string_free(g_string_append(out, "<command line>"), FALSE);
  append_clean(out, shown_name(place.source->name));
  g_string_append_printf(out, ":%u:%u", sim_place_line(place), sim_place_column(place));
  return g_string_free(out, FALSE);
}

char *sim_place_text(struct sim_place place)
{
  GString *out = g_string_new(NULL);
  struct span line;

  if (place.source == NULL)
    return g_string_free(out, FALSE);
  line = line_span(place.source, line_index(place.source, place.offset));
  while (line.begin < line.end && (*line.begin == ' ' || *line.begin == '\t'))
    line.begin++;
  while (line.begin < line.end)
    append_clean_char(out, next_char(line.begin, line.end, &line.begin));
  return g_string_free(out, FALSE);
}

/* ---- Messages ---- */

/* What is echoed of a line: characters [first, last), with dots where it was cut. */
struct window {
  guint first, last;
  gboolean cut_before, cut_after;
};

static struct window choose_window(guint length, guint caret)
{
  struct window w = {0, length, FALSE, FALSE};

  if (length <= ECHO_COLUMNS)
    return w;
  w.first = caret > ECHO_BEFORE ? caret - ECHO_BEFORE : 0;
  w.first = MIN(w.first, length - ECHO_COLUMNS);
  w.last = w.first + ECHO_COLUMNS;
  w.cut_before = w.first > 0;
  w.cut_after = w.last < length;
  return w;
}

/* Appends the echo to `out`, and to `under` the blanks and the mark that go below it. */
static void append_window(GString *out, GString *under, struct span line, guint caret, guint width)
{
  struct window w = choose_window(chars_before(line, line.end), caret);
  const char *p = line.begin;

  if (w.cut_before) {
    g_string_append(out, "...");
    g_string_append(under, "   ");
  }
  for (guint i = 0; p < line.end && i < w.last; i++) {
    gunichar c = next_char(p, line.end, &p);
    guint columns = display_width(c);

    if (i < w.first)
      continue;
    append_clean_char(out, c);
    if (i == caret)
      g_string_append_c(under, '^');
    for (guint k = i == caret; k < columns; k++)
      if (i < caret)
        g_string_append_c(under, ' ');
      else if (i - caret < MAX(width, 1))
        g_string_append_c(under, '~');
  }
  if (caret >= w.last)
    g_string_append_c(under, '^');
  if (w.cut_after)
    g_string_append(out, "...");
}

static void append_echo(GString *out, struct sim_place place, const char *hint)
{
  guint index = line_index(place.source, place.offset);
  struct span line = line_span(place.source, index);
  g_autofree char *number = g_strdup_printf("%*u", GUTTER_DIGITS, index + 1);
  g_autoptr(GString) under = g_string_new(NULL);
  int gutter = (int)strlen(number) + 1;

  g_string_append_printf(out, "%s | ", number);
  append_window(out, under, line, sim_place_column(place) - 1, place.width);
  g_string_append_printf(out, "\n%*s| %s", gutter, "", under->str);
  if (hint != NULL) {
    g_auto(GStrv) lines = g_strsplit(hint, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
      if (i > 0)
        g_string_append_printf(out, "\n%*s|", gutter, "");
      if (lines[i][0] != '\0')
        g_string_append_c(out, ' ');
      append_clean(out, lines[i]);
    }
  }
  g_string_append_c(out, '\n');
}

char *sim_diag_format(struct sim_place place, const char *kind, const char *text, const char *hint)
{
  g_autofree char *where = sim_place_to_string(place);
  GString *out = g_string_new(where);

  g_string_append_printf(out, ": %s: ", kind);
  append_clean(out, text);
  g_string_append_c(out, '\n');
  if (place.source != NULL) {
    append_echo(out, place, hint);
  } else if (hint != NULL) {
    g_string_append(out, "  ");
    append_clean(out, hint);
    g_string_append_c(out, '\n');
  }
  return g_string_free(out, FALSE);
}

/* ---- Suggestions ---- */

/* An edit costs 4; another case, or '_' for '-', costs 1. */
enum { EDIT = 4, NEAR = 1 };

static guint swap_cost(char a, char b)
{
  if (a == b)
    return 0;
  if (g_ascii_tolower(a) == g_ascii_tolower(b) || (a == '_' && b == '-') || (a == '-' && b == '_'))
    return NEAR;
  return EDIT;
}

/* Edit distance in which two swapped neighbours are one edit.  Three rows are enough. */
static guint distance(const char *a, gsize a_length, const char *b, gsize b_length)
{
  guint rows[3][SUGGEST_MAX + 1];

  for (gsize j = 0; j <= b_length; j++)
    rows[0][j] = (guint)j * EDIT;
  for (gsize i = 1; i <= a_length; i++) {
    guint *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

    row[0] = (guint)i * EDIT;
    for (gsize j = 1; j <= b_length; j++) {
      guint best = above[j - 1] + swap_cost(a[i - 1], b[j - 1]);

      best = MIN(best, MIN(above[j], row[j - 1]) + EDIT);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = MIN(best, above2[j - 2] + EDIT);
      row[j] = best;
    }
  }
  return rows[a_length % 3][b_length];
}

/* G_MAXUINT: too far away to be meant.  A third of the letters may be wrong, but never
 * all of them; the beginning of a longer word is near whatever is missing. */
static guint suggestion_cost(const char *word, const char *candidate)
{
  gsize length = strlen(word), other = strlen(candidate), allowed;
  guint cost;

  if (length == 0 || length > SUGGEST_MAX || other == 0 || other > SUGGEST_MAX)
    return G_MAXUINT;
  if (length >= 3 && g_str_has_prefix(candidate, word))
    return (guint)(other - length) * NEAR;
  cost = distance(word, length, candidate, other);
  allowed = MIN((MAX(length, other) + 2) / 3, MAX(length, other) - 1) * EDIT + EDIT - 1;
  return cost <= allowed ? cost : G_MAXUINT;
}

const char *sim_suggest(const char *word, const char *const *candidates)
{
  const char *best = NULL;
  guint best_cost = G_MAXUINT;

  for (; *candidates != NULL; candidates++) {
    guint cost = suggestion_cost(word, *candidates);
    if (cost < best_cost) {
      best_cost = cost;
      best = *candidates;
    }
  }
  return best;
}
