"""A Ray of two workers, and Daft, beside two threads of one process: python python/measure/cluster.py [COUNT] [ROUNDS] [SIDE]

COUNT (500) JPEG files of SIDE × SIDE pixels (800), cut from a photograph of testdata, are packed byte for byte in turns: by two threads that
read, pack and write; by `tintype.ray.repack` on a local cluster of two workers of one core; by `tintype.daft.repack` on the threads of this machine.
Pictures a second, and the share of what the threads reach.
"""

import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import tintype

PICTURES = Path(__file__).resolve().parents[2] / "testdata/pictures"


def make(folder: Path, count: int, side: int) -> None:
    source = np.tile(tintype.read(PICTURES / "bear.png"), (3, 3, 1))[:, :, :3]
    random = np.random.default_rng(1)
    for number in range(count):
        y, x = (int(random.integers(0, length - side)) for length in source.shape[:2])
        part = np.ascontiguousarray(source[y : y + side, x : x + side])
        (folder / f"{number:04}.jpg").write_bytes(tintype.encode_jpeg(part, quality=88))


def by_threads(source: Path, target: Path) -> None:
    target.mkdir()

    def work(path: Path) -> None:
        packed = tintype.pack_jpeg(path.read_bytes(), threads=1)
        (target / f"{path.stem}.tin").write_bytes(packed)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, sorted(source.iterdir())))


def by_ray(source: Path, target: Path) -> None:
    import tintype.ray

    assert tintype.ray.repack(str(source), str(target)).failed == 0


def by_daft(source: Path, target: Path) -> None:
    import tintype.daft

    assert tintype.daft.repack(str(source), str(target)).failed == 0


def main() -> None:
    count, rounds, side = (int(word) for word in sys.argv[1:] + ["500", "3", "800"][len(sys.argv) - 1 :])
    source = Path(tempfile.mkdtemp())
    make(source, count, side)
    size = sum(path.stat().st_size for path in source.iterdir()) / count / 1000
    print(f"{count} JPEG files of {size:.0f} kB")

    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    # Workers start once; a cluster has them.
    small = Path(tempfile.mkdtemp())
    for path in sorted(source.iterdir())[:4]:
        shutil.copy(path, small)
    for way in (by_ray, by_daft):
        way(small, Path(tempfile.mkdtemp()) / "out")
    for round in range(rounds):
        rates = {}
        for way in (by_threads, by_ray, by_daft):
            target = Path(tempfile.mkdtemp()) / "out"
            begin = time.perf_counter()
            way(source, target)
            rates[way.__name__] = count / (time.perf_counter() - begin)
        threads = rates["by_threads"]
        print(", ".join(f"{name} {rate:.1f}/s ({rate / threads:.2f})" for name, rate in rates.items()), flush=True)


if __name__ == "__main__":
    main()
