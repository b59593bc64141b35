"""Tintype for Python: arrays to ``.tin`` files and back.

>>> import numpy, tintype
>>> picture = numpy.zeros((48, 64, 3), numpy.uint8)
>>> data = tintype.encode(picture, quality=75)
>>> tintype.decode(data).shape
(48, 64, 3)

Arrays are height × width, or height × width × channels: one channel is gray, two are gray and opacity, three are
red, green and blue, four these and opacity, more are bands. Samples are ``uint8`` or ``uint16``. The interpreter's
lock is released while Tintype works, so that threads scale.

Pillow: ``import tintype.pillow``, then ``Image.open("x.tin")`` and ``image.save("x.tin", quality=75)``.
imageio: ``import tintype.imageio``, then ``imageio.v3.imread("x.tin")``.
PyTorch: ``tintype.torch.TinFolder``. Ray: ``tintype.ray``.
"""

from __future__ import annotations

import os
import warnings as _warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from . import _tintype
from ._tintype import (
    Error,
    IoError,
    LimitError,
    MalformedError,
    MismatchError,
    MisuseError,
    Picture,
    TruncatedError,
    UnsupportedError,
    __version__,
    codecs,
)

__all__ = [
    "Error",
    "IoError",
    "LimitError",
    "MalformedError",
    "MismatchError",
    "MisuseError",
    "Picture",
    "Plane",
    "TintypeWarning",
    "TruncatedError",
    "UnsupportedError",
    "__version__",
    "codecs",
    "compare",
    "decode",
    "decode_picture",
    "decode_planes",
    "encode",
    "encode_file",
    "encode_jpeg",
    "info",
    "pack_jpeg",
    "read",
    "unpack_jpeg",
    "write",
]

#: What holds the bytes of a file.
Buffer = bytes | bytearray | memoryview
#: What names a file.
StrPath = str | os.PathLike[str]
#: x, y, width and height, in pixels of the whole picture.
Region = tuple[int, int, int, int]
Colour = Literal["auto", "gray", "rgb", "bands"]


class TintypeWarning(UserWarning):
    """What went less than perfectly although there is a result."""


class Plane(NamedTuple):
    """One plane of a picture, as it is stored."""

    #: ``colour``, ``alpha``, ``depth`` or ``band``.
    role: str
    name: str
    bit_depth: int
    samples: np.ndarray


def encode(
    array: Any,
    *,
    quality: float | None = None,
    lossless: bool = False,
    bpp: float | None = None,
    size: int | None = None,
    psnr: float | None = None,
    ssimulacra2: float | None = None,
    codec: str = "auto",
    effort: int = 5,
    tune: Literal["visual", "psnr"] = "visual",
    colour: Colour = "auto",
    bit_depth: int | None = None,
    depth: Any = None,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    models: Sequence[bytes] = (),
    send_model: bool = False,
    threads: int | None = None,
) -> bytes:
    """Encodes an array into the bytes of a ``.tin`` file.

    At most one of ``quality`` (0 to 100, the default is 75), ``lossless``, ``bpp``, ``size`` (bytes), ``psnr`` (dB) and
    ``ssimulacra2`` says what is to be reached. ``bit_depth`` is for samples that use fewer bits than their type;
    ``depth`` is a second array of height × width, kept exact. ``threads=1`` is best where many pictures are encoded at once.
    """
    samples, layout = _samples_of(array, colour, bit_depth)
    goal = _goal(quality, lossless, bpp, size, psnr, ssimulacra2)
    options = _options(goal, codec, effort, tune, models, send_model, threads)
    if depth is not None:
        depth, _ = _samples_of(depth, "gray", None)
    data, told = _tintype.encode(samples, layout, depth, (icc, _bare_exif(exif), xmp), options)
    _warn(told)
    return data


def encode_jpeg(
    array: Any,
    *,
    quality: float | None = None,
    size: int | None = None,
    effort: int = 5,
    tune: Literal["visual", "psnr"] = "visual",
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
) -> bytes:
    """Encodes an array into the bytes of a real JPEG file, for other programs."""
    samples, layout = _samples_of(array, "auto", None)
    options = _options(_goal(quality, False, None, size, None, None), "auto", effort, tune, (), False, None)
    data, told = _tintype.jpeg_from_samples(samples, layout, (icc, _bare_exif(exif), xmp), options)
    _warn(told)
    return data


def encode_file(
    data: Buffer,
    *,
    quality: float | None = None,
    lossless: bool = False,
    bpp: float | None = None,
    size: int | None = None,
    psnr: float | None = None,
    ssimulacra2: float | None = None,
    codec: str = "auto",
    effort: int = 5,
    tune: Literal["visual", "psnr"] = "visual",
    models: Sequence[bytes] = (),
    send_model: bool = False,
    threads: int | None = None,
) -> bytes:
    """Encodes the bytes of a picture file (PNG, JPEG, TIFF, WebP, …) with its metadata.

    A JPEG file with ``lossless=True`` is packed as :func:`pack_jpeg` does.
    """
    goal = _goal(quality, lossless, bpp, size, psnr, ssimulacra2)
    result, told = _tintype.encode_file(
        _bytes(data), _options(goal, codec, effort, tune, models, send_model, threads)
    )
    _warn(told)
    return result


def decode(
    data: Buffer,
    *,
    scale: int = 1,
    region: Region | None = None,
    bits: Literal[8, 16] | None = None,
    layers: int | None = None,
    partial: bool = False,
    models: Sequence[bytes] = (),
    threads: int | None = None,
    max_pixels: int | None = None,
) -> np.ndarray:
    """Decodes the bytes of a ``.tin`` file into an array.

    ``scale=4`` decodes at a quarter of the width and height, in less time; ``region`` decodes a part. Samples come
    as they are stored; ``bits`` asks for 8 or 16 at full range instead.
    """
    picture = decode_picture(
        data,
        scale=scale,
        region=region,
        layers=layers,
        partial=partial,
        models=models,
        threads=threads,
        max_pixels=max_pixels,
    )
    if any(plane["role"] == "depth" for plane in picture.planes):
        _warnings.warn(
            "the picture has a depth plane, which this array leaves out; decode_planes gives it",
            TintypeWarning,
            stacklevel=2,
        )
    return array_of(picture, bits)


def decode_planes(data: Buffer, *, scale: int = 1, region: Region | None = None) -> list[Plane]:
    """Decodes every plane of a ``.tin`` file, depth and subsampled chroma too, each at its own size and depth."""
    picture = decode_picture(data, scale=scale, region=region)
    planes = []
    for index, plane in enumerate(picture.planes):
        samples, width, height, item_bytes = picture.plane(index)
        array = np.frombuffer(samples, _TYPES[item_bytes]).reshape(height, width)
        planes.append(Plane(plane["role"], plane["name"], plane["bit_depth"], array))
    return planes


def decode_picture(data: Buffer, **options: Any) -> Picture:
    """Decodes the bytes of a ``.tin`` file into a :class:`Picture`: samples, ICC profile, EXIF, XMP, planes."""
    options["models"] = [bytes(model) for model in options.get("models", ())]
    picture = _tintype.decode(_bytes(data), **options)
    _warn(picture.warnings)
    return picture


def array_of(picture: Picture, bits: Literal[8, 16] | None = None) -> np.ndarray:
    """The samples of a picture as an array, which owns them."""
    samples, channels, item_bytes = picture.samples(bits)
    array = np.frombuffer(samples, _TYPES[item_bytes])
    shape = (picture.height, picture.width)
    return array.reshape(shape if channels == 1 else (*shape, channels))


def read(path: StrPath, *, scale: int = 1, region: Region | None = None, **options: Any) -> np.ndarray:
    """Reads a ``.tin`` file, or a PNG, JPEG, TIFF, WebP, … file, into an array."""
    data = Path(path).read_bytes()
    try:
        if data.startswith(b"\x89TIN"):
            return decode(data, scale=scale, region=region, **options)
        bits = options.pop("bits", None)
        picture = _tintype.read_picture(data, scale=scale, region=region, **options)
    except Error as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from None
    _warn(picture.warnings)
    return array_of(picture, bits)


def write(path: StrPath, array: Any, **options: Any) -> None:
    """Encodes an array, as :func:`encode` does, into a file that appears complete or not at all."""
    data = encode(array, **options)
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def info(data: Buffer | StrPath) -> dict[str, Any]:
    """What a ``.tin`` file holds, without decoding it; takes its bytes or its path."""
    if isinstance(data, (str, os.PathLike)):
        data = Path(data).read_bytes()
    return _tintype.info(_bytes(data))


def compare(a: Any, b: Any) -> dict[str, float | None]:
    """Every metric of two pictures of one size: arrays, :class:`Picture`, paths of files.

    ``None`` stands for a metric that such pictures have not, and for the PSNR of equal ones.
    """
    return _tintype.compare(_side(a), _side(b))


def pack_jpeg(data: Buffer, *, effort: int = 5, threads: int | None = None) -> bytes:
    """Packs a JPEG file into a smaller ``.tin`` file that gives it back byte for byte.

    The result is unpacked and compared before it is returned.
    """
    packed, told = _tintype.pack_jpeg(_bytes(data), effort=effort, threads=threads)
    _warn(told)
    return packed


def unpack_jpeg(data: Buffer) -> bytes | None:
    """The JPEG file that was packed into a ``.tin`` file, byte for byte; ``None`` if there is none in it."""
    return _tintype.unpack_jpeg(_bytes(data))


_TYPES = {1: np.dtype(np.uint8), 2: np.dtype(np.uint16)}


def _bytes(data: Any) -> bytes | bytearray:
    if isinstance(data, (bytes, bytearray)):
        return data
    try:
        return memoryview(data).tobytes()
    except TypeError:
        raise TypeError(f"the bytes of a file are needed, not {type(data).__name__}") from None


def _samples_of(
    array: Any, colour: Colour, bit_depth: int | None
) -> tuple[np.ndarray, tuple[str, bool, int]]:
    """The array as a buffer, and what its channels are: colour model, whether the last is opacity, bits."""
    samples = np.asarray(array)
    if samples.dtype == np.bool_:
        samples, bit_depth = (samples.view(np.uint8) != 0).view(np.uint8), bit_depth or 1
    if samples.dtype.kind == "u" and not samples.dtype.isnative:
        samples = samples.astype(samples.dtype.newbyteorder("="))
    if samples.dtype not in (np.uint8, np.uint16):
        raise MisuseError(
            f"an array of {samples.dtype}; uint8 and uint16 are possible (scale floats to 0..255 and convert them)"
        )
    if samples.ndim not in (2, 3):
        raise MisuseError(
            f"an array of shape {samples.shape}; height × width, or height × width × channels, is needed"
        )
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    if colour == "auto":
        colour = {1: "gray", 2: "gray", 3: "rgb", 4: "rgb"}.get(channels, "bands")
    alpha = (colour, channels) in (("gray", 2), ("rgb", 4))
    return samples, (colour, alpha, bit_depth or 0)


def _goal(
    quality: float | None,
    lossless: bool,
    bpp: float | None,
    size: int | None,
    psnr: float | None,
    ssimulacra2: float | None,
) -> tuple[str, float]:
    goals = {"quality": quality, "bpp": bpp, "size": size, "psnr": psnr, "ssimulacra2": ssimulacra2}
    asked = [(name, float(value)) for name, value in goals.items() if value is not None]
    if lossless:
        asked.append(("lossless", 0.0))
    if len(asked) > 1:
        raise MisuseError(f"{asked[0][0]} and {asked[1][0]} cannot both be asked for")
    name, value = asked[0] if asked else ("quality", 75.0)
    return ("exact" if name == "lossless" else name, value)


def _options(
    goal: tuple[str, float],
    codec: str,
    effort: int,
    tune: str,
    models: Sequence[bytes],
    send_model: bool,
    threads: int | None,
) -> dict[str, Any]:
    return {
        "goal": goal,
        "codec": None if codec == "auto" else codec,
        "effort": effort,
        "tune": tune,
        "models": [bytes(model) for model in models],
        "send_model": send_model,
        "threads": threads,
    }


def _side(side: Any) -> Any:
    if isinstance(side, Picture):
        return side
    if isinstance(side, (str, os.PathLike)):
        side = read(side)
    return _samples_of(side, "auto", None)


def _bare_exif(exif: bytes | None) -> bytes | None:
    """EXIF without the mark that it has in JPEG files and in Pillow."""
    return exif.removeprefix(b"Exif\0\0") if exif else None


def _warn(told: list[str]) -> None:
    for text in told:
        _warnings.warn(text, TintypeWarning, stacklevel=3)
