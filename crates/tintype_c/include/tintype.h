/* Tintype, an image codec: pictures to small .tin files and back.
 *
 * Every function returns TIN_OK or says what kind of failure it was; tin_error_message() says it in words. What a
 * function gives is the caller's: buffers go back by tin_buffer_free, images by tin_image_free. Nothing is global but
 * the message, of which each thread has its own. All functions may be called from several threads at once.
 *
 * A structure of options starts as TIN_ENCODE_OPTIONS or TIN_DECODE_OPTIONS says; NULL stands for these.
 * Link with -ltintype_c.
 */
#ifndef TINTYPE_H
#define TINTYPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What kind of failure it was. */
typedef enum tin_status {
  TIN_OK = 0,
  TIN_TRUNCATED = 1,   /* the bytes end too early */
  TIN_MALFORMED = 2,   /* the bytes contradict their format */
  TIN_UNSUPPORTED = 3, /* valid, but not known to this build */
  TIN_LIMIT = 4,       /* more than the limits allow */
  TIN_MISMATCH = 5,    /* a checksum, a model or a key is another than expected */
  TIN_MISUSE = 6,      /* arguments that make no sense together */
  TIN_IO = 7,          /* reading or writing failed */
  TIN_INTERNAL = 8     /* a fault of Tintype; please report it */
} tin_status;

/* What an encode shall reach. */
typedef enum tin_goal {
  TIN_QUALITY = 0,     /* goal_value 0 to 100: the SSIMULACRA2 that a typical photo reaches */
  TIN_LOSSLESS = 1,    /* every sample comes back */
  TIN_BPP = 2,         /* goal_value bits for each pixel */
  TIN_SIZE = 3,        /* goal_value bytes */
  TIN_PSNR = 4,        /* goal_value dB */
  TIN_SSIMULACRA2 = 5  /* goal_value at most 100 */
} tin_goal;

typedef struct tin_encode_options {
  uint32_t struct_bytes; /* sizeof(tin_encode_options) */
  uint32_t goal;         /* a tin_goal */
  double goal_value;
  const char *codec;     /* NULL: the one that fits the picture; "photo", "wavelet", "lossless", ... */
  uint32_t effort;       /* 1 is fast, 9 is dense */
  uint32_t threads;      /* 0: as many as the machine runs at once */
} tin_encode_options;

#define TIN_ENCODE_OPTIONS { sizeof(tin_encode_options), TIN_QUALITY, 75.0, NULL, 5, 0 }

typedef struct tin_decode_options {
  uint32_t struct_bytes; /* sizeof(tin_decode_options) */
  uint32_t scale;        /* 1, 2, 4, 8, 16 or 32: the picture is so many times smaller */
  uint32_t x, y, width, height; /* a part of the whole picture; all 0 for all of it */
  uint32_t channels;     /* 1 gray, 3 red, green and blue, 4 with opacity; 0: what the picture has */
  uint32_t bits;         /* 8 or 16; 0: 8 where 8 hold all, else 16 */
  uint32_t threads;      /* 0: as many as the machine runs at once */
  uint64_t pixels_max;   /* larger pictures are refused; 0: no bound but the format's */
} tin_decode_options;

#define TIN_DECODE_OPTIONS { sizeof(tin_decode_options), 1, 0, 0, 0, 0, 0, 0, 0, 0 }

/* Bytes that this library owns. */
typedef struct tin_buffer {
  uint8_t *data;
  size_t len;
} tin_buffer;

/* Pixels without gaps, rows from the top; samples of 16 bits in the byte order of the machine. */
typedef struct tin_image {
  uint32_t width, height, channels, bits;
  uint8_t *pixels;
  size_t len; /* width * height * channels * bits / 8 */
} tin_image;

/* What the head of a file says. */
typedef struct tin_info {
  uint32_t width, height;
  uint32_t planes;     /* colour, opacity, depth, bands */
  uint32_t channels;   /* 1, 3, or 4 with opacity, 2 for gray with opacity; 0 for bands without colour */
  uint32_t bit_depth;  /* the largest of the planes */
  int32_t lossless;    /* 1 yes, 0 no, -1 where only decoding would tell */
  char codec[16];
} tin_info;

/* "0.1.0". */
const char *tin_version(void);

/* What went wrong in the last call of this thread that failed, in words; valid until the next call of this thread. */
const char *tin_error_message(void);

/* Encodes pixels: channels 1, 3 or 4 of 8 or 16 bits, rows stride_bytes apart (0: no gaps). */
tin_status tin_encode(const void *pixels, uint32_t width, uint32_t height, uint32_t channels, uint32_t bits,
                      size_t stride_bytes, const tin_encode_options *options, tin_buffer *out);

/* Encodes the bytes of a PNG, JPEG, TIFF, WebP, ... file with its metadata; a JPEG file that shall lose nothing is packed. */
tin_status tin_encode_file(const uint8_t *file, size_t len, const tin_encode_options *options, tin_buffer *out);

/* The JPEG file in a .tin file, byte for byte; an empty buffer if there is none. */
tin_status tin_unpack_jpeg(const uint8_t *tin, size_t len, tin_buffer *out);

/* Reads the head. */
tin_status tin_read_info(const uint8_t *tin, size_t len, tin_info *out);

/* How the picture is to be turned to be seen upright, 1 to 8 as EXIF has it; 1 for pictures without EXIF. tin_decode does not turn it. */
tin_status tin_read_orientation(const uint8_t *tin, size_t len, uint32_t *out);

/* Decodes a .tin file. A file that was cut off gives what is there where its codec can, and *cut_off is 1 then;
 * with cut_off NULL it is TIN_TRUNCATED. */
tin_status tin_decode(const uint8_t *tin, size_t len, const tin_decode_options *options, tin_image *out, int32_t *cut_off);

/* Give back what the library owns; what is given back, and NULL, may be given back again. */
void tin_buffer_free(tin_buffer *buffer);
void tin_image_free(tin_image *image);

#ifdef __cplusplus
}
#endif

#endif
