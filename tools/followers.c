/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/followers.h"

#include <inttypes.h>
#include <stdio.h>

#include "tools/cli.h"
#include "tools/html-out.h"

void followers_choice_clear(struct followers_choice *choice)
{
  g_free(choice->trace);
  g_free(choice->record);
  g_free(choice->record_as);
  g_free(choice->html);
  g_free(choice->why);
}

bool followers_need_hooks(const struct followers_choice *choice)
{
  return choice->trace != NULL || choice->record != NULL || choice->html != NULL;
}

static void add(struct followers *followers, struct sim_run_watcher *watcher)
{
  watcher->next = followers->watchers;
  followers->watchers = watcher;
}

static bool open_html(struct followers *followers, const char *script)
{
  followers->html = html_out_open(followers->choice->html);
  if (followers->html == NULL)
    return false;
  followers->player = sim_player_new("run", script);
  followers->follow = sim_follow_new(followers->player);
  add(followers, sim_follow_watcher(followers->follow));
  return true;
}

int followers_open(struct followers *followers, const struct followers_choice *choice,
                   const char *script)
{
  GError *error = NULL;

  *followers = (struct followers){.choice = choice};
  if (choice->record != NULL) {
    const char *form = choice->record_as != NULL ? choice->record_as : "binary";
    followers->record = sim_record_new(choice->record, form, &error);
    if (followers->record == NULL)
      return cli_fail(error);
    add(followers, sim_record_watcher(followers->record));
  }
  if (choice->trace != NULL) {
    followers->trace = trace_out_open(choice->trace, script);
    if (followers->trace == NULL) {
      followers_clear(followers);
      return CLI_INPUT;
    }
    add(followers, trace_out_watcher(followers->trace));
  }
  if (choice->html != NULL && !open_html(followers, script)) {
    followers_clear(followers);
    return CLI_INPUT;
  }
  if (choice->why != NULL) {
    followers->why = sim_why_new(fm_paddr_of(choice->why_frame));
    add(followers, sim_why_watcher(followers->why));
  }
  return -1;
}

static int finish_record(const struct followers *followers)
{
  const char *path = followers->choice->record;
  GError *error = NULL;

  if (!sim_record_finish(followers->record, &error))
    return cli_fail(error);
  uint64_t left_out = sim_record_left_out(followers->record);
  if (left_out != 0)
    fprintf(stderr,
            "framesim: %s: %" PRIu64 " events are not in it: its form has no place for them\n",
            path, left_out);
  if (sim_record_is_cut(followers->record))
    fprintf(stderr, "framesim: %s: only what the first machine of the script did is in it\n", path);
  return -1;
}

void followers_text(struct followers *followers, enum sim_text_kind kind, const char *text)
{
  if (followers->follow != NULL)
    sim_follow_text(followers->follow, kind, text);
}

int followers_close(struct followers *followers, sim_run *run, enum sim_verdict verdict)
{
  int status = -1;

  if (followers->trace != NULL && !trace_out_close(g_steal_pointer(&followers->trace), run))
    status = CLI_INPUT;
  if (followers->html != NULL) {
    sim_follow_end(followers->follow, run, verdict);
    if (!html_out_close(g_steal_pointer(&followers->html), followers->choice->html,
                        followers->player))
      status = CLI_INPUT;
  }
  int recorded = followers->record != NULL ? finish_record(followers) : -1;
  return status >= 0 ? status : recorded;
}

void followers_print(const struct followers *followers)
{
  if (followers->why == NULL)
    return;
  g_autofree char *text = sim_why_to_string(followers->why);
  printf("%s\n", text);
}

void followers_clear(struct followers *followers)
{
  g_clear_pointer(&followers->record, sim_record_free);
  g_clear_pointer(&followers->follow, sim_follow_free);
  g_clear_pointer(&followers->player, sim_player_free);
  g_clear_pointer(&followers->html, fclose);
  g_clear_pointer(&followers->why, sim_why_free);
}
