/* SPDX-License-Identifier: MPL-2.0 */
#include "tools/html-out.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/player/page.h"

static void complain(const char *path, int error)
{
  fflush(stdout);
  fprintf(stderr, "framesim: cannot write %s: %s\n", path, g_strerror(error));
}

FILE *html_out_open(const char *path)
{
  FILE *file = fopen(path, "we");
  if (file == NULL)
    complain(path, errno);
  return file;
}

bool html_out_close(FILE *file, const char *path, const sim_player *player)
{
  g_autofree char *html = sim_player_to_html(player);
  size_t size = strlen(html);
  int error = fwrite(html, 1, size, file) == size ? 0 : errno;
  if (fclose(file) != 0 && error == 0)
    error = errno;
  uint64_t left_out = sim_player_moments_left_out(player);
  if (error != 0)
    complain(path, error);
  else if (left_out != 0)
    fprintf(stderr,
            "framesim: %s: the last %" PRIu64 " moments are not in it: a page has %u at most\n",
            path, left_out, SIM_PLAYER_MOMENTS);
  return error == 0;
}

void html_out_discard(FILE *file, const char *path)
{
  struct stat status;
  bool regular = fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode);
  (void)fclose(file);
  if (regular)
    (void)unlink(path);
}
