/* What the header promises, seen from C. Prints `N passed, N failed`; valgrind finds nothing lost. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tintype.h>

#include "check.h"

enum { WIDTH = 61, HEIGHT = 40 };

static void every_kind_comes_back(void) {
  static const uint32_t kinds[6][2] = {{1, 8}, {3, 8}, {4, 8}, {1, 16}, {3, 16}, {4, 16}};
  for (int kind = 0; kind < 6; kind++) {
    uint32_t channels = kinds[kind][0], bits = kinds[kind][1];
    size_t row = WIDTH * channels * bits / 8, stride = row + 6;
    uint8_t *pixels = malloc(stride * HEIGHT);
    for (size_t i = 0; i < stride * HEIGHT; i++) pixels[i] = (uint8_t)(i * i / 97);
    tin_encode_options options = TIN_ENCODE_OPTIONS;
    options.goal = TIN_LOSSLESS;
    tin_buffer file;
    CHECK(tin_encode(pixels, WIDTH, HEIGHT, channels, bits, stride, &options, &file) == TIN_OK);
    tin_info info;
    CHECK(tin_read_info(file.data, file.len, &info) == TIN_OK);
    CHECK(info.width == WIDTH && info.height == HEIGHT && info.channels == channels);
    uint32_t orientation = 0;
    CHECK(tin_read_orientation(file.data, file.len, &orientation) == TIN_OK && orientation == 1);
    CHECK(info.lossless == 1 && info.bit_depth == bits && strlen(info.codec) > 2);
    tin_image image;
    CHECK(tin_decode(file.data, file.len, NULL, &image, NULL) == TIN_OK);
    CHECK(image.channels == channels && image.bits == bits && image.len == row * HEIGHT);
    int equal = 1;
    for (size_t y = 0; y < HEIGHT; y++) equal &= !memcmp(image.pixels + y * row, pixels + y * stride, row);
    CHECK(equal);
    tin_image_free(&image);
    tin_image_free(&image);
    CHECK(image.pixels == NULL && image.len == 0);
    tin_buffer_free(&file);
    free(pixels);
  }
}

static tin_buffer a_file(const char *codec, uint32_t goal, double value) {
  uint8_t pixels[HEIGHT][WIDTH][3];
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH * 3; x++) pixels[y][x / 3][x % 3] = (uint8_t)(x * 2 + y * y / 9);
  tin_encode_options options = TIN_ENCODE_OPTIONS;
  options.codec = codec;
  options.goal = goal;
  options.goal_value = value;
  options.threads = 1;
  tin_buffer file = {NULL, 0};
  CHECK(tin_encode(pixels, WIDTH, HEIGHT, 3, 8, 0, &options, &file) == TIN_OK);
  return file;
}

static void parts_and_goals(void) {
  tin_buffer file = a_file("wavelet", TIN_QUALITY, 80);
  tin_decode_options options = TIN_DECODE_OPTIONS;
  tin_image whole, part;
  CHECK(tin_decode(file.data, file.len, &options, &whole, NULL) == TIN_OK);
  options.x = 8, options.y = 4, options.width = 16, options.height = 9;
  CHECK(tin_decode(file.data, file.len, &options, &part, NULL) == TIN_OK);
  CHECK(part.width == 16 && part.height == 9);
  CHECK(!memcmp(part.pixels, whole.pixels + (4 * WIDTH + 8) * 3, 16 * 3));
  tin_image_free(&part);
  tin_decode_options small = TIN_DECODE_OPTIONS;
  small.scale = 4;
  small.channels = 4;
  small.bits = 16;
  CHECK(tin_decode(file.data, file.len, &small, &part, NULL) == TIN_OK);
  CHECK(part.width == 16 && part.height == 10 && part.channels == 4 && part.bits == 16);
  tin_image_free(&part);
  tin_image_free(&whole);
  tin_buffer_free(&file);
  file = a_file(NULL, TIN_SIZE, 700);
  CHECK(file.len <= 700);
  tin_buffer_free(&file);
}

static void failures_have_words(void) {
  tin_buffer file = a_file("wavelet", TIN_LOSSLESS, 0);
  tin_image image;
  int32_t cut_off = 7;
  CHECK(tin_decode(file.data, 20, NULL, &image, NULL) == TIN_TRUNCATED);
  CHECK(strstr(tin_error_message(), "cut off") != NULL);
  CHECK(tin_decode(file.data, file.len - 5, NULL, &image, NULL) == TIN_TRUNCATED);
  CHECK(tin_decode(file.data, file.len - 5, NULL, &image, &cut_off) == TIN_OK && cut_off == 1);
  tin_image_free(&image);
  CHECK(tin_decode(file.data, file.len, NULL, &image, &cut_off) == TIN_OK && cut_off == 0);
  tin_image_free(&image);
  file.data[file.len - 30] ^= 1;
  CHECK(tin_decode(file.data, file.len, NULL, &image, NULL) == TIN_MISMATCH);
  CHECK(tin_decode((const uint8_t *)"something else", 14, NULL, &image, NULL) == TIN_MALFORMED);
  CHECK(tin_decode(NULL, 5, NULL, &image, NULL) == TIN_MISUSE);
  CHECK(tin_decode(NULL, 0, NULL, &image, NULL) == TIN_TRUNCATED);
  CHECK(tin_decode(file.data, file.len, NULL, NULL, NULL) == TIN_MISUSE);
  tin_decode_options options = TIN_DECODE_OPTIONS;
  options.struct_bytes--;
  CHECK(tin_decode(file.data, file.len, &options, &image, NULL) == TIN_MISUSE);
  CHECK(strstr(tin_error_message(), "macro of tintype.h") != NULL);
  options.struct_bytes++;
  options.pixels_max = 100;
  CHECK(tin_decode(file.data, file.len, &options, &image, NULL) == TIN_LIMIT);
  tin_buffer out;
  CHECK(tin_encode("abc", 1, 1, 2, 8, 0, NULL, &out) == TIN_MISUSE);
  CHECK(tin_encode("abc", 1, 1, 3, 8, 2, NULL, &out) == TIN_MISUSE);
  CHECK(tin_encode("abc", 0, 1, 3, 8, 0, NULL, &out) != TIN_OK);
  tin_encode_options encode = TIN_ENCODE_OPTIONS;
  encode.codec = "tape";
  CHECK(tin_encode("abc", 1, 1, 3, 8, 0, &encode, &out) == TIN_MISUSE);
  CHECK(strstr(tin_error_message(), "tape") != NULL);
  tin_buffer_free(NULL);
  tin_image_free(NULL);
  tin_buffer_free(&file);
}

static void jpeg_files(const char *path) {
  static uint8_t file[1 << 20];
  FILE *in = fopen(path, "rb");
  size_t len = in ? fread(file, 1, sizeof file, in) : 0;
  if (in) fclose(in);
  CHECK(len > 0);
  tin_encode_options options = TIN_ENCODE_OPTIONS;
  options.goal = TIN_LOSSLESS;
  tin_buffer packed, back;
  CHECK(tin_encode_file(file, len, &options, &packed) == TIN_OK && packed.len < len);
  CHECK(tin_unpack_jpeg(packed.data, packed.len, &back) == TIN_OK);
  CHECK(back.len == len && !memcmp(back.data, file, len));
  tin_buffer_free(&back);
  tin_buffer_free(&packed);
  tin_buffer plain = a_file(NULL, TIN_QUALITY, 50);
  CHECK(tin_unpack_jpeg(plain.data, plain.len, &back) == TIN_OK && back.len == 0 && !back.data);
  tin_buffer_free(&plain);
}

static void write_file(const char *folder, const char *name, const char *head, const uint8_t *bytes, size_t len) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *out = fopen(path, "wb");
  CHECK(out != NULL);
  if (!out) return;
  CHECK(fwrite(head, 1, strlen(head), out) == strlen(head) && fwrite(bytes, 1, len, out) == len);
  CHECK(!fclose(out));
}

/* A .tin file and the PPM file that the example is to make of it. */
static void files_for_the_example(const char *folder) {
  tin_buffer file = a_file("lossless", TIN_LOSSLESS, 0);
  tin_image image;
  CHECK(tin_decode(file.data, file.len, NULL, &image, NULL) == TIN_OK);
  CHECK(image.pixels[(5 * WIDTH + 7) * 3 + 1] == (uint8_t)((7 * 3 + 1) * 2 + 25 / 9));
  write_file(folder, "x.tin", "", file.data, file.len);
  write_file(folder, "x.ppm", "P6\n61 40\n255\n", image.pixels, image.len);
  tin_image_free(&image);
  tin_buffer_free(&file);
}

static void *thread(void *file) {
  tin_image image;
  tin_buffer *bytes = file;
  if (tin_decode(bytes->data, 10, NULL, &image, NULL) == TIN_OK) return NULL;
  return strstr(tin_error_message(), "cut off") ? file : NULL;
}

static void threads_have_messages_of_their_own(void) {
  tin_buffer file = a_file("photo", TIN_QUALITY, 60);
  tin_image image;
  CHECK(tin_decode((const uint8_t *)"something else", 14, NULL, &image, NULL) == TIN_MALFORMED);
  pthread_t other;
  void *told = NULL;
  CHECK(!pthread_create(&other, NULL, thread, &file));
  CHECK(!pthread_join(other, &told));
  CHECK(told == &file);
  CHECK(strstr(tin_error_message(), "malformed") != NULL);
  tin_buffer_free(&file);
}

int main(int count, char **words) {
  every_kind_comes_back();
  parts_and_goals();
  failures_have_words();
  if (count != 3) return fprintf(stderr, "usage: test FILE.jpg FOLDER\n"), 2;
  jpeg_files(words[1]);
  files_for_the_example(words[2]);
  threads_have_messages_of_their_own();
  CHECK(strchr(tin_version(), '.') != NULL);
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
