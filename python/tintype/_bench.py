"""Codecs measured on one's own pictures, beside those that Pillow has: bytes, time, quality.

For measurements to be published there is the program (``tintype bench``): it runs every codec as a program of its own, on as many peers
as it finds, with BD-rates and a report.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

import tintype

#: Names of Pillow's formats, and what its ``save`` takes beside the quality.
_PEERS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"optimize": True, "progressive": True}),
    "webp": ("WEBP", {"method": 4}),
    "avif": ("AVIF", {"speed": 6, "max_threads": 1}),
}


def bench(
    pictures: Any,
    *,
    codecs: Sequence[str] = ("photo", "wavelet"),
    qualities: Iterable[float] = (30, 50, 70, 90),
    peers: Sequence[str] = ("jpeg",),
    effort: int = 5,
    repeats: int = 1,
) -> list[dict[str, Any]]:
    """Encodes and decodes pictures (files, a folder of them, or arrays) at each quality; one line for each picture, codec and quality.

    A line has ``picture``, ``codec``, ``quality``, ``width``, ``height``, ``bytes``, ``bpp``, ``encode_ms``, ``decode_ms`` (the
    shortest of ``repeats``, on one thread) and the metrics of :func:`tintype.compare`. ``peers`` are ``jpeg``, ``webp`` and ``avif`` of
    Pillow, at their own scales of quality. ``pandas.DataFrame(lines)`` makes a table of it.
    """
    lines = []
    qualities = list(qualities)
    for name, array in _named(pictures):
        ways = [(codec, _Own(codec, effort)) for codec in codecs] + [(peer, _Peer(peer)) for peer in peers]
        for codec, way in ways:
            for quality in qualities:
                encode_ms, data = _timed(lambda: way.encode(array, quality), repeats)
                decode_ms, back = _timed(lambda: way.decode(data), repeats)
                height, width = array.shape[:2]
                lines.append(
                    {
                        "picture": name,
                        "codec": codec,
                        "quality": quality,
                        "width": width,
                        "height": height,
                        "bytes": len(data),
                        "bpp": len(data) * 8 / (width * height),
                        "encode_ms": encode_ms,
                        "decode_ms": decode_ms,
                        **tintype.compare(array, back),
                    }
                )
    return lines


class _Own:
    def __init__(self, codec: str, effort: int) -> None:
        self.codec, self.effort = codec, effort

    def encode(self, array: np.ndarray, quality: float) -> bytes:
        return tintype.encode(array, quality=quality, codec=self.codec, effort=self.effort, threads=1)

    def decode(self, data: bytes) -> np.ndarray:
        return tintype.decode(data, threads=1)


class _Peer:
    def __init__(self, name: str) -> None:
        try:
            from PIL import Image, features
        except ImportError:
            raise tintype.MisuseError(f"peer {name} needs Pillow (pip install pillow), or peers=()") from None
        if name not in _PEERS:
            raise tintype.MisuseError(f"peer {name!r} is not known; there are {', '.join(_PEERS)}")
        if name != "jpeg" and not features.check(name):
            raise tintype.MisuseError(f"this Pillow has no {name}; install one that has, or leave that peer out")
        self.image, (self.format, self.options) = Image, _PEERS[name]

    def encode(self, array: np.ndarray, quality: float) -> bytes:
        out = io.BytesIO()
        self.image.fromarray(array).save(out, self.format, quality=round(quality), **self.options)
        return out.getvalue()

    def decode(self, data: bytes) -> np.ndarray:
        return np.asarray(self.image.open(io.BytesIO(data)))


def _named(pictures: Any) -> Iterable[tuple[str, np.ndarray]]:
    arrays = [pictures] if isinstance(pictures, np.ndarray) else pictures
    if not isinstance(arrays, (str, tintype.os.PathLike)):
        arrays = list(arrays)
        if all(isinstance(array, np.ndarray) for array in arrays):
            yield from ((str(index), array) for index, array in enumerate(arrays))
            return
    for file in tintype._picture_files(arrays):
        yield file, tintype.read(file, bits=8)


def _timed(work: Any, repeats: int) -> tuple[float, Any]:
    best, result = float("inf"), None
    for _ in range(max(1, repeats)):
        begin = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - begin)
    return best * 1000, result
