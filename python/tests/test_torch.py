"""Folders and shards for training. They need no PyTorch themselves; with it, its loader is tested too."""

import io
import json
import tarfile

import numpy as np
import pytest

import tintype
from tintype.torch import TinFolder, TinShards


@pytest.fixture
def folder(tmp_path, small):
    for name, shift in (("cat", 0), ("cat", 9), ("dog", 3)):
        (tmp_path / name).mkdir(exist_ok=True)
        tintype.write(tmp_path / name / f"{shift}.tin", np.roll(small, shift, 1), codec="wavelet", lossless=True)
    return tmp_path


def test_folders(folder, small):
    pictures = TinFolder(folder, labels=True)
    assert (len(pictures), pictures.classes) == (3, ["cat", "dog"])
    picture, label = pictures[2]
    assert label == 1 and np.array_equal(picture, np.roll(small, 3, 1))
    half = TinFolder(folder, scale=2, transform=lambda picture: picture.mean())
    assert abs(half[0] - small.mean()) < 1
    with pytest.raises(tintype.MisuseError, match="no .tin files"):
        TinFolder(folder / "cat" / "none")


def test_shards(folder, tmp_path, small):
    shard = tmp_path / "a.tar"
    with tarfile.open(shard, "w") as archive:
        def add(name, data):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

        add("x/1.tin", (folder / "cat/0.tin").read_bytes())
        add("x/1.json", json.dumps({"label": 7}).encode())
        add("x/2.tin", (folder / "dog/3.tin").read_bytes())
    items = list(TinShards([shard, shard]))
    assert [(key, facts) for key, _, facts in items] == [("x/1", {"label": 7}), ("x/2", {})] * 2
    assert np.array_equal(items[0][1], small)


def test_the_loader_of_pytorch(folder):
    torch = pytest.importorskip("torch")
    loader = torch.utils.data.DataLoader(TinFolder(folder, labels=True), batch_size=3, num_workers=2)
    pictures, labels = next(iter(loader))
    assert pictures.shape[0] == 3 and labels.tolist() == [0, 0, 1]
