/* The loader, as GTK's programs use it. Arguments: a JPEG file. Prints `N passed, N failed`. */
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

enum { WIDTH = 150, HEIGHT = 97 };

static tin_buffer file_of(uint32_t channels, guint8 *pixels) {
  tin_encode_options options = TIN_ENCODE_OPTIONS;
  tin_buffer file = {NULL, 0};
  guint32 i;
  options.goal = TIN_LOSSLESS;
  options.threads = 1;
  for (i = 0; i < WIDTH * HEIGHT * channels; i++) pixels[i] = (guint8)(i * i / 1237 + i % channels * 40);
  CHECK(tin_encode(pixels, WIDTH, HEIGHT, channels, 8, 0, &options, &file) == TIN_OK);
  return file;
}

/* Gives the bytes in pieces; what came of them. */
static GdkPixbuf *loaded(const guint8 *file, gsize len, gsize piece, GError **error) {
  GdkPixbufLoader *loader = gdk_pixbuf_loader_new();
  GdkPixbuf *pixbuf = NULL;
  gboolean is_good = TRUE;
  gsize at;
  for (at = 0; at < len && is_good; at += piece)
    is_good = gdk_pixbuf_loader_write(loader, file + at, MIN(piece, len - at), error);
  is_good = gdk_pixbuf_loader_close(loader, is_good ? error : NULL) && is_good;
  if (is_good) pixbuf = g_object_ref(gdk_pixbuf_loader_get_pixbuf(loader));
  g_object_unref(loader);
  return pixbuf;
}

static int same(const GdkPixbuf *pixbuf, const guint8 *pixels, guint32 channels) {
  const guint8 *own = gdk_pixbuf_read_pixels(pixbuf);
  gsize row = (gsize)WIDTH * channels, stride = (gsize)gdk_pixbuf_get_rowstride(pixbuf);
  int y, equal = gdk_pixbuf_get_width(pixbuf) == WIDTH && gdk_pixbuf_get_height(pixbuf) == HEIGHT &&
                 gdk_pixbuf_get_n_channels(pixbuf) == (int)channels;
  for (y = 0; y < HEIGHT && equal; y++) equal = memcmp(own + (gsize)y * stride, pixels + (gsize)y * row, row) == 0;
  return equal;
}

static void whole_files_in_pieces(uint32_t channels) {
  guint8 *pixels = malloc(WIDTH * HEIGHT * 4);
  tin_buffer file = file_of(channels, pixels);
  gsize pieces[3] = {7, 4096, 1 << 30};
  int i;
  for (i = 0; i < 3; i++) {
    GError *error = NULL;
    GdkPixbuf *pixbuf = loaded(file.data, file.len, pieces[i], &error);
    CHECK(pixbuf != NULL && error == NULL);
    if (pixbuf == NULL) continue;
    CHECK(same(pixbuf, pixels, channels));
    CHECK(gdk_pixbuf_get_option(pixbuf, "orientation") == NULL);
    g_object_unref(pixbuf);
  }
  tin_buffer_free(&file);
  free(pixels);
}

static void files_by_name(const char *folder) {
  char *name = g_build_filename(folder, "loader.tin", NULL);
  guint8 *pixels = malloc(WIDTH * HEIGHT * 4);
  tin_buffer file = file_of(3, pixels);
  GdkPixbuf *pixbuf;
  GdkPixbufFormat *format;
  int width = 0, height = 0;
  CHECK(g_file_set_contents(name, (const char *)file.data, (gssize)file.len, NULL));
  pixbuf = gdk_pixbuf_new_from_file(name, NULL);
  CHECK(pixbuf != NULL && same(pixbuf, pixels, 3));
  g_clear_object(&pixbuf);
  format = gdk_pixbuf_get_file_info(name, &width, &height);
  CHECK(format != NULL && strcmp(gdk_pixbuf_format_get_name(format), "tintype") == 0);
  pixbuf = gdk_pixbuf_new_from_file_at_scale(name, 40, 40, TRUE, NULL);
  CHECK(pixbuf != NULL && gdk_pixbuf_get_width(pixbuf) == 40 && gdk_pixbuf_get_height(pixbuf) == 26);
  g_clear_object(&pixbuf);
  tin_buffer_free(&file);
  free(pixels);
  g_free(name);
}

static void what_is_broken_is_told(void) {
  guint8 *pixels = malloc(WIDTH * HEIGHT * 4);
  tin_buffer file = file_of(3, pixels);
  GError *error = NULL;
  CHECK(loaded(file.data, 12, 5, &error) == NULL && error != NULL && strstr(error->message, "Tintype: ") != NULL);
  g_clear_error(&error);
  file.data[9] ^= 0xff;
  CHECK(loaded(file.data, file.len, 4096, &error) == NULL && error != NULL);
  g_clear_error(&error);
  tin_buffer_free(&file);
  free(pixels);
}

/* A JPEG file with an EXIF that turns it, encoded. */
static void orientation_is_told(const char *jpeg) {
  static const char exif[] =
      "\xff\xe1\x00\x22" "Exif\0\0" "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
  char *bytes = NULL;
  gsize len = 0;
  GByteArray *turned = g_byte_array_new();
  tin_encode_options options = TIN_ENCODE_OPTIONS;
  tin_buffer file = {NULL, 0};
  GdkPixbuf *pixbuf;
  CHECK(g_file_get_contents(jpeg, &bytes, &len, NULL));
  g_byte_array_append(turned, (guint8 *)bytes, 2);
  g_byte_array_append(turned, (const guint8 *)exif, sizeof exif - 1);
  g_byte_array_append(turned, (guint8 *)bytes + 2, (guint)len - 2);
  CHECK(tin_encode_file(turned->data, turned->len, &options, &file) == TIN_OK);
  pixbuf = loaded(file.data, file.len, 1 << 20, NULL);
  CHECK(pixbuf != NULL && g_strcmp0(gdk_pixbuf_get_option(pixbuf, "orientation"), "6") == 0);
  if (pixbuf != NULL) {
    GdkPixbuf *upright = gdk_pixbuf_apply_embedded_orientation(pixbuf);
    CHECK(gdk_pixbuf_get_width(upright) == gdk_pixbuf_get_height(pixbuf));
    g_object_unref(upright);
    g_object_unref(pixbuf);
  }
  tin_buffer_free(&file);
  g_byte_array_free(turned, TRUE);
  g_free(bytes);
}

int main(int count, char **words) {
  if (count != 3) return 2;
  whole_files_in_pieces(3);
  whole_files_in_pieces(4);
  files_by_name(words[2]);
  what_is_broken_is_told();
  orientation_is_told(words[1]);
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
