/* SPDX-License-Identifier: MPL-2.0 */
#include "sim/player/page.h"

#include <string.h>

#include "sim/player/page_parts.h"

/* Puts a part where its mark stands first. */
static void put_part(GString *html, const char *mark, const char *part)
{
  const char *place = strstr(html->str, mark);
  g_assert(place != NULL);
  gssize offset = place - html->str;
  g_string_erase(html, offset, (gssize)strlen(mark));
  g_string_insert(html, offset, part);
}

static char *escape(const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  return g_markup_escape_text(valid, -1);
}

/* "'sha256-...'": with it a browser runs this text and no other. */
static char *hash_of(const char *text)
{
  guint8 digest[32];
  gsize size = sizeof(digest);
  GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, (const guchar *)text, -1);
  g_checksum_get_digest(sum, digest, &size);
  g_checksum_free(sum);
  g_autofree char *base64 = g_base64_encode(digest, size);
  return g_strdup_printf("'sha256-%s'", base64);
}

char *sim_player_to_html(const sim_player *player)
{
  GString *html = g_string_new(sim_player_page_html);
  g_autofree char *json = sim_player_to_json(player);
  g_autofree char *title = escape(sim_player_heading(player));
  g_autofree char *style_hash = hash_of(sim_player_page_css);
  g_autofree char *script_hash = hash_of(sim_player_page_js);
  g_autofree char *policy =
      g_strdup_printf("default-src 'none'; style-src %s; script-src %s; base-uri 'none'; "
                      "form-action 'none'",
                      style_hash, script_hash);

  /* The last one first: what was put in stands behind every mark that is looked for later. */
  put_part(html, "@SCRIPT@", sim_player_page_js);
  put_part(html, "@DOCUMENT@", json);
  put_part(html, "@STYLE@", sim_player_page_css);
  put_part(html, "@TITLE@", title);
  put_part(html, "@POLICY@", policy);
  return g_string_free(html, FALSE);
}
