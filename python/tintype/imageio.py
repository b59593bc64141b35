"""The imageio plugin: ``import tintype.imageio``, then ``imageio.v3.imread`` and ``imwrite`` know ``.tin`` files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from imageio.config import FileExtension, PluginConfig, extension_list, known_extensions, known_plugins
from imageio.core.request import Request
from imageio.core.v3_plugin_api import ImageProperties, PluginV3

import tintype

__all__ = ["TintypePlugin"]


class TintypePlugin(PluginV3):
    """One picture of a ``.tin`` file."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        if request.mode.io_mode.value == "r":
            self._data = request.get_file().read()
            if not self._data.startswith(b"\x89TIN"):
                from imageio.core.request import InitializationError

                raise InitializationError("not a .tin file")

    def read(self, *, index: int | None = 0, **options: Any) -> np.ndarray:
        if index not in (0, None, ...):
            raise IndexError(f"picture {index} of a .tin file, which holds one")
        return tintype.decode(self._data, **options)

    def write(self, ndimage: Any, **options: Any) -> bytes | None:
        data = tintype.encode(ndimage, **options)
        self.request.get_file().write(data)
        return data if self.request.raw_uri == "<bytes>" else None

    def iter(self, **options: Any) -> Iterator[np.ndarray]:
        yield self.read(**options)

    def properties(self, index: int | None = 0) -> ImageProperties:
        info = tintype.info(self._data)
        channels = sum(1 for role, _, _ in info["planes"] if role != "depth")
        shape = (info["height"], info["width"]) + ((channels,) if channels > 1 else ())
        return ImageProperties(shape=shape, dtype=np.dtype(np.uint16 if info["bit_depth"] > 8 else np.uint8))

    def metadata(self, index: int | None = 0, exclude_applied: bool = True) -> dict[str, Any]:
        return tintype.info(self._data)


if "tintype" not in known_plugins:
    known_plugins["tintype"] = PluginConfig(
        name="tintype", class_name="TintypePlugin", module_name="tintype.imageio"
    )
    _EXTENSION = FileExtension(extension=".tin", priority=["tintype"], name="Tintype")
    extension_list.append(_EXTENSION)
    known_extensions[".tin"] = [_EXTENSION]
