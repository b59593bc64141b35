"""The work of tintype.ray and tintype.daft, whatever runs it: shards of a source, done one by one, into a target.

A shard is written under another name and renamed, its list last: a shard is there whole or not at all, a worker that dies
costs its shard's time and nothing else, and a run that is started again does what is missing.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import tarfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

import pyarrow
import pyarrow.fs
import pyarrow.parquet

import tintype

Format = Literal["webdataset", "parquet"]

#: Extensions of files that are taken for pictures.
PICTURES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".gif", ".bmp", ".pnm", ".ppm", ".pgm", ".tin")


class Summary(NamedTuple):
    """What a target holds."""

    items: int
    failed: int
    bytes_in: int
    bytes_out: int
    #: Median, and the lowest tenth and hundredth, of each metric that was measured.
    percentiles: dict[str, dict[str, float]]
    #: Seconds of work on all workers together.
    seconds: float


def results(target: str) -> Iterator[dict[str, Any]]:
    """The lines of all items that are done."""
    return _lines(target, "_done")


def failures(target: str) -> Iterator[dict[str, Any]]:
    """The lines of all items that failed: key, source, kind of error, reason."""
    return _lines(target, "_failed")


def summary(target: str) -> Summary:
    """What the target holds by now."""
    done, failed = list(results(target)), sum(1 for _ in failures(target))
    percentiles = {}
    for name in ("psnr", "ssimulacra2", "butteraugli"):
        values = sorted(line[name] for line in done if line.get(name) is not None)
        if values:
            at = lambda share: values[min(len(values) - 1, int(share * len(values)))]  # noqa: E731
            percentiles[name] = {"p01": at(0.01), "p10": at(0.1), "p50": at(0.5)}
    total = lambda name: sum(line[name] for line in done)  # noqa: E731
    return Summary(len(done), failed, total("bytes_in"), total("bytes_out"), percentiles, total("milliseconds") / 1000)


# The driver.

#: Runs ``work(row)`` on each of the rows, dictionaries of text, at most so many at once; on as many as there are workers for ``None``.
Runner = Callable[[list[dict[str, str]], Callable[[dict[str, str]], dict[str, int]], "int | None"], None]


class Jobs:
    """What can be done on an engine."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def repack(self, source: str, target: str, *, effort: int = 5, **options: Any) -> Summary:
        """Packs JPEG files byte for byte; each is unpacked and compared before it counts as done."""
        return self._run(source, target, {"job": "repack", "effort": effort}, **options)

    def encode(
        self,
        source: str,
        target: str,
        *,
        metrics: bool = False,
        format: Format = "webdataset",
        shard_items: int = 64,
        concurrency: int | None = None,
        **how: Any,
    ) -> Summary:
        """Encodes pictures as :func:`tintype.encode_file` does, which takes ``how``; ``metrics=True`` measures each."""
        job = {"job": "encode", "metrics": metrics, "how": how}
        return self._run(source, target, job, format=format, shard_items=shard_items, concurrency=concurrency)

    def decode(self, source: str, target: str, *, scale: int = 1, **options: Any) -> Summary:
        """Decodes ``.tin`` files: packed JPEG files byte for byte, others to PNG (by Pillow); all to PNG at a smaller scale."""
        return self._run(source, target, {"job": "decode", "scale": scale}, **options)

    def measure(self, source: str, target: str, **how: Any) -> Summary:
        """As :meth:`encode` with metrics, and keeps the numbers alone."""
        return self._run(source, target, {"job": "measure", "metrics": True, "how": how})

    def _run(
        self,
        source: str,
        target: str,
        job: dict[str, Any],
        *,
        format: Format = "webdataset",
        shard_items: int = 64,
        concurrency: int | None = None,
    ) -> Summary:
        if format not in ("webdataset", "parquet"):
            raise tintype.MisuseError(f"format {format!r} (webdataset and parquet are possible)")
        where, root = _place(target)
        for folder in ("_done", "_failed"):
            where.create_dir(f"{root}/{folder}", recursive=True)
        todo = [shard for shard in _shards(source, shard_items) if not _is_done(where, root, shard)]
        if todo:
            rows = [{"shard": json.dumps(shard)} for shard in todo]
            work = functools.partial(_work, source=source, target=target, job=job, format=format)
            self._runner(rows, work, concurrency)
        return summary(target)


def _place(uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
    if "://" in uri:
        return pyarrow.fs.FileSystem.from_uri(uri)
    import os

    return pyarrow.fs.LocalFileSystem(), os.path.abspath(uri)


def _shards(source: str, shard_items: int) -> list[dict[str, Any]]:
    """What to do, in parts whose names depend on the source alone."""
    where, root = _place(source)
    listed = where.get_file_info(pyarrow.fs.FileSelector(root, recursive=True))
    files = sorted((info.path.removeprefix(root).lstrip("/"), info.size) for info in listed if info.is_file)
    if not files:
        raise tintype.MisuseError(f"{source}: no files")
    shards = [{"kind": "tar", "files": [file]} for file in files if file[0].endswith(".tar")]
    shards += [{"kind": "parquet", "files": [file]} for file in files if file[0].endswith(".parquet")]
    pictures = [file for file in files if file[0].lower().endswith(PICTURES)]
    shards += [
        {"kind": "files", "files": pictures[at : at + shard_items]} for at in range(0, len(pictures), shard_items)
    ]
    for number, shard in enumerate(shards):
        digest = hashlib.sha256(json.dumps(shard["files"]).encode()).hexdigest()[:12]
        shard["name"] = f"shard-{number:06}-{digest}"
    return shards


def _is_done(where: pyarrow.fs.FileSystem, root: str, shard: dict[str, Any]) -> bool:
    return where.get_file_info(f"{root}/_done/{shard['name']}.jsonl").type == pyarrow.fs.FileType.File


def _lines(target: str, folder: str) -> Iterator[dict[str, Any]]:
    where, root = _place(target)
    selector = pyarrow.fs.FileSelector(f"{root}/{folder}", allow_not_found=True)
    for info in sorted(where.get_file_info(selector), key=lambda info: info.path):
        if info.path.endswith(".jsonl"):
            with where.open_input_stream(info.path) as file:
                for line in file.read().splitlines():
                    yield json.loads(line)


# The worker.


def _work(row: dict[str, Any], *, source: str, target: str, job: dict[str, Any], format: Format) -> dict[str, Any]:
    """Does one shard."""
    shard = json.loads(row["shard"])
    where, root = _place(target)
    done, failed, made = [], [], []
    for key, name, data in _items(source, shard):
        begin = time.perf_counter()
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                result, extension, facts = _JOBS[job["job"]](data, job)
        except Exception as error:  # noqa: BLE001  Whatever it is, the others go on and it is written down.
            failed.append({"key": key, "source": name, "error": type(error).__name__, "reason": str(error)})
            continue
        line = {
            "key": key,
            "source": name,
            "bytes_in": len(data),
            "bytes_out": len(result),
            "sha256_in": hashlib.sha256(data).hexdigest(),
            "sha256_out": hashlib.sha256(result).hexdigest(),
            "milliseconds": (time.perf_counter() - begin) * 1000,
            "shard": shard["name"],
            "warnings": [str(warning.message) for warning in told],
            **facts,
        }
        done.append(line)
        made.append((key, extension, result, line))
    if made and job["job"] != "measure":
        suffix, data = _packed(made, format)
        _write(where, f"{root}/{shard['name']}.{suffix}", data)
    if failed:
        _write(where, f"{root}/_failed/{shard['name']}.jsonl", _jsonl(failed))
    # The list is what makes the shard count as done, so it comes last.
    _write(where, f"{root}/_done/{shard['name']}.jsonl", _jsonl(done))
    return {"done": len(done), "failed": len(failed)}


def _jsonl(lines: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def _write(where: pyarrow.fs.FileSystem, path: str, data: bytes) -> None:
    """Whole or not at all; object stores do so of themselves."""
    if not isinstance(where, pyarrow.fs.LocalFileSystem):
        with where.open_output_stream(path) as file:
            file.write(data)
        return
    import os

    # Two workers may be at one shard for a moment, when one was taken for dead.
    beside = f"{path}.{os.getpid()}.{time.monotonic_ns()}.part"
    with open(beside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def _items(source: str, shard: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """Key, name and bytes of each item."""
    where, root = _place(source)
    for name, _ in shard["files"]:
        with where.open_input_stream(f"{root}/{name}") as file:
            data = file.read()
        if shard["kind"] == "files":
            yield name, name, data
        elif shard["kind"] == "parquet":
            table = pyarrow.parquet.read_table(io.BytesIO(data), columns=["key", "bytes"])
            for key, value in zip(table["key"].to_pylist(), table["bytes"].to_pylist(), strict=True):
                yield key, f"{name}#{key}", value
        else:
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                for member in archive:
                    if member.isfile() and member.name.lower().endswith(PICTURES):
                        yield member.name, f"{name}#{member.name}", archive.extractfile(member).read()


def _packed(made: list[tuple[str, str, bytes, dict[str, Any]]], format: Format) -> tuple[str, bytes]:
    out = io.BytesIO()
    if format == "parquet":
        columns = {
            "key": [key for key, *_ in made],
            "bytes": [result for _, _, result, _ in made],
            "facts": [json.dumps(line) for *_, line in made],
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), out, compression="none")
        return "parquet", out.getvalue()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for key, extension, result, line in made:
            # WebDataset takes what stands before the first dot of a file's name for its key.
            path = PurePosixPath(key)
            stem = str(path.with_name(path.name.replace(".", "_")))
            for suffix, data in ((extension, result), ("json", json.dumps(line).encode())):
                member = tarfile.TarInfo(f"{stem}.{suffix}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return "tar", out.getvalue()


_Made = tuple[bytes, str, dict[str, Any]]


def _repacked(data: bytes, job: dict[str, Any]) -> _Made:
    if not data.startswith(b"\xff\xd8"):
        raise tintype.UnsupportedError("this is no JPEG file; encode takes other pictures")
    # It is unpacked and compared in there.
    packed = tintype.pack_jpeg(data, effort=job["effort"], threads=1)
    return packed, "tin", {"codec": tintype.info(packed)["codec"]}


def _encoded(data: bytes, job: dict[str, Any]) -> _Made:
    result = tintype.encode_file(data, **{"threads": 1, **job["how"]})
    facts = {"codec": tintype.info(result)["codec"]}
    if job["metrics"]:
        before = tintype.read_picture(data, threads=1)
        facts |= tintype.compare(before, tintype.decode_picture(result, threads=1))
    return result, "tin", facts


def _decoded(data: bytes, job: dict[str, Any]) -> _Made:
    facts = {"codec": tintype.info(data)["codec"]}
    if job["scale"] == 1 and (jpeg := tintype.unpack_jpeg(data)) is not None:
        return jpeg, "jpg", facts
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(tintype.decode(data, scale=job["scale"], threads=1)).save(out, "PNG")
    return out.getvalue(), "png", facts


_JOBS: dict[str, Callable[[bytes, dict[str, Any]], _Made]] = {
    "repack": _repacked,
    "encode": _encoded,
    "measure": _encoded,
    "decode": _decoded,
}
