/* Decodes a .tin file into a PPM file: example IN.tin OUT.ppm */
#include <stdio.h>
#include <stdlib.h>
#include <tintype.h>

int main(int count, char **words) {
  if (count != 3) return fprintf(stderr, "usage: example IN.tin OUT.ppm\n"), 2;
  FILE *in = fopen(words[1], "rb");
  if (!in) return perror(words[1]), 1;
  fseek(in, 0, SEEK_END);
  long len = ftell(in);
  rewind(in);
  uint8_t *file = malloc(len > 0 ? (size_t)len : 1);
  size_t got = file ? fread(file, 1, (size_t)len, in) : 0;
  fclose(in);

  tin_decode_options options = TIN_DECODE_OPTIONS;
  options.channels = 3;
  options.bits = 8;
  tin_image image;
  tin_status status = tin_decode(file, got, &options, &image, NULL);
  free(file);
  if (status != TIN_OK) return fprintf(stderr, "%s: %s\n", words[1], tin_error_message()), 1;

  FILE *out = fopen(words[2], "wb");
  if (!out) return perror(words[2]), tin_image_free(&image), 1;
  fprintf(out, "P6\n%u %u\n255\n", image.width, image.height);
  int failed = fwrite(image.pixels, 1, image.len, out) != image.len;
  failed |= fclose(out);
  tin_image_free(&image);
  return failed;
}
