"""How fast training data is read: python python/measure/throughput.py FOLDER [COUNT]

FOLDER holds photographs. They become JPEG files of quality 90, `.tin` files of `photo` and `wavelet` of about as good a picture, and packed JPEG files; then
one process reads all of each as arrays, whole and at 1/2 and 1/4 of the size: `.tin` files through TinFolder, JPEG files through
Pillow, which decodes at a smaller scale too (`draft`). Pictures a second of processor time, the best of three passes in turns.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

import tintype
from tintype.torch import TinFolder


class JpegFolder:
    """What torchvision's ImageFolder does, at a scale."""

    def __init__(self, root: Path, scale: int) -> None:
        self.files, self.scale = sorted(root.glob("*.jpg")), scale

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> np.ndarray:
        image = Image.open(self.files[index])
        if self.scale > 1:
            image.draft("RGB", tuple(-(-side // self.scale) for side in image.size))
        return np.asarray(image)


def main() -> None:
    source, count = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 12
    folders = {name: Path(tempfile.mkdtemp()) for name in ("jpeg", "photo", "wavelet", "packed")}
    files = [path for path in sorted(source.rglob("*")) if path.suffix.lower() in tintype.PICTURES][:count]
    pixels = 0
    for number, path in enumerate(files):
        picture = tintype.read(path, bits=8)
        pixels += picture.shape[0] * picture.shape[1]
        jpeg = tintype.encode_jpeg(picture, quality=90)
        (folders["jpeg"] / f"{number:04}.jpg").write_bytes(jpeg)
        (folders["packed"] / f"{number:04}.tin").write_bytes(tintype.pack_jpeg(jpeg, effort=1))
        for codec in ("photo", "wavelet"):
            tintype.write(folders[codec] / f"{number:04}.tin", picture, quality=80, codec=codec, effort=2)
    print(f"{len(files)} pictures of {pixels / len(files) / 1e6:.2f} megapixels")
    print("kind       kB each   1/1      1/2      1/4   pictures/s")
    sets = {
        name: [(JpegFolder(root, scale) if name == "jpeg" else TinFolder(root, scale=scale)) for scale in (1, 2, 4)]
        for name, root in folders.items()
    }
    best = {name: [0.0] * 3 for name in sets}
    for _ in range(3):
        for name, scales in sets.items():
            for index, data in enumerate(scales):
                begin = time.process_time()
                for number in range(len(data)):
                    data[number]
                best[name][index] = max(best[name][index], len(data) / (time.process_time() - begin))
    for name, root in folders.items():
        size = sum(path.stat().st_size for path in root.iterdir()) / len(files) / 1000
        print(f"{name:8} {size:8.0f}  " + "".join(f"{rate:8.1f}" for rate in best[name]))


if __name__ == "__main__":
    main()
