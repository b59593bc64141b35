"""Repack, encode, decode and measure on Daft: the functions of :mod:`tintype.ray`, with the same sources and targets.

>>> import tintype.daft
>>> tintype.daft.repack("photos/", "packed/")       # doctest: +SKIP
Summary(items=…, failed=…, bytes_in=…, bytes_out=…, …)

The same script runs on the threads of one machine and, after ``daft.set_runner_ray()``, on a Ray cluster. A run that is started again does what
is missing, on whichever of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._shards import Jobs, Summary, failures, results, summary

__all__ = ["Summary", "decode", "encode", "failures", "measure", "repack", "results", "summary"]


def _run(rows: list[dict[str, str]], work: Callable[[dict[str, str]], Any], concurrency: int | None) -> None:
    import daft

    @daft.func(return_dtype=daft.DataType.int64())
    def done(shard: str) -> int:
        return work({"shard": shard})["done"]

    frame = daft.from_pydict({"shard": [row["shard"] for row in rows]})
    # One task a shard. The threads of one machine take batches, the workers of a cluster partitions.
    if daft.get_or_infer_runner_type() == "ray":
        frame = frame.into_partitions(min(len(rows), concurrency) if concurrency else len(rows))
    frame.into_batches(1).with_column("done", done(frame["shard"])).collect()


_jobs = Jobs(_run)
repack, encode, decode, measure = _jobs.repack, _jobs.encode, _jobs.decode, _jobs.measure
