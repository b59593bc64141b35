"""Daft: the same script on the threads of this machine and on a Ray cluster."""

import hashlib
import subprocess
import sys

import pytest

import tintype
import tintype._shards
from conftest import drawn_jpeg

pytest.importorskip("daft")
pytest.importorskip("ray")
pytest.importorskip("pyarrow")

#: What a user would write; the runner is all that differs. It says what it found.
SCRIPT = """
import sys

import daft
import tintype.daft

engine, source, target, back = sys.argv[1:]
if engine == "ray":
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    daft.set_runner_ray()
packed = tintype.daft.repack(source, target, shard_items=4)
again = tintype.daft.repack(source, target, shard_items=4)
assert again == packed, (again, packed)
unpacked = tintype.daft.decode(target, back)
measured = tintype.daft.measure(source, target + "-measured", quality=60, effort=1)
print(packed.items, packed.failed, unpacked.items, unpacked.failed, measured.items, round(measured.percentiles["psnr"]["p50"], 3))
"""


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jpegs")
    for number in range(18):
        (folder / f"{number:03}.jpg").write_bytes(drawn_jpeg(number))
    (folder / "broken.jpg").write_bytes(b"no JPEG")
    return folder


def test_one_script_on_threads_and_on_a_cluster(jpegs, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    told = {}
    for engine in ("native", "ray"):
        target, back = tmp_path / engine / "packed", tmp_path / engine / "back"
        words = [sys.executable, "-P", script, engine, jpegs, target, back]
        run = subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=tmp_path)
        assert run.returncode == 0, run.stderr
        told[engine] = run.stdout.split()
        # Another folder's lists are no pictures: what is decoded are the shards alone.
        hashes = {line["sha256_out"] for line in tintype._shards.results(str(back))}
        assert hashes == {hashlib.sha256(path.read_bytes()).hexdigest() for path in jpegs.glob("0*.jpg")}
        failed = list(tintype._shards.failures(str(target)))
        assert [line["key"] for line in failed] == ["broken.jpg"]
    assert told["native"] == told["ray"]
    assert told["native"][:5] == ["18", "1", "18", "0", "18"]
