/* SPDX-License-Identifier: MPL-2.0 */
/*
 * The kernel's own text, as tracefs has it in `trace` and `trace_pipe`:
 *
 *   # comments, one of which names the CPUs (#P:4)
 *             bash-1234  [003] d..1.   12.345678: mm_page_alloc: page=... pfn=0x1f order=0 ...
 *
 * The name of the task stands in 16 columns and may hold anything, so the number behind it is
 * looked for at its column; only if none is there, for the first "[CPU] FLAGS SECONDS:".
 */
#include <string.h>

#include "sim/error.h"
#include "sim/tracein/reader.h"

#define EXAMPLE                                                                                    \
  "wl-168 [001] ..... 8.456667: mm_page_alloc: page=00000000a9fb9ed1 pfn=0x1011b4 order=0"

enum {
  LINE_MAX_SIZE = 64 * 1024,
  TASK_COLUMNS = 16,
  MICRO_DIGITS = 6,
  SECONDS_DIGITS = 14,
  SHOWN_COLUMNS = 120, /* of a line in a message */
  SHOWN_BEFORE = 60,
};

/* So that the microseconds fit 64 bits. */
#define SECONDS_MAX (UINT64_MAX / G_USEC_PER_SEC - 1)

struct text_state {
  uint64_t line; /* number of the line looked at, from 1 */
};

/* What is wrong with a line, and where. */
struct mistake {
  const char *at;
  const char *text;
  const char *hint;
};

/* A line from left to right. */
struct cursor {
  const char *at;
  const char *end;
};

static const char hint_event[] =
    "an event is a line 'TASK-PID [CPU] FLAGS SECONDS.MICROS: NAME: ...'; delete what is none";

/* ---- Messages ---- */

static bool fail_line(const struct sim_tracein_input *input, uint64_t number, const char *line,
                      const char *end, const struct mistake *mistake, GError **error)
{
  size_t column = (size_t)(mistake->at - line), size = (size_t)(end - line);
  size_t first = column > SHOWN_COLUMNS ? column - SHOWN_BEFORE : 0;
  g_autofree char *shown = g_strndup(line + first, MIN(size - first, SHOWN_COLUMNS + 1));

  for (char *c = shown; *c != '\0'; c++)
    if (!g_ascii_isprint(*c))
      *c = *c == '\t' ? ' ' : '?';
  g_set_error(error, SIM_ERROR, SIM_ERROR_INPUT,
              "%s:%" G_GUINT64_FORMAT ":%" G_GSIZE_FORMAT ": error: %s\n%5" G_GUINT64_FORMAT
              " | %s\n      | %*s^\n      | %s",
              input->name, number, column + 1, mistake->text, number, shown, (int)(column - first),
              "", mistake->hint);
  return false;
}

/* ---- Parts of a line ---- */

static inline bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static inline void skip_blanks(struct cursor *line)
{
  while (line->at < line->end && (*line->at == ' ' || *line->at == '\t'))
    line->at++;
}

static inline bool is_at(const struct cursor *line, char c)
{
  return line->at < line->end && *line->at == c;
}

static inline bool take_word(struct cursor *line, const char *word, size_t size)
{
  if ((size_t)(line->end - line->at) < size || memcmp(line->at, word, size) != 0)
    return false;
  line->at += size;
  return true;
}

/* Decimal, up to `digits` of them; how many there were is returned. */
static inline unsigned take_decimal(struct cursor *line, unsigned digits, uint64_t *ret)
{
  unsigned count = 0;
  uint64_t value = 0;

  for (; line->at < line->end && is_digit(*line->at) && count < digits; line->at++, count++)
    value = value * 10 + (uint64_t)(*line->at - '0');
  *ret = value;
  return count;
}

static inline bool is_at_end(const struct cursor *line)
{
  return line->at == line->end || *line->at == ' ';
}

/* Hexadecimal behind 0x, else decimal, up to a blank; false: no number, or more than 48 bits. */
static inline bool take_number(struct cursor *line, uint64_t *ret)
{
  const char *start;
  uint64_t value = 0;

  if (!take_word(line, "0x", 2))
    return take_decimal(line, 14, ret) > 0 && is_at_end(line);
  for (start = line->at; line->at < line->end && line->at - start < 13; line->at++) {
    int digit = g_ascii_xdigit_value(*line->at);
    if (digit < 0)
      break;
    value = value << 4 | (uint64_t)digit;
  }
  *ret = value;
  return line->at > start && line->at - start <= 12 && is_at_end(line);
}

/* "SECONDS.MICROS:" with up to nine digits behind the point. */
static bool take_time(struct cursor *line, uint64_t *ret)
{
  uint64_t seconds, micros, rest;

  if (take_decimal(line, SECONDS_DIGITS, &seconds) == 0 || !is_at(line, '.'))
    return false;
  line->at++;
  unsigned digits = take_decimal(line, MICRO_DIGITS, &micros);
  if (digits == 0)
    return false;
  for (; digits < MICRO_DIGITS; digits++)
    micros *= 10;
  take_decimal(line, 3, &rest);
  if (!is_at(line, ':') || seconds > SECONDS_MAX)
    return false;
  line->at++;
  *ret = seconds * G_USEC_PER_SEC + micros;
  return true;
}

/* "[CPU] FLAGS SECONDS.MICROS:", the flags being optional. */
static bool take_place(struct cursor *line, struct sim_trace_event *ret, struct mistake *mistake)
{
  uint64_t cpu;

  mistake->at = line->at;
  if (!is_at(line, '['))
    return false;
  line->at++;
  if (take_decimal(line, 5, &cpu) == 0 || !is_at(line, ']'))
    return false;
  line->at++;
  if (cpu >= SIM_TRACE_CPUS_MAX) {
    mistake->text = "the number of the CPU is too large: 4095 is the highest";
    return false;
  }
  skip_blanks(line);
  if (line->at < line->end && !is_digit(*line->at)) {
    while (line->at < line->end && *line->at != ' ')
      line->at++;
    skip_blanks(line);
  }
  mistake->at = line->at;
  if (!take_time(line, &ret->time_us)) {
    mistake->text = "expected a time as in '8.456667:'";
    mistake->hint = "record with trace_clock local, global, mono or boot";
    return false;
  }
  ret->cpu = (uint16_t)cpu;
  return true;
}

/* Steps behind the time of an event. */
static bool find_place(struct cursor *line, struct sim_trace_event *ret, struct mistake *mistake)
{
  const char *start = line->at;
  uint64_t pid;

  *mistake = (struct mistake){start, "this line is no event", hint_event};
  if (line->end - start > TASK_COLUMNS + 1 && start[TASK_COLUMNS] == '-' &&
      is_digit(start[TASK_COLUMNS + 1])) {
    line->at = start + TASK_COLUMNS + 1;
    take_decimal(line, 10, &pid);
    skip_blanks(line);
    if (is_at(line, '(')) { /* the thread group, if it was asked for */
      while (line->at < line->end && *line->at != ')')
        line->at++;
      line->at += line->at < line->end ? 1 : 0;
      skip_blanks(line);
    }
    return take_place(line, ret, mistake);
  }
  const struct mistake none = *mistake;
  for (const char *at = start; (at = memchr(at, '[', (size_t)(line->end - at))) != NULL; at++) {
    struct mistake here = none;
    line->at = at;
    if (take_place(line, ret, &here))
      return true;
    if (here.text != none.text)
      *mistake = here;
  }
  return false;
}

/* ---- The events that count ---- */

static bool find_field(struct cursor *line, const char *name, size_t size)
{
  const char *found = memmem(line->at, (size_t)(line->end - line->at), name, size);
  if (found == NULL)
    return false;
  line->at = found + size;
  return true;
}

/* Whether "page=" names a record, be it hashed: the kernel prints 0 or (null) for none. */
static bool has_page(struct cursor line)
{
  if (!find_field(&line, " page=", 6))
    return false;
  while (line.at < line.end && (*line.at == '0' || *line.at == 'x'))
    line.at++;
  return line.at < line.end && *line.at != ' ' && *line.at != '(';
}

/* "pfn=0x1f order=0", with other fields before, between and behind. */
static bool read_frames(struct cursor *line, struct sim_trace_event *ret, struct mistake *mistake)
{
  static const char form[] = "for example: page=00000000a9fb9ed1 pfn=0x1011b4 order=0";
  const struct cursor fields = *line;
  uint64_t pfn, order;

  *mistake = (struct mistake){line->at, "this event has no 'pfn='", form};
  if (!find_field(line, " pfn=", 5))
    return false;
  const char *number = line->at;
  *mistake = (struct mistake){number, "malformed frame number", form};
  if (!take_number(line, &pfn))
    return false;
  *mistake = (struct mistake){line->at, "this event has no 'order='", form};
  if (!find_field(line, " order=", 7))
    return false;
  *mistake = (struct mistake){line->at, "malformed order: 0 to 15", form};
  if (take_decimal(line, 3, &order) == 0 || order > SIM_TRACE_ORDER_MAX || !is_at_end(line))
    return false;
  *mistake = (struct mistake){number, "the frames end above 2^32 (16 TiB)", form};
  if (pfn + (UINT64_C(1) << order) > SIM_TRACE_PFN_END)
    return false;
  ret->pfn = (uint32_t)pfn;
  ret->order = (uint8_t)order;
  if (pfn == 0 && ret->kind == SIM_TRACE_ALLOC && !has_page(fields))
    ret->kind = SIM_TRACE_FAILED;
  return true;
}

static enum sim_trace_kind kind_of(struct cursor *line)
{
  skip_blanks(line);
  take_word(line, "kmem:", 5); /* perf writes the name of the group, too */
  if (!take_word(line, "mm_page_", 8))
    return SIM_TRACE_OTHER;
  if (take_word(line, "alloc:", 6))
    return SIM_TRACE_ALLOC;
  if (take_word(line, "free:", 5))
    return SIM_TRACE_FREE;
  return take_word(line, "free_batched:", 13) ? SIM_TRACE_FREE_BATCHED : SIM_TRACE_OTHER;
}

/* Lines that are no events and yet belong there. */
static bool is_around(struct cursor line, struct sim_tracein_info *info)
{
  uint64_t lost = 1;

  skip_blanks(&line);
  if (line.at == line.end || *line.at == '#' || take_word(&line, "=> ", 3) ||
      take_word(&line, "cpus=", 5))
    return true;
  if (!take_word(&line, "CPU:", 4) || !find_field(&line, " [LOST ", 7))
    return false;
  if (is_digit(*line.at))
    take_decimal(&line, 18, &lost);
  info->lost += lost;
  return true;
}

/* ---- Lines ---- */

/* Makes a whole line visible; *ret_size is what it has without its end, *ret_whole with it.
 * False: the end of the trace, or *error. */
static bool get_line(struct sim_tracein_input *input, uint64_t number, struct cursor *ret,
                     size_t *ret_whole, GError **error)
{
  size_t seen = 0;
  const char *newline;

  for (;;) {
    newline = seen < input->have ? memchr(input->at + seen, '\n', input->have - seen) : NULL;
    if (newline != NULL || input->at_end)
      break;
    seen = input->have;
    if (seen > LINE_MAX_SIZE) {
      const char *start = (const char *)input->at;
      struct mistake mistake = {start, "this line is longer than 65536 bytes", hint_event};
      fail_line(input, number, start, start + SHOWN_COLUMNS, &mistake, error);
      return false;
    }
    if (!sim_tracein_fill(input, seen + 1, error))
      return false;
  }
  if (input->have == 0)
    return false;
  ret->at = (const char *)input->at;
  ret->end = newline != NULL ? newline : ret->at + input->have;
  *ret_whole = (size_t)(ret->end - ret->at) + (newline != NULL ? 1 : 0);
  while (ret->end > ret->at && (ret->end[-1] == '\r' || ret->end[-1] == ' '))
    ret->end--;
  return true;
}

static bool read_line(const struct sim_tracein_input *input, uint64_t number, struct cursor line,
                      struct sim_trace_event *ret, GError **error)
{
  const struct cursor whole = line;
  struct mistake mistake;

  *ret = (struct sim_trace_event){0};
  if (!find_place(&line, ret, &mistake))
    return fail_line(input, number, whole.at, whole.end, &mistake, error);
  ret->kind = (uint8_t)kind_of(&line);
  if (ret->kind != SIM_TRACE_OTHER && !read_frames(&line, ret, &mistake))
    return fail_line(input, number, whole.at, whole.end, &mistake, error);
  return true;
}

/* ---- The reader ---- */

static bool likely(const uint8_t *bytes, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (bytes[i] < ' ' && bytes[i] != '\n' && bytes[i] != '\t' && bytes[i] != '\r' &&
        bytes[i] != 0x1b)
      return false;
  return true;
}

/* The comments at the start, of which one says "#P:4". */
static bool begin(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                  GError **error)
{
  struct text_state *text = state;
  struct cursor line;
  size_t whole;
  GError *own = NULL;

  while (get_line(input, text->line + 1, &line, &whole, &own)) {
    struct cursor rest = line;
    uint64_t cpus;
    if (!is_around(line, info))
      break;
    if ((find_field(&rest, "#P:", 3) || take_word(&rest, "cpus=", 5)) &&
        take_decimal(&rest, 5, &cpus) > 0)
      info->cpus = (uint32_t)cpus;
    sim_tracein_skip(input, whole);
    text->line++;
  }
  if (own != NULL)
    g_propagate_error(error, own);
  return own == NULL;
}

static gssize next(void *state, struct sim_tracein_input *input, struct sim_tracein_info *info,
                   struct sim_trace_event *ret, size_t max, GError **error)
{
  struct text_state *text = state;
  struct cursor line;
  size_t count = 0, whole;
  GError *own = NULL;

  while (count < max && get_line(input, text->line + 1, &line, &whole, &own)) {
    text->line++;
    if (*line.at == ' ' && line.end - line.at > TASK_COLUMNS && line.at[TASK_COLUMNS] == '-') {
      /* Most lines: certainly nothing else. */
    } else if (is_around(line, info)) {
      sim_tracein_skip(input, whole);
      continue;
    }
    if (!read_line(input, text->line, line, &ret[count], &own))
      break;
    count++;
    sim_tracein_skip(input, whole);
  }
  if (own == NULL)
    return (gssize)count;
  g_propagate_error(error, own);
  return -1;
}

const struct sim_tracein_reader sim_tracein_text = {
    .name = "text",
    .example = EXAMPLE,
    .state_size = sizeof(struct text_state),
    .likely = likely,
    .begin = begin,
    .next = next,
};
