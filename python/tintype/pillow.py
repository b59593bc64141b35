"""The Pillow plugin: ``import tintype.pillow``, then ``Image.open`` and ``Image.save`` know ``.tin`` files.

``image.save("x.tin", quality=75)`` takes what :func:`tintype.encode` takes. ``Image.draft`` and ``Image.thumbnail``
decode at a smaller scale. Pillow has no colour of more than 8 bits; such pictures open with 8, gray with 16.
"""

from __future__ import annotations

import warnings
from typing import IO, Any

import numpy as np
from PIL import Image, ImageFile

import tintype

__all__ = ["TinImageFile"]

_MODES = {"gray": "L", "rgb": "RGB", "ycbcr": "RGB"}


class TinImageFile(ImageFile.ImageFile):
    """A ``.tin`` file; its samples are decoded when they are needed."""

    format = "TIN"
    format_description = "Tintype"

    def _open(self) -> None:
        self._data = self.fp.read()
        try:
            info = tintype.info(self._data)
        except tintype.Error as error:
            raise SyntaxError(str(error)) from None
        roles = [role for role, _, _ in info["planes"]]
        if info["colour"] == "bands" and len(roles) > 1:
            raise SyntaxError(f"{len(roles)} bands without colour; tintype.decode gives them as an array")
        self._size = (info["width"], info["height"])
        mode = _MODES.get(info["colour"], "L")
        if mode == "L" and info["bit_depth"] > 8 and "alpha" not in roles:
            mode = "I;16"
        elif "alpha" in roles:
            mode += "A"
        self._mode, self._scale, self.tile = mode, 1, []
        self.info["codec"], self.info["lossless"] = info["codec"], info["lossless"]
        self._waits = True

    def draft(self, mode: str | None, size: tuple[int, int] | None) -> Any:
        """Decodes at 1/2, 1/4, … as long as the picture stays at least ``size`` large."""
        if not self._waits or size is None:
            return None
        scale = 1
        while scale < 32 and min(self._full(scale * 2, 0) / size[0], self._full(scale * 2, 1) / size[1]) >= 1:
            scale *= 2
        if scale == 1:
            return None
        whole = (0, 0, self.size[0] / scale, self.size[1] / scale)
        self._size, self._scale = (self._full(scale, 0), self._full(scale, 1)), scale
        return self.mode, whole

    def _full(self, scale: int, axis: int) -> int:
        return -(-self.size[axis] // scale)

    def _decoded(self) -> tintype.Picture:
        # A file that was cut off is an error unless the user of Pillow says otherwise, as with other formats.
        picture = tintype._tintype.decode(self._data, tintype._decoding({"scale": self._scale}))
        if picture.cut_off_at is not None and not ImageFile.LOAD_TRUNCATED_IMAGES:
            raise tintype.TruncatedError(picture.warnings[0])
        for text in picture.warnings:
            warnings.warn(text, tintype.TintypeWarning, stacklevel=4)
        return picture

    def load(self) -> Any:
        if self._waits:
            try:
                picture = self._decoded()
                array = tintype.array_of(picture, 16 if self.mode == "I;16" else 8)
            except tintype.Error as error:
                raise OSError(str(error)) from None
            metadata = (("icc_profile", picture.icc), ("exif", picture.exif), ("xmp", picture.xmp))
            for name, value in metadata:
                if value is not None:
                    self.info[name] = b"Exif\0\0" + value if name == "exif" else value
            self.im = Image.fromarray(np.ascontiguousarray(array)).im
            self._waits, self._data = False, b""
            if self._exclusive_fp and self._close_exclusive_fp_after_loading and self.fp:
                self.fp.close()
            self.fp = None
        return super().load()


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(b"\x89TIN")


def _save(image: Image.Image, file: IO[bytes], filename: str | bytes) -> None:
    options = {key: value for key, value in image.encoderinfo.items() if key not in _PILLOWS}
    picture = image
    if image.mode in ("P", "PA"):
        picture = image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    elif image.mode == "I":
        picture = image.convert("I;16")
    if picture.mode not in ("1", "L", "LA", "RGB", "RGBA", "I;16", "I;16B"):
        raise OSError(f"cannot write mode {image.mode} as TIN; convert the image to RGB first")
    info = {**image.info, **image.encoderinfo}
    exif = info.get("exif")
    if isinstance(exif, Image.Exif):
        exif = exif.tobytes()
    metadata = {"icc": info.get("icc_profile"), "exif": exif, "xmp": info.get("xmp")}
    try:
        file.write(tintype.encode(np.asarray(picture), **metadata, **options))
    except tintype.Error as error:
        raise OSError(str(error)) from None


#: What Pillow itself, or metadata, takes of the keywords of ``save``.
_PILLOWS = {"icc_profile", "exif", "xmp", "dpi", "save_all", "append_images"}

Image.register_open(TinImageFile.format, TinImageFile, _accept)
Image.register_save(TinImageFile.format, _save)
Image.register_extension(TinImageFile.format, ".tin")
Image.register_mime(TinImageFile.format, "image/x-tintype")
