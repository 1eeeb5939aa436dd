/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/replay-series.h"

#include <errno.h>
#include <inttypes.h>

#include "tools/html-out.h"
#include "tools/replay-report.h"

void replay_series_choice_clear(struct replay_series_choice *choice)
{
  g_free(choice->csv);
  g_free(choice->frag_map);
  g_free(choice->html);
}

static int open_file(const char *path, FILE **ret)
{
  *ret = path != NULL ? fopen(path, "we") : NULL;
  if (path == NULL || *ret != NULL)
    return -1;
  fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(errno));
  return CLI_INPUT;
}

static int close_file(FILE **file, const char *path)
{
  FILE *open = g_steal_pointer(file);
  if (open == NULL)
    return -1;
  bool good = ferror(open) == 0;
  if (fclose(open) == 0 && good)
    return -1;
  fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(errno));
  return CLI_INPUT;
}

static bool is_sampling(const struct replay_series *series)
{
  return series->csv != NULL || series->frag_map != NULL;
}

static void sample_files(const struct replay_series *series)
{
  if (series->csv != NULL)
    replay_print_csv(series->csv, series->replay);
  if (series->frag_map != NULL) {
    g_autofree char *map = sim_replay_frag_map(series->replay);
    fprintf(series->frag_map, "%s\n", map);
  }
}

int replay_series_open(struct replay_series *series, const struct replay_series_choice *choice,
                       const sim_replay *replay, const sim_machine *machine, const char *trace)
{
  *series = (struct replay_series){.choice = choice, .replay = replay, .next = choice->every};
  int status = open_file(choice->csv, &series->csv);
  if (status < 0)
    status = open_file(choice->frag_map, &series->frag_map);
  if (status >= 0)
    return status;
  if (choice->html != NULL) {
    series->html = html_out_open(choice->html);
    if (series->html == NULL)
      return CLI_INPUT;
    series->player = sim_player_new("replay", trace);
    series->samples = sim_samples_new(series->player, replay, machine);
    sim_samples_add(series->samples, NULL);
  }
  if (series->csv != NULL)
    replay_print_csv_head(series->csv);
  sample_files(series);
  return -1;
}

size_t replay_series_room(const struct replay_series *series, size_t count)
{
  if (is_sampling(series))
    count = MIN(count, series->next - sim_replay_position(series->replay));
  if (series->samples != NULL)
    count = MIN(count, sim_samples_due(series->samples));
  return count;
}

static bool is_file_due(const struct replay_series *series)
{
  return is_sampling(series) && sim_replay_position(series->replay) == series->next;
}

bool replay_series_is_due(const struct replay_series *series)
{
  return is_file_due(series) || (series->samples != NULL && sim_samples_is_due(series->samples));
}

void replay_series_sample(struct replay_series *series, const struct sim_trace_event *event)
{
  if (is_file_due(series)) {
    sample_files(series);
    series->next += series->choice->every;
  }
  if (series->samples != NULL && sim_samples_is_due(series->samples))
    sim_samples_add(series->samples, event);
}

int replay_series_close(struct replay_series *series)
{
  const struct replay_series_choice *choice = series->choice;
  if (sim_replay_position(series->replay) % choice->every != 0)
    sample_files(series);
  int status = close_file(&series->csv, choice->csv);
  int other = close_file(&series->frag_map, choice->frag_map);
  if (series->html != NULL) {
    sim_samples_end(series->samples);
    if (!html_out_close(g_steal_pointer(&series->html), choice->html, series->player))
      status = CLI_INPUT;
  }
  return status >= 0 ? status : other;
}

void replay_series_clear(struct replay_series *series)
{
  g_clear_pointer(&series->csv, fclose);
  g_clear_pointer(&series->frag_map, fclose);
  g_clear_pointer(&series->html, fclose);
  g_clear_pointer(&series->samples, sim_samples_free);
  g_clear_pointer(&series->player, sim_player_free);
}
