"""Ray: a cluster of two workers on this machine, one of which is killed half-way."""

import hashlib
import io
import tarfile
import threading
import time
import warnings

import pytest

import tintype
from conftest import drawn_jpeg

ray = pytest.importorskip("ray")
pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        cluster.workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
        ray.init(address=cluster.address, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory):
    """96 JPEG files, two of which are none."""
    folder = tmp_path_factory.mktemp("jpegs")
    for number in range(4):
        (folder / f"{number}").mkdir()
    for number in range(96):
        (folder / f"{number % 4}" / f"{number:03}.jpg").write_bytes(drawn_jpeg(number))
    (folder / "0/broken.jpg").write_bytes(b"no JPEG")
    (folder / "1/cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def contents(target) -> dict[str, bytes]:
    """Every .tin file of all shards; a key that stands twice is an error."""
    found: dict[str, bytes] = {}
    for shard in sorted(target.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                if member.name.endswith(".tin"):
                    assert member.name not in found, f"{member.name} twice"
                    found[member.name] = archive.extractfile(member).read()
    return found


def test_a_worker_dies_and_nothing_is_lost_or_doubled(cluster, jpegs, tmp_path):
    import tintype.ray

    target = tmp_path / "packed"
    told = []

    def kill() -> None:
        while not list(target.glob("_done/*.jsonl")):
            time.sleep(0.01)
        told.append(len(list(target.glob("_done/*.jsonl"))))
        cluster.remove_node(cluster.workers.pop(), allow_graceful=False)

    killer = threading.Thread(target=kill)
    killer.start()
    summary = tintype.ray.repack(str(jpegs), str(target), shard_items=4)
    killer.join()
    assert told and told[0] < 24, "the worker was killed too late"

    assert (summary.items, summary.failed) == (96, 2)
    assert summary.bytes_out < summary.bytes_in
    packed = contents(target)
    assert len(packed) == 96
    for path in jpegs.rglob("[0-9][0-9][0-9].jpg"):
        name = str(path.relative_to(jpegs).with_name(path.name.replace(".", "_"))) + ".tin"
        assert tintype.unpack_jpeg(packed[name]) == path.read_bytes()
    assert not list(target.rglob("*.part"))
    failed = {line["key"]: line for line in tintype.ray.failures(str(target))}
    assert set(failed) == {"0/broken.jpg", "1/cut.png"}
    assert "no JPEG" in failed["1/cut.png"]["reason"] and failed["0/broken.jpg"]["error"] == "UnsupportedError"
    cluster.workers.append(cluster.add_node(num_cpus=1))


def test_a_second_run_does_what_is_missing_alone(cluster, jpegs, tmp_path):
    import tintype.ray

    target = tmp_path / "packed"
    tintype.ray.repack(str(jpegs / "2"), str(target), shard_items=8)
    before = {path.name: path.stat().st_mtime_ns for path in target.glob("*.tar")}
    lost = sorted(target.glob("_done/*.jsonl"))[0]
    lost.unlink()
    summary = tintype.ray.repack(str(jpegs / "2"), str(target), shard_items=8)
    after = {path.name: path.stat().st_mtime_ns for path in target.glob("*.tar")}
    assert summary.items == 24 and set(before) == set(after)
    assert [name for name in before if before[name] != after[name]] == [lost.stem + ".tar"]


def test_encode_measures_and_decode_goes_back(cluster, jpegs, tmp_path):
    import tintype.ray

    encoded, decoded = tmp_path / "encoded", tmp_path / "decoded"
    summary = tintype.ray.encode(str(jpegs / "3"), str(encoded), metrics=True, quality=60, effort=1, format="parquet")
    assert summary.items == 24 and 20 < summary.percentiles["psnr"]["p50"] < 60
    line = next(tintype.ray.results(str(encoded)))
    assert line["codec"] in tintype.codecs() and line["ssimulacra2"] is not None
    source = (jpegs / "3" / line["key"]).read_bytes()
    assert line["sha256_in"] == hashlib.sha256(source).hexdigest()

    # Parquet shards are a source too.
    back = tintype.ray.decode(str(encoded), str(decoded))
    assert (back.items, back.failed) == (24, 0)
    with tarfile.open(next(decoded.glob("*.tar"))) as archive:
        png = next(member for member in archive if member.name.endswith(".png"))
        from PIL import Image

        assert Image.open(io.BytesIO(archive.extractfile(png).read())).size == (160, 160)


def test_webdataset_shards_are_a_source(cluster, jpegs, tmp_path):
    import tintype.ray

    packed, back = tmp_path / "packed", tmp_path / "back"
    tintype.ray.repack(str(jpegs / "2"), str(packed), shard_items=12)
    (packed / "_done").rename(tmp_path / "lists")
    summary = tintype.ray.decode(str(packed), str(back))
    assert (summary.items, summary.failed) == (24, 0)
    assert {line["sha256_out"] for line in tintype.ray.results(str(back))} == {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in (jpegs / "2").iterdir()
    }


def test_what_makes_no_sense_is_refused(cluster, tmp_path):
    import tintype.ray

    with pytest.raises(tintype.MisuseError, match="no files"):
        tintype.ray.repack(str(tmp_path), str(tmp_path / "out"))
    with pytest.raises(tintype.MisuseError, match="tape"):
        tintype.ray.repack(str(tmp_path), str(tmp_path / "out"), format="tape")
