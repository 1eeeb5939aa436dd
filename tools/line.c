/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/line.h"

#include <errno.h>
#include <histedit.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define HISTORY_LINES 1000

struct line_reader {
  const char *prompt;
  const volatile sig_atomic_t *interrupted;
  line_complete complete;
  void *data;
  EditLine *edit; /* NULL: not a terminal */
  History *history;
  GString *pending; /* read, and no line yet */
};

/* ---- Bytes ---- */

/* Signals restart read(), but not poll().  1: a byte; 0: the end; -1: interrupted or lost. */
static int read_byte(const line_reader *reader, char *ret)
{
  struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
  for (;;) {
    if (*reader->interrupted != 0)
      return -1;
    if (poll(&input, 1, -1) < 0) {
      if (errno != EINTR)
        return -1;
      continue;
    }
    ssize_t got = read(STDIN_FILENO, ret, 1);
    if (got >= 0 || errno != EINTR)
      return (int)got;
  }
}

/* ---- Editing ---- */

static line_reader *reader_of(EditLine *edit)
{
  void *reader = NULL;
  (void)el_get(edit, EL_CLIENTDATA, &reader);
  return reader;
}

static char *get_prompt(EditLine *edit)
{
  return (char *)reader_of(edit)->prompt;
}

static int get_char(EditLine *edit, wchar_t *ret)
{
  const line_reader *reader = reader_of(edit);
  mbstate_t state = {0};
  char byte;
  for (;;) {
    int got = read_byte(reader, &byte);
    if (got != 1)
      return got;
    size_t used = mbrtowc(ret, &byte, 1, &state);
    if (used != (size_t)-1 && used != (size_t)-2)
      return 1;
    if (used == (size_t)-1)
      memset(&state, 0, sizeof(state)); /* no character: left out */
  }
}

/* How many bytes all of them have in common. */
static size_t common_length(char **words)
{
  size_t length = strlen(words[0]);
  for (char **word = words + 1; *word != NULL; word++) {
    size_t same = 0;
    while (same < length && (*word)[same] == words[0][same])
      same++;
    length = same;
  }
  return length;
}

static void show_words(char **words)
{
  printf("\n");
  for (char **word = words; *word != NULL; word++)
    printf("%s%s", word == words ? "" : "  ", *word);
  printf("\n");
  fflush(stdout);
}

static unsigned char complete_word(EditLine *edit, int key)
{
  const line_reader *reader = reader_of(edit);
  const LineInfo *info = el_line(edit);
  g_autofree char *line = g_strndup(info->buffer, (gsize)(info->cursor - info->buffer));
  const char *blank = strrchr(line, ' ');
  size_t typed = strlen(blank != NULL ? blank + 1 : line);
  g_auto(GStrv) words = reader->complete(line, reader->data);
  (void)key;

  if (words == NULL || words[0] == NULL)
    return CC_ERROR;
  size_t common = common_length(words);
  bool one = words[1] == NULL;
  if (!one && common <= typed) {
    show_words(words);
    return CC_REDISPLAY;
  }
  g_autofree char *more = g_strdup_printf("%.*s%s", (int)(common - MIN(common, typed)),
                                          words[0] + MIN(common, typed), one ? " " : "");
  return el_insertstr(edit, more) == 0 ? CC_REFRESH : CC_ERROR;
}

static void start_editing(line_reader *reader)
{
  HistEvent event;
  reader->edit = el_init("framesim", stdin, stdout, stderr);
  reader->history = history_init();
  if (reader->edit == NULL || reader->history == NULL)
    return;
  (void)history(reader->history, &event, H_SETSIZE, HISTORY_LINES);
  (void)history(reader->history, &event, H_SETUNIQUE, 1);
  (void)el_set(reader->edit, EL_CLIENTDATA, reader);
  (void)el_set(reader->edit, EL_PROMPT, get_prompt);
  (void)el_set(reader->edit, EL_EDITOR, "emacs");
  (void)el_set(reader->edit, EL_SIGNAL, 0);
  (void)el_set(reader->edit, EL_GETCFN, get_char);
  (void)el_set(reader->edit, EL_HIST, history, reader->history);
  (void)el_set(reader->edit, EL_ADDFN, "framesim-complete", "Complete a word", complete_word);
  (void)el_source(reader->edit, NULL); /* the user's own keys */
  (void)el_set(reader->edit, EL_BIND, "^I", "framesim-complete", NULL);
}

static enum line_end edit_line(line_reader *reader, char **ret)
{
  HistEvent event;
  int count = 0;
  el_resize(reader->edit);
  const char *line = el_gets(reader->edit, &count);
  if (line == NULL || count <= 0) {
    printf("\n");
    fflush(stdout);
    return *reader->interrupted != 0 ? LINE_INTERRUPTED : LINE_NO_MORE;
  }
  *ret = g_strchomp(g_strndup(line, (gsize)count));
  if ((*ret)[0] != '\0')
    (void)history(reader->history, &event, H_ENTER, *ret);
  return LINE_READ;
}

/* ---- Reading ---- */

static enum line_end plain_line(line_reader *reader, char **ret)
{
  char byte;
  int got;
  while ((got = read_byte(reader, &byte)) == 1 && byte != '\n')
    g_string_append_c(reader->pending, byte);
  if (got < 0 && *reader->interrupted != 0)
    return LINE_INTERRUPTED;
  if (got != 1 && reader->pending->len == 0)
    return LINE_NO_MORE;
  *ret = g_strchomp(g_strdup(reader->pending->str));
  g_string_truncate(reader->pending, 0);
  return LINE_READ;
}

enum line_end line_reader_next(line_reader *reader, char **ret)
{
  return reader->edit != NULL ? edit_line(reader, ret) : plain_line(reader, ret);
}

bool line_reader_is_terminal(const line_reader *reader)
{
  return reader->edit != NULL;
}

line_reader *line_reader_new(const char *prompt, const volatile sig_atomic_t *interrupted,
                             line_complete complete, void *data)
{
  line_reader *reader = g_new0(line_reader, 1);
  reader->prompt = prompt;
  reader->interrupted = interrupted;
  reader->complete = complete;
  reader->data = data;
  reader->pending = g_string_new(NULL);
  if (isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1)
    start_editing(reader);
  return reader;
}

line_reader *line_reader_free(line_reader *reader)
{
  if (reader == NULL)
    return NULL;
  if (reader->edit != NULL)
    el_end(reader->edit);
  if (reader->history != NULL)
    history_end(reader->history);
  g_string_free(reader->pending, TRUE);
  g_free(reader);
  return NULL;
}
