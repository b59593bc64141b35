#!/usr/bin/env python3
"""phone_files.py PICTURES OUT: JPEG files as phones and cameras write them, of the PNGs of a folder.

pip install numpy pillow. For each picture OUT gets an Ultra HDR file (gain map behind it), an MPO (second view behind it), a
motion photo (a tail of a tenth of its bytes that looks like a video) and one with an EXIF thumbnail. `jpeg_peers.py OUT`
then packs them.
"""
import glob, io, os, struct, sys
import numpy as np
from PIL import Image, ImageFilter

XMP = b"http://ns.adobe.com/xap/1.0/\0"


def jpeg(picture, quality, **options):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, **options)
    return out.getvalue()


def with_segment(file, marker, body):
    return file[:2] + b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body + file[2:]


def packet(inner):
    return XMP + b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' \
        b"<rdf:Description " + inner + b"/></rdf:RDF></x:xmpmeta>"


def ultra_hdr(picture):
    small = picture.convert("L").resize((picture.width // 4, picture.height // 4), Image.LANCZOS)
    gain = small.filter(ImageFilter.GaussianBlur(1))
    own = packet(b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" hdrgm:GainMapMax="2.3"')
    gain_map = with_segment(jpeg(gain, 90), 0xE1, own)
    listed = b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" Item:Semantic="GainMap" Item:Length="%d"'
    return with_segment(jpeg(picture, 92), 0xE1, packet(listed % len(gain_map))) + gain_map


def mpo(picture):
    out = io.BytesIO()
    second = picture.transform(picture.size, Image.AFFINE, (1, 0, 6, 0, 1, 0))
    picture.save(out, "MPO", save_all=True, append_images=[second], quality=90)
    return out.getvalue()


def motion_photo(picture):
    file = jpeg(picture, 92)
    noise = np.random.default_rng(len(file)).bytes(len(file) // 10)
    own = packet(b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"')
    return with_segment(file, 0xE1, own) + b"\0\0\0\x18ftypmp42\0\0\0\0isommp42" + noise


def with_thumbnail(picture):
    thumbnail = picture.copy()
    thumbnail.thumbnail((160, 120))
    small = jpeg(thumbnail, 75)
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, 56), (0x0202, 4, 1, len(small))]
    exif = b"II*\0" + struct.pack("<IHI", 8, 0, 14) + struct.pack("<H", len(entries))
    exif += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 0)
    return with_segment(jpeg(picture, 90), 0xE1, b"Exif\0\0" + exif + small)


def main():
    folder, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    for path in sorted(glob.glob(folder + "/*.png")):
        picture = Image.open(path).convert("RGB")
        name = os.path.splitext(os.path.basename(path))[0]
        for kind in (ultra_hdr, mpo, motion_photo, with_thumbnail):
            open(f"{out}/{kind.__name__}_{name}.jpg", "wb").write(kind(picture))


main()
