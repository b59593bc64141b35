/* A loader of .tin files for GdkPixbuf, by which GTK's programs open them.
 *
 * In: a file, whole or piece by piece. Out: a pixbuf of 8 bits, with opacity where the picture has it, and the orientation that its
 * EXIF tells, as an option. A program that wants a smaller picture gets it decoded at 1/2 to 1/32 of the size.
 *
 * Built by packaging/gdk_pixbuf/build.sh against the C library of Tintype.
 */
#define GDK_PIXBUF_ENABLE_BACKEND
#include <gdk-pixbuf/gdk-pixbuf.h>
#include <stdio.h>
#include <string.h>

#include "tintype.h"

/* Larger pictures are refused: a folder of hostile files must not stop a file manager. */
#define PIXELS_MAX (1u << 28)
/* Nor may a file be larger than this. */
#define FILE_BYTES_MAX (1u << 30)

typedef struct {
  GByteArray *file;
  GdkPixbufModuleSizeFunc size_func;
  GdkPixbufModulePreparedFunc prepared_func;
  GdkPixbufModuleUpdatedFunc updated_func;
  gpointer user_data;
} Load;

static int code_of(tin_status status) {
  switch (status) {
    case TIN_LIMIT:
      return GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY;
    case TIN_UNSUPPORTED:
      return GDK_PIXBUF_ERROR_UNKNOWN_TYPE;
    case TIN_MISUSE:
    case TIN_INTERNAL:
      return GDK_PIXBUF_ERROR_FAILED;
    default:
      return GDK_PIXBUF_ERROR_CORRUPT_IMAGE;
  }
}

static void tell(GError **error, tin_status status) {
  g_set_error(error, GDK_PIXBUF_ERROR, code_of(status), "Tintype: %s", tin_error_message());
}

static void free_pixels(guchar *pixels, gpointer image) {
  (void)pixels;
  tin_image_free(image);
  g_free(image);
}

/* The smallest scale that has at least the size which the program asks for. */
static guint32 scale_for(guint32 width, guint32 height, gint wanted_width, gint wanted_height) {
  guint32 scale = 1;
  if (wanted_width <= 0 || wanted_height <= 0) return 1;
  while (scale < 32 && width / (scale * 2) >= (guint32)wanted_width && height / (scale * 2) >= (guint32)wanted_height)
    scale *= 2;
  return scale;
}

static void set_orientation(GdkPixbuf *pixbuf, const guint8 *file, gsize len) {
  guint32 orientation = 1;
  char text[2] = {0, 0};
  if (tin_read_orientation(file, len, &orientation) != TIN_OK || orientation < 2 || orientation > 8) return;
  text[0] = (char)('0' + orientation);
  gdk_pixbuf_set_option(pixbuf, "orientation", text);
}

static GdkPixbuf *decoded(const guint8 *file, gsize len, GdkPixbufModuleSizeFunc size_func, gpointer user_data,
                          GError **error) {
  tin_info info;
  tin_decode_options options = TIN_DECODE_OPTIONS;
  tin_image *image;
  tin_status status = tin_read_info(file, len, &info);
  int32_t cut_off = 0;
  gboolean has_alpha;
  if (status != TIN_OK) {
    tell(error, status);
    return NULL;
  }
  if (size_func != NULL) {
    gint width = (gint)info.width, height = (gint)info.height;
    size_func(&width, &height, user_data);
    if (width == 0 || height == 0) {
      g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_FAILED, "Tintype: a picture of no size is asked for");
      return NULL;
    }
    options.scale = scale_for(info.width, info.height, width, height);
  }
  has_alpha = info.channels == 2 || info.channels == 4;
  options.channels = has_alpha ? 4 : 3;
  options.bits = 8;
  options.pixels_max = PIXELS_MAX;
  image = g_new0(tin_image, 1);
  status = tin_decode(file, len, &options, image, &cut_off);
  if (status != TIN_OK) {
    tell(error, status);
    g_free(image);
    return NULL;
  }
  GdkPixbuf *pixbuf =
      gdk_pixbuf_new_from_data(image->pixels, GDK_COLORSPACE_RGB, has_alpha, 8, (int)image->width, (int)image->height,
                               (int)(image->width * image->channels), free_pixels, image);
  if (pixbuf != NULL) set_orientation(pixbuf, file, len);
  return pixbuf;
}

static gpointer begin_load(GdkPixbufModuleSizeFunc size_func, GdkPixbufModulePreparedFunc prepared_func,
                           GdkPixbufModuleUpdatedFunc updated_func, gpointer user_data, GError **error) {
  Load *load = g_new0(Load, 1);
  (void)error;
  load->file = g_byte_array_new();
  load->size_func = size_func;
  load->prepared_func = prepared_func;
  load->updated_func = updated_func;
  load->user_data = user_data;
  return load;
}

static gboolean load_increment(gpointer context, const guchar *bytes, guint len, GError **error) {
  Load *load = context;
  if (len > FILE_BYTES_MAX - load->file->len) {
    g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY,
                        "Tintype: a file of more than 1 GiB");
    return FALSE;
  }
  g_byte_array_append(load->file, bytes, len);
  return TRUE;
}

static gboolean stop_load(gpointer context, GError **error) {
  Load *load = context;
  GdkPixbuf *pixbuf = decoded(load->file->data, load->file->len, load->size_func, load->user_data, error);
  gboolean is_there = pixbuf != NULL;
  if (is_there) {
    if (load->prepared_func != NULL) load->prepared_func(pixbuf, NULL, load->user_data);
    if (load->updated_func != NULL)
      load->updated_func(pixbuf, 0, 0, gdk_pixbuf_get_width(pixbuf), gdk_pixbuf_get_height(pixbuf), load->user_data);
    g_object_unref(pixbuf);
  }
  g_byte_array_free(load->file, TRUE);
  g_free(load);
  return is_there;
}

static GdkPixbuf *load(FILE *file, GError **error) {
  GByteArray *bytes = g_byte_array_new();
  guint8 piece[65536];
  size_t count;
  GdkPixbuf *pixbuf = NULL;
  while ((count = fread(piece, 1, sizeof piece, file)) > 0 && bytes->len <= FILE_BYTES_MAX)
    g_byte_array_append(bytes, piece, (guint)count);
  if (ferror(file) || bytes->len > FILE_BYTES_MAX)
    g_set_error_literal(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_FAILED, "Tintype: the file cannot be read, or has more than 1 GiB");
  else
    pixbuf = decoded(bytes->data, bytes->len, NULL, NULL, error);
  g_byte_array_free(bytes, TRUE);
  return pixbuf;
}

/* What GdkPixbuf looks for in a module. */
G_MODULE_EXPORT void fill_vtable(GdkPixbufModule *module);
G_MODULE_EXPORT void fill_info(GdkPixbufFormat *info);

void fill_vtable(GdkPixbufModule *module) {
  module->load = load;
  module->begin_load = begin_load;
  module->load_increment = load_increment;
  module->stop_load = stop_load;
}

void fill_info(GdkPixbufFormat *info) {
  static const GdkPixbufModulePattern signature[] = {{"\x89TIN", NULL, 100}, {NULL, NULL, 0}};
  static const gchar *mime_types[] = {"image/x-tintype", NULL};
  static const gchar *extensions[] = {"tin", NULL};
  info->name = "tintype";
  info->signature = (GdkPixbufModulePattern *)signature;
  info->description = "Tintype";
  info->mime_types = (gchar **)mime_types;
  info->extensions = (gchar **)extensions;
  info->flags = GDK_PIXBUF_FORMAT_THREADSAFE;
  info->license = "MIT or Apache-2.0";
}
