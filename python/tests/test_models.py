"""Models fitted to one's own pictures, and codecs measured on them."""

import numpy as np
import pytest

import tintype


#: A small fit: one round, few leaves.
QUICK = {
    "rounds": 1,
    "refinements": 0,
    "coded": 1,
    "leaves": "64,128,64,32,64,16",
    "vectors": "4000,6000,3000,2000,3000,1000",
}


@pytest.fixture(scope="module")
def model(testdata):
    """A cluster tree of one photograph."""
    return tintype.train([testdata / "pictures/photo_a.png"], codec="cluster", **QUICK)


@pytest.fixture
def part(testdata):
    return np.ascontiguousarray(tintype.read(testdata / "pictures/photo_a.png")[:96, :128])


def test_a_model_codes_and_is_needed_to_decode(model, part, testdata):
    data = tintype.encode(part, codec="cluster", quality=40, models=[model])
    assert tintype.info(data)["model"] is not None
    back = tintype.decode(data, models=[model])
    assert tintype.compare(part, back)["psnr"] > 20
    with pytest.raises(tintype.MismatchError, match="model"):
        tintype.decode(data)
    # The same pictures and seed give the same bytes.
    assert tintype.train([testdata / "pictures/photo_a.png"], codec="cluster", **QUICK) == model
    sent = tintype.encode(part, codec="cluster", quality=40, models=[model], send_model=True)
    assert np.array_equal(tintype.decode(sent), back) and len(sent) > len(data)


def test_how_far_a_fit_is(testdata):
    told = []
    tintype.train(testdata / "pictures/photo_b.png", codec="cluster", progress=lambda *now: told.append(now), **QUICK)
    assert len(told) > 2 and all(0 <= done <= 1 for _, done in told) and all(stage for stage, _ in told)

    def stop(stage: str, done: float) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        tintype.train(testdata / "pictures/photo_b.png", codec="cluster", progress=stop, **QUICK)


def test_what_cannot_be_fitted_is_refused(tmp_path, testdata):
    with pytest.raises(tintype.MisuseError, match="cluster"):
        tintype.train([testdata / "pictures/photo_a.png"], codec="wavelet")
    with pytest.raises(tintype.MisuseError, match="no pictures"):
        tintype.train(tmp_path)
    with pytest.raises(tintype.MisuseError, match="colours"):
        tintype.train([testdata / "pictures/photo_a.png"], codec="cluster", colours=3)
    with pytest.raises(tintype.Error, match="none.png"):
        tintype.train([tmp_path / "none.png"], codec="cluster")


def test_bench_has_a_line_for_each_picture_codec_and_quality(part, tmp_path):
    lines = tintype.bench([part, part[::-1].copy()], codecs=["wavelet"], qualities=[30, 80], peers=["jpeg", "webp"], effort=1)
    assert len(lines) == 2 * 3 * 2
    assert {line["codec"] for line in lines} == {"wavelet", "jpeg", "webp"}
    low, high = (line for line in lines if line["codec"] == "jpeg" and line["picture"] == "0")
    assert low["bytes"] < high["bytes"] and low["ssimulacra2"] < high["ssimulacra2"]
    assert all(line["encode_ms"] > 0 and line["bpp"] == line["bytes"] * 8 / (96 * 128) for line in lines)
    with pytest.raises(tintype.MisuseError, match="tape"):
        tintype.bench(part, peers=["tape"])


def test_a_picture_is_encoded_with_its_metadata(part):
    data = tintype.encode(part, lossless=True, xmp=b"<x:xmpmeta/>")
    again = tintype.encode(tintype.decode_picture(data), lossless=True)
    assert tintype.decode_picture(again).xmp == b"<x:xmpmeta/>"
    assert np.array_equal(tintype.decode(again), part)
    with pytest.raises(tintype.MisuseError, match="its own"):
        tintype.encode(tintype.decode_picture(data), colour="rgb")


def test_options_that_there_are_not_are_named(part):
    with pytest.raises(TypeError, match="qualty.*quality"):
        tintype.encode(part, qualty=3)
    with pytest.raises(TypeError, match="scales.*scale"):
        tintype.decode(tintype.encode(part), scales=3)
