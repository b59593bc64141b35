#!/usr/bin/env bash
# Builds the GdkPixbuf loader: packaging/gdk_pixbuf/build.sh target/wheel OUT.so
#
# The first folder holds libtintype_c.a (`cargo build --profile wheel -p tintype_c`), which becomes part of the loader, so that it needs
# no other file. Needs a C compiler and pkg-config with gdk-pixbuf-2.0 (Debian: libgdk-pixbuf-2.0-dev).
set -euo pipefail
library=${1:?the folder of libtintype_c.a} out=${2:?the loader}
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2046  # Flags are words.
${CC:-cc} -std=c99 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -o "$out" \
  "$here/io_tintype.c" -I "$here/../../crates/tintype_c/include" "$library/libtintype_c.a" \
  -Wl,--exclude-libs,ALL -Wl,--gc-sections -Wl,-s \
  $(pkg-config --cflags --libs gdk-pixbuf-2.0 gmodule-2.0) -lpthread -ldl -lm
