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
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypedDict, Unpack

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
    "DecodeOptions",
    "EncodeOptions",
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
    "bench",
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
    "read_picture",
    "train",
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


class EncodeOptions(TypedDict, total=False):
    """What an encode shall reach, and how. At most one of ``quality``, ``lossless``, ``bpp``, ``size``, ``psnr`` and
    ``ssimulacra2`` may be asked for."""

    #: 0 to 100; 75 is the default.
    quality: float
    #: Every sample comes back.
    lossless: bool
    #: Bits for each pixel.
    bpp: float
    #: Bytes.
    size: int
    #: dB.
    psnr: float
    ssimulacra2: float
    #: ``auto`` for the one that fits, or one of :func:`codecs`.
    codec: str
    #: 1 is fast, 9 is dense; 5 is the default.
    effort: int
    tune: Literal["visual", "psnr"]
    #: Bytes of model files.
    models: Sequence[bytes]
    #: Whether the model is put into the file.
    send_model: bool
    #: 1 is best where many pictures are encoded at once.
    threads: int | None


class DecodeOptions(TypedDict, total=False):
    """What is decoded of a picture, and how."""

    #: 1, 2, 4, 8, 16 or 32: so many times smaller, in less time.
    scale: int
    region: Region | None
    #: At most so many quality layers.
    layers: int | None
    #: Take what there is of a file that was cut off, with a warning.
    partial: bool
    #: Bytes of model files.
    models: Sequence[bytes]
    threads: int | None
    #: Larger pictures are refused.
    max_pixels: int | None


def encode(
    array: Any,
    *,
    colour: Colour = "auto",
    bit_depth: int | None = None,
    depth: Any = None,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    **options: Unpack[EncodeOptions],
) -> bytes:
    """Encodes an array into the bytes of a ``.tin`` file; ``options`` are those of :class:`EncodeOptions`. A :class:`Picture` is encoded with
    its metadata and planes as they are.

    ``bit_depth`` is for samples that use fewer bits than their type; ``depth`` is a second array of height × width, kept
    exact.
    """
    if isinstance(array, Picture):
        if (colour, bit_depth, depth, icc, exif, xmp) != ("auto", None, None, None, None, None):
            raise MisuseError("a Picture has its own colour, depth and metadata; give options of the encoder alone")
        data, told = _tintype.encode_picture(array, _encoding(options))
        _warn(told)
        return data
    samples, layout = _samples_of(array, colour, bit_depth)
    if depth is not None:
        depth, _ = _samples_of(depth, "gray", None)
    data, told = _tintype.encode(samples, layout, depth, (icc, _bare_exif(exif), xmp), _encoding(options))
    _warn(told)
    return data


def encode_jpeg(
    array: Any,
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    **options: Unpack[EncodeOptions],
) -> bytes:
    """Encodes an array into the bytes of a real JPEG file, for other programs. Of the options, ``quality``, ``size``, ``effort`` and
    ``tune`` count."""
    samples, layout = _samples_of(array, "auto", None)
    metadata = (icc, _bare_exif(exif), xmp)
    data, told = _tintype.jpeg_from_samples(samples, layout, metadata, _encoding(options))
    _warn(told)
    return data


def encode_file(data: Buffer, **options: Unpack[EncodeOptions]) -> bytes:
    """Encodes the bytes of a picture file (PNG, JPEG, TIFF, WebP, …) with its metadata.

    A JPEG file with ``lossless=True`` is packed as :func:`pack_jpeg` does.
    """
    result, told = _tintype.encode_file(_bytes(data), _encoding(options))
    _warn(told)
    return result


def decode(
    data: Buffer, *, bits: Literal[8, 16] | None = None, **options: Unpack[DecodeOptions]
) -> np.ndarray:
    """Decodes the bytes of a ``.tin`` file into an array; ``options`` are those of :class:`DecodeOptions`.

    ``scale=4`` decodes at a quarter of the width and height, in less time; ``region`` decodes a part. Samples come
    as they are stored; ``bits`` asks for 8 or 16 at full range instead.
    """
    picture = decode_picture(data, **options)
    if any(plane["role"] == "depth" for plane in picture.planes):
        _warnings.warn(
            "the picture has a depth plane, which this array leaves out; decode_planes gives it",
            TintypeWarning,
            stacklevel=2,
        )
    return array_of(picture, bits)


def decode_planes(data: Buffer, **options: Unpack[DecodeOptions]) -> list[Plane]:
    """Decodes every plane of a ``.tin`` file, depth and subsampled chroma too, each at its own size and depth."""
    picture = decode_picture(data, **options)
    planes = []
    for index, plane in enumerate(picture.planes):
        samples, width, height, item_bytes = picture.plane(index)
        array = np.frombuffer(samples, _TYPES[item_bytes]).reshape(height, width)
        planes.append(Plane(plane["role"], plane["name"], plane["bit_depth"], array))
    return planes


def decode_picture(data: Buffer, **options: Unpack[DecodeOptions]) -> Picture:
    """Decodes the bytes of a ``.tin`` file into a :class:`Picture`: samples, ICC profile, EXIF, XMP, planes."""
    picture = _tintype.decode(_bytes(data), _decoding(options))
    _warn(picture.warnings)
    return picture


def array_of(picture: Picture, bits: Literal[8, 16] | None = None) -> np.ndarray:
    """The samples of a picture as an array, which owns them."""
    samples, channels, item_bytes = picture.samples(bits)
    array = np.frombuffer(samples, _TYPES[item_bytes])
    shape = (picture.height, picture.width)
    return array.reshape(shape if channels == 1 else (*shape, channels))


def read(path: StrPath, *, bits: Literal[8, 16] | None = None, **options: Unpack[DecodeOptions]) -> np.ndarray:
    """Reads a ``.tin`` file, or a PNG, JPEG, TIFF, WebP, … file, into an array."""
    data = Path(path).read_bytes()
    try:
        if data.startswith(b"\x89TIN"):
            return decode(data, bits=bits, **options)
        picture = read_picture(data, **options)
    except Error as error:
        raise type(error)(f"{os.fspath(path)}: {error}") from None
    return array_of(picture, bits)


def read_picture(data: Buffer, **options: Unpack[DecodeOptions]) -> Picture:
    """Reads the bytes of a PNG, JPEG, TIFF, WebP, … file into a :class:`Picture`; ``layers``, ``partial`` and ``models`` are for ``.tin``
    files alone."""
    picture = _tintype.read_picture(_bytes(data), _decoding(options))
    _warn(picture.warnings)
    return picture


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


def train(
    pictures: StrPath | Iterable[StrPath],
    *,
    codec: str = "cluster",
    seed: int = 1,
    pictures_max: int = 700,
    progress: Callable[[str, float], None] | None = None,
    **settings: Any,
) -> bytes:
    """Fits a model of ``cluster``, ``sparse``, ``photo`` or ``neural`` to pictures (files, or a folder of them); gives the bytes
    of a model file for ``encode(models=[model], codec=…)`` and ``decode(models=[model])``.

    The same pictures, seed and settings give the same bytes. ``settings`` are those of the codec's fit, as ``tintype train``
    takes them; ``progress`` is called with what is being done, and how much of all is done, 0 to 1. The program can do more: ``tintype
    train`` holds pictures out and reports, resumes, and adapts the models that it has.
    """
    request = (seed, pictures_max, [(name, str(value)) for name, value in settings.items()])
    return _tintype.train(_picture_files(pictures), codec, request, progress)


def _picture_files(pictures: StrPath | Iterable[StrPath]) -> list[str]:
    if not isinstance(pictures, (str, os.PathLike)):
        return [os.fspath(path) for path in pictures]
    place = Path(pictures)
    if not place.is_dir():
        return [os.fspath(place)]
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in PICTURES and path.is_file())
    if not files:
        raise MisuseError(f"{place}: no pictures ({', '.join(sorted(PICTURES))})")
    return [os.fspath(path) for path in files]


#: Extensions by which pictures of other formats are found in folders.
PICTURES = frozenset(
    f".{name}" for name in "png jpg jpeg jpe jfif pnm pbm pgm ppm pam tif tiff dcm dicom webp gif bmp dib".split()
)

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


def _encoding(options: EncodeOptions) -> dict[str, Any]:
    """The options as the module beneath takes them."""
    asked = {"quality": None, "lossless": False, "codec": "auto", "effort": 5, "tune": "visual", "models": ()}
    asked |= {"send_model": False, "threads": None} | _known(options, EncodeOptions)
    goals = [(name, float(asked[name])) for name in _GOALS if asked.get(name) is not None]
    if asked["lossless"]:
        goals.append(("lossless", 0.0))
    if len(goals) > 1:
        raise MisuseError(f"{goals[0][0]} and {goals[1][0]} cannot both be asked for")
    name, value = goals[0] if goals else ("quality", 75.0)
    return {
        "goal": ("exact" if name == "lossless" else name, value),
        "codec": None if asked["codec"] == "auto" else asked["codec"],
        "effort": asked["effort"],
        "tune": asked["tune"],
        "models": [bytes(model) for model in asked["models"]],
        "send_model": asked["send_model"],
        "threads": asked["threads"],
    }


_GOALS = ("quality", "bpp", "size", "psnr", "ssimulacra2")


def _decoding(options: DecodeOptions) -> dict[str, Any]:
    """The options as the module beneath takes them."""
    asked = {"scale": 1, "region": None, "layers": None, "partial": False, "threads": None, "max_pixels": None}
    asked |= {"models": ()} | _known(options, DecodeOptions)
    return asked | {"models": [bytes(model) for model in asked["models"]]}


def _known(options: Any, kind: type) -> dict[str, Any]:
    for name in options:
        if name not in kind.__annotations__:
            raise TypeError(f"there is no option {name!r}; there are {', '.join(kind.__annotations__)}")
    return dict(options)


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


# It needs the rest of the package.
from ._bench import bench  # noqa: E402
