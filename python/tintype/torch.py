"""PyTorch reads .tin files: a folder as a data set, shards of WebDataset as a stream.

>>> from tintype.torch import TinFolder
>>> pictures = TinFolder("photos/", scale=4)                  # doctest: +SKIP
>>> loader = torch.utils.data.DataLoader(pictures, batch_size=32, num_workers=4)  # doctest: +SKIP

Pictures come as arrays of height × width × channels, or as what ``transform`` makes of them
(``torchvision.transforms.ToTensor()``, say). ``scale=4`` decodes at a quarter of the size, in less time: for training at 224 pixels from
large photographs. Workers are processes, so each picture is decoded on one thread.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tintype

try:
    from torch.utils.data import IterableDataset as _Stream
except ImportError:  # It streams without PyTorch too.
    _Stream = object

__all__ = ["TinFolder", "TinShards"]


class TinFolder:
    """The .tin files below a folder, in the order of their names. With ``labels=True`` each comes with the number of the
    folder that it lies in, as in torchvision's ImageFolder; ``classes`` are their names."""

    def __init__(
        self,
        root: str | Path,
        *,
        scale: int = 1,
        transform: Callable[[Any], Any] | None = None,
        labels: bool = False,
    ) -> None:
        self.root, self.scale, self.transform, self.labels = Path(root), scale, transform, labels
        self.files = sorted(path for path in self.root.rglob("*.tin") if path.is_file())
        if not self.files:
            raise tintype.MisuseError(f"{root}: no .tin files")
        self.classes = sorted({path.parent.name for path in self.files}) if labels else []

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Any:
        path = self.files[index]
        picture = tintype.read(path, scale=self.scale, threads=1)
        picture = self.transform(picture) if self.transform else picture
        return (picture, self.classes.index(path.parent.name)) if self.labels else picture


class TinShards(_Stream):
    """The .tin files of WebDataset shards (.tar), one after the other: key, picture, and what the ``.json`` beside it says, if
    there is one. An ``IterableDataset`` where PyTorch is: of several workers, each takes every n-th shard."""

    def __init__(self, shards: Sequence[str | Path], *, scale: int = 1, transform: Callable[[Any], Any] | None = None) -> None:
        self.shards, self.scale, self.transform = [Path(shard) for shard in shards], scale, transform

    def __iter__(self) -> Iterator[tuple[str, Any, dict[str, Any]]]:
        first, step = _worker()
        for shard in self.shards[first::step]:
            yield from self._items(shard)

    def _items(self, shard: Path) -> Iterator[tuple[str, Any, dict[str, Any]]]:
        waiting: tuple[str, Any] | None = None
        with tarfile.open(shard) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is None:
                    continue
                key = str(Path(member.name).with_suffix(""))
                if member.name.endswith(".tin"):
                    if waiting:
                        yield (*waiting, {})
                    picture = tintype.decode(file.read(), scale=self.scale, threads=1)
                    waiting = (key, self.transform(picture) if self.transform else picture)
                elif member.name.endswith(".json") and waiting and waiting[0] == key:
                    yield (*waiting, json.load(file))
                    waiting = None
        if waiting:
            yield (*waiting, {})


def _worker() -> tuple[int, int]:
    """Which of how many workers this is."""
    try:
        from torch.utils.data import get_worker_info
    except ImportError:
        return 0, 1
    info = get_worker_info()
    return (info.id, info.num_workers) if info else (0, 1)
