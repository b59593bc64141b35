"""Writes files of every codec and the hashes of their samples, as the native library decodes them, into a folder."""

import json
import sys
from pathlib import Path

import numpy as np

import tintype

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"


def fnv(planes: list[tintype.Plane], width: int, height: int) -> str:
    """FNV-1a over width, height, and each plane's depth, size and samples, as crates/tintype_image/src/hash.rs has it."""
    numbers = [np.array([width, height], "<u4").tobytes()]
    for plane in planes:
        high, wide = plane.samples.shape
        numbers.append(np.array([plane.bit_depth, wide, high], "<u4").tobytes())
        numbers.append(plane.samples.astype("<u2").tobytes())
    value = 0xCBF29CE484222325
    for byte in b"".join(numbers):
        value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    photo = tintype.read(TESTDATA / "pictures/photo_a.png")
    bear = tintype.read(TESTDATA / "pictures/bear.png")
    alpha = np.dstack([photo, np.broadcast_to(np.arange(photo.shape[1]) % 256, photo.shape[:2])]).astype(np.uint8)
    files = {
        **{f"{codec}-50": tintype.encode(photo, codec=codec, quality=50) for codec in tintype.codecs() if codec not in ("lossless", "jpeg")},
        "lossless": tintype.encode(photo, lossless=True),
        "gray16": tintype.encode(photo[:, :, 0].astype(np.uint16) * 250, lossless=True, codec="wavelet"),
        "alpha": tintype.encode(alpha, quality=70, codec="photo"),
        "jpeg": tintype.pack_jpeg((TESTDATA / "jpeg/progressive_444.jpg").read_bytes()),
        "bear-wavelet": tintype.encode(bear, codec="wavelet", quality=90),
        "bear": tintype.encode(bear, quality=75),
    }
    hashes = {}
    for name, data in files.items():
        (folder / f"{name}.tin").write_bytes(data)
        picture = tintype.decode_picture(data)
        if not name.startswith("bear"):
            hashes[name] = fnv(tintype.decode_planes(data), picture.width, picture.height)
    (folder / "hashes.json").write_text(json.dumps(hashes))
    (folder / "broken.tin").write_bytes(files["photo-50"][:-30] + b"\0" * 30)
    (folder / "bear.rgb").write_bytes(bear.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
