"""What Python adds to the calls beneath: python python/measure/overhead.py [PICTURE]

Of each call the time of the Rust function alone, and of all that the user waits for: arrays in and out. One megapixel, one thread, processor
time of that thread, the shortest of a number of runs, in turns.
"""

import sys
import time
from pathlib import Path

import numpy as np

import tintype
from tintype import _tintype

RUNS = 9
PICTURE = Path(__file__).resolve().parents[2] / "testdata/pictures/bear.png"
CASES = [("photo", 75, 3), ("wavelet", 75, 3), ("lossless", None, 2), ("cluster", 50, 3)]


def shortest(*calls) -> list[float]:
    best = [float("inf")] * len(calls)
    for _ in range(RUNS):
        for index, call in enumerate(calls):
            begin = time.thread_time()
            call()
            best[index] = min(best[index], time.thread_time() - begin)
    return [seconds * 1000 for seconds in best]


def main() -> None:
    picture = tintype.read(sys.argv[1] if len(sys.argv) > 1 else PICTURE, bits=8)[..., :3]
    height, width = picture.shape[:2]
    tiles = (-(-1024 // height), -(-1024 // width), 1)
    picture = np.ascontiguousarray(np.tile(picture, tiles)[:1024, :1024])
    print("codec     decode: in Rust, all, more    encode: in Rust, all, more")
    for codec, quality, effort in CASES:
        goal = {"lossless": True} if quality is None else {"quality": quality}
        options = {"codec": codec, "effort": effort, "threads": 1, **goal}
        data = tintype.encode(picture, **options)
        rust, whole = shortest(
            lambda: _tintype.decode(data, tintype._decoding({"threads": 1})),
            lambda: tintype.decode(data, threads=1),
        )
        # An encode of a picture that is in planes already.
        planes = tintype.decode_picture(tintype.encode(picture, codec="lossless", effort=1))
        encoding = tintype._encoding(options)
        rust_encode, whole_encode = shortest(
            lambda: _tintype.encode_picture(planes, encoding), lambda: tintype.encode(picture, **options)
        )
        print(
            f"{codec:8} {rust:8.1f} {whole:8.1f} ms {100 * (whole / rust - 1):5.1f} %"
            f"   {rust_encode:8.1f} {whole_encode:8.1f} ms {100 * (whole_encode / rust_encode - 1):5.1f} %"
        )


if __name__ == "__main__":
    main()
