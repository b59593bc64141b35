#!/usr/bin/env bash
# Makes a Debian package of the programs in a folder: packaging/deb.sh target/release OUT.deb
#
# It holds the programs, the man page, completions, the MIME type, the thumbnailer, and the GdkPixbuf loader if that lies beside them. Nothing is built here: `cargo build --release -p
# tintype_cli -p tintype_serve` comes before. Needs dpkg-deb. DEB_COMPRESSION=none is quick.
set -euo pipefail
programs=${1:?the folder of the programs} out=${2:?the package}
cd "$(dirname "$0")/.."
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
case $(uname -m) in x86_64) architecture=amd64 ;; aarch64) architecture=arm64 ;; *) architecture=$(uname -m) ;; esac
architecture=${DEB_ARCHITECTURE:-$architecture}

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for program in tintype tintype-serve tintype-studio tintype-watch tintype-mount tintype-thumbnail; do
  install -Dm755 "$programs/$program" "$root/usr/bin/$program"
done
install -d "$root/usr/share/man/man1"
"$programs/tintype" man | gzip -9n >"$root/usr/share/man/man1/tintype.1.gz"
complete() { install -d "$root/usr/share/$(dirname "$2")" && "$programs/tintype" completions "$1" >"$root/usr/share/$2"; }
complete bash bash-completion/completions/tintype
complete zsh zsh/vendor-completions/_tintype
complete fish fish/vendor_completions.d/tintype.fish
install -Dm644 packaging/desktop/tintype.xml "$root/usr/share/mime/packages/tintype.xml"
install -Dm644 packaging/desktop/tintype.thumbnailer "$root/usr/share/thumbnailers/tintype.thumbnailer"
# The loader by which GTK's programs open pictures, if it was built (packaging/gdk_pixbuf/build.sh); GdkPixbuf's package lists it.
loader=libpixbufloader-tintype.so
if [ -f "$programs/$loader" ]; then
  triplet=$(case $architecture in amd64) echo x86_64 ;; arm64) echo aarch64 ;; *) echo "$architecture" ;; esac)-linux-gnu
  install -Dm644 "$programs/$loader" "$root/usr/lib/$triplet/gdk-pixbuf-2.0/2.10.0/loaders/$loader"
fi
install -d "$root/usr/share/doc/tintype"
cat LICENSE-MIT LICENSE-APACHE >"$root/usr/share/doc/tintype/copyright"
gzip -9nc CHANGELOG.md >"$root/usr/share/doc/tintype/changelog.gz"

install -d "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<CONTROL
Package: tintype
Version: $version
Architecture: $architecture
Maintainer: The Tintype authors <tintype@localhost>
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Depends: libc6, libgcc-s1
Suggests: fuse3, shared-mime-info
Section: graphics
Priority: optional
Description: image codec: pictures to small files and back
 Programs that compress photographs and other pictures into .tin files, pack JPEG files byte for byte, serve, watch and mount
 folders of them, and show file managers what they hold.
CONTROL
dpkg-deb --root-owner-group "-Z${DEB_COMPRESSION:-xz}" --build "$root" "$out" >/dev/null
