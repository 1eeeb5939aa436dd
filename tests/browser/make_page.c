/* SPDX-License-Identifier: MPL-2.0 */
/* Writes a page whose names and texts try to leave their place, with two questions. */
#include <stdio.h>

#include "sim/player/page.h"

#define BREAK "</script><script>window.hacked = 1</script>"
#define IMAGE "<img src=x onerror=\"window.hacked = 2\">"
#define MARKS                                                                                      \
  "@STYLE@ @SCRIPT@ @TITLE@ @POLICY@ @DOCUMENT@ <!-- <script> ]]> &amp; \\u003c \"'`${1}"
#define SOURCE "line one " IMAGE "\nline two " BREAK "\n\xff\xfe not UTF-8\n"

static void add_moment(sim_player *player, uint64_t step, int32_t command)
{
  const struct sim_player_moment moment = {.kind = "step",
                                           .step = step,
                                           .command = command,
                                           .thread = step == 2 ? IMAGE : NULL,
                                           .result = BREAK};
  g_autofree char *row =
      sim_player_row("susxxus", "shared", step, IMAGE, step, UINT64_C(0), UINT64_C(0), "");
  g_autofree char *holder =
      sim_player_row("sssuuu", BREAK, IMAGE, "0x1000", UINT64_C(1), UINT64_C(1), UINT64_C(1));
  sim_player_begin(player, &moment);
  sim_player_change(player, MARKS);
  sim_player_said(player, BREAK IMAGE);
  sim_player_put(player, SIM_PLAYER_SLOT, "0x1000", row);
  sim_player_put(player, SIM_PLAYER_HOLDER, BREAK, holder);
}

int main(void)
{
  const char *const choices[] = {"yes", "no", IMAGE, NULL};
  g_autoptr(sim_player) player = sim_player_new("run", IMAGE);
  sim_player_set_title(player, BREAK MARKS);
  sim_player_set_verdict(player, "held");
  sim_player_fact(player, IMAGE, BREAK);
  sim_player_left_out(player, IMAGE BREAK);
  sim_player_region(player, 0, 0x10000, "\" onmouseover=\"window.hacked = 3");
  sim_player_strip(player, 0, 16);
  uint32_t source = sim_player_source(player, BREAK, SOURCE, sizeof(SOURCE) - 1);
  int32_t one = sim_player_command(player, source, 1, IMAGE);
  int32_t two = sim_player_command(player, source, 2, BREAK);

  add_moment(player, 1, one);
  sim_player_end(player);
  add_moment(player, 2, two);
  sim_player_question(player, "Is it so? " IMAGE, choices, "no", "Because of the secret reason.");
  sim_player_finding(player, "VIOLATED", BREAK, IMAGE, "0x1000");
  add_moment(player, 3, one);
  sim_player_question(player, "How many?", NULL, "forty-two", NULL);
  sim_player_end(player);

  g_autofree char *html = sim_player_to_html(player);
  return fputs(html, stdout) >= 0 && fflush(stdout) == 0 ? 0 : 1;
}
