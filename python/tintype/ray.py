"""More pictures than one machine holds: repack, encode, decode and measure on Ray.

>>> import tintype.ray
>>> tintype.ray.repack("s3://archive/photos", "s3://archive/packed")       # doctest: +SKIP
Summary(items=…, failed=…, bytes_in=…, bytes_out=…, …)

The source is a folder of pictures, of Parquet files (columns ``key`` and ``bytes``) or of WebDataset shards (``.tar``), on
a local disk or an object store. The target gets, for each shard of the source:

* ``shard-….tar`` (WebDataset) or ``shard-….parquet``, with the results;
* ``_done/shard-….jsonl``, one line for each item: key, bytes and SHA-256 before and after, codec, metrics, milliseconds;
* ``_failed/shard-….jsonl``, one line for each item that failed, with the reason.

A shard is there whole or not at all, a worker that dies costs its shard's time and nothing else, and a run that is started again does what is
missing. The work is Ray Data's: ``ray.init`` first, to use a cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._shards import Jobs, Summary, failures, results, summary

__all__ = ["Summary", "decode", "encode", "failures", "measure", "repack", "results", "summary"]


def _run(rows: list[dict[str, str]], work: Callable[[dict[str, str]], Any], concurrency: int | None) -> None:
    import ray.data

    # One task a shard; a task whose worker dies is done again.
    tasks = ray.data.from_items(rows, override_num_blocks=len(rows))
    tasks.map(work, num_cpus=1, concurrency=concurrency).materialize()


_jobs = Jobs(_run)
repack, encode, decode, measure = _jobs.repack, _jobs.encode, _jobs.decode, _jobs.measure
