"""Arrays to bytes and back: kinds, depths, parts, goals, errors."""

import threading
import time
import warnings

import numpy as np
import pytest

import tintype


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [0, 1, 2, 3, 4, 5, 12])
def test_every_kind_comes_back_exactly(small, dtype, channels):
    gray = small[:, :, 1].astype(dtype) * (257 if dtype == np.uint16 else 1)
    array = gray if channels == 0 else np.stack([np.roll(gray, c, 1) for c in range(channels)], axis=2)
    back = tintype.decode(tintype.encode(array, lossless=True))
    assert back.dtype == dtype
    assert back.shape == (array[:, :, 0].shape if channels == 1 else array.shape)
    assert np.array_equal(back.reshape(array.shape), array)


def test_views_with_gaps_and_foreign_byte_order(small):
    view = small[::2, ::-3]
    assert np.array_equal(tintype.decode(tintype.encode(view, lossless=True)), view)
    wide = small[:, :, 0].astype(">u2") * 7
    assert np.array_equal(tintype.decode(tintype.encode(wide, lossless=True)), wide)


def test_few_bits(small):
    mask = small[:, :, 0] > 90
    data = tintype.encode(mask, lossless=True)
    assert tintype.info(data)["bit_depth"] == 1
    assert np.array_equal(tintype.decode(data).astype(bool), mask)
    assert set(np.unique(tintype.decode(data, bits=8))) <= {0, 255}
    twelve = small[:, :, 0].astype(np.uint16) * 16
    data = tintype.encode(twelve, lossless=True, bit_depth=12)
    assert tintype.info(data)["bit_depth"] == 12
    assert np.array_equal(tintype.decode(data), twelve)
    with pytest.raises(tintype.MisuseError, match="12 bits hold at most 4095"):
        tintype.encode(twelve + 4000, bit_depth=12)


def test_scale_and_region_are_parts_of_the_whole(photo):
    data = tintype.encode(photo, codec="wavelet", quality=80)
    whole = tintype.decode(data)
    part = tintype.decode(data, region=(32, 48, 100, 64))
    assert np.array_equal(part, whole[48:112, 32:132])
    half = tintype.decode(data, scale=2)
    assert half.shape[:2] == (-(-photo.shape[0] // 2), -(-photo.shape[1] // 2))
    smaller = whole[: half.shape[0] * 2 // 2 * 2, :][::2, ::2][: half.shape[0], : half.shape[1]]
    assert abs(half[: smaller.shape[0], : smaller.shape[1]].mean() - smaller.mean()) < 3


def test_goals(small):
    pixels = small.shape[0] * small.shape[1]
    assert len(tintype.encode(small, size=3000)) <= 3000
    assert len(tintype.encode(small, bpp=1.0)) * 8 <= pixels
    reached = tintype.compare(small, tintype.decode(tintype.encode(small, psnr=38)))
    assert reached["psnr"] == pytest.approx(38, abs=0.2)
    assert len(tintype.encode(small, quality=30)) < len(tintype.encode(small, quality=90))
    with pytest.raises(tintype.MisuseError, match="cannot both"):
        tintype.encode(small, quality=30, lossless=True)


def test_depth_beside_colour(small):
    depth = small[:, :, 0].astype(np.uint16) * 100
    data = tintype.encode(small, depth=depth, lossless=True)
    with pytest.warns(tintype.TintypeWarning, match="depth plane"):
        assert np.array_equal(tintype.decode(data), small)
    planes = tintype.decode_planes(data)
    assert [plane.role for plane in planes] == ["colour"] * 3 + ["depth"]
    assert np.array_equal(planes[3].samples, depth)


def test_metadata_is_kept(small):
    data = tintype.encode(small, icc=b"profile" * 9, exif=b"Exif\0\0II*\0" + b"\0" * 40, xmp=b"<x/>")
    picture = tintype.decode_picture(data)
    assert (picture.icc, picture.xmp) == (b"profile" * 9, b"<x/>")
    assert picture.exif == b"II*\0" + b"\0" * 40
    assert set(tintype.info(data)["metadata"]) == {"icc", "exif", "xmp"}


def test_metrics(small):
    same = tintype.compare(small, small)
    assert same["mse"] == 0 and same["psnr"] is None
    other = small.copy()
    other[3, 5, 1] ^= 16
    assert tintype.compare(small, other)["mse"] == pytest.approx(256 / small.size)
    with pytest.raises(tintype.Error):
        tintype.compare(small, small[:-1])


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (lambda data: data[:20], tintype.TruncatedError, "cut off"),
        (lambda data: b"\x89PNG" + data[4:], tintype.MalformedError, "malformed"),
        (lambda data: data[:-40] + bytes([data[-40] ^ 1]) + data[-39:], tintype.MismatchError, "checksum"),
    ],
)
def test_errors_are_exceptions_with_the_programs_words(small, change, kind, words):
    data = tintype.encode(small, codec="photo")
    with pytest.raises(kind, match=words) as caught:
        tintype.decode(change(data))
    assert isinstance(caught.value, tintype.Error) and isinstance(caught.value, ValueError)


def test_misuse_is_named(small):
    for bad, words in [
        (small.astype(float), "float64"),
        (small.reshape(-1), "shape"),
        (small[:0], "no picture"),
    ]:
        with pytest.raises(tintype.MisuseError, match=words):
            tintype.encode(bad)
    data = tintype.encode(small)
    with pytest.raises(tintype.MisuseError, match="does not lie in the picture"):
        tintype.decode(data, region=(0, 0, 10_000, 1))
    with pytest.raises(tintype.MisuseError, match="1/3"):
        tintype.decode(data, scale=3)
    with pytest.raises(tintype.MisuseError, match='codec "tape"'):
        tintype.encode(small, codec="tape")
    with pytest.raises(tintype.LimitError):
        tintype.decode(data, max_pixels=100)
    with pytest.raises(TypeError, match="bytes of a file"):
        tintype.decode(small.tolist())


def test_a_cut_file_gives_what_is_there_with_a_warning(small):
    data = tintype.encode(small, codec="wavelet", lossless=True)
    with pytest.warns(tintype.TintypeWarning, match="cut off"):
        part = tintype.decode(data[: len(data) * 2 // 3])
    assert part.shape == small.shape and not np.array_equal(part, small)


def test_the_interpreter_is_free_while_tintype_works(photo):
    ticks, done = 0, threading.Event()

    def work() -> None:
        tintype.encode(photo, effort=5, threads=1)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not done.is_set():
        time.sleep(0.001)
        ticks += 1
    worker.join()
    assert ticks > 20


def test_any_bytes_give_an_array_or_an_error(small):
    data = bytearray(tintype.encode(small[:32, :32], codec="wavelet"))
    random = np.random.default_rng(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tintype.TintypeWarning)
        for _ in range(300):
            hurt = bytearray(data)
            for at in random.integers(0, len(hurt), 3):
                hurt[at] ^= 1 << int(random.integers(0, 8))
            try:
                tintype.decode(hurt, max_pixels=1 << 20)
            except tintype.Error:
                pass


def test_jpeg_files_come_back_byte_for_byte(jpeg_file):
    packed = tintype.pack_jpeg(jpeg_file)
    assert len(packed) < len(jpeg_file)
    assert tintype.unpack_jpeg(packed) == jpeg_file
    assert tintype.unpack_jpeg(tintype.encode(np.zeros((8, 8), np.uint8))) is None
    assert tintype.decode(packed).shape == tintype.decode(tintype.encode_file(jpeg_file)).shape


def test_files(tmp_path, small, testdata):
    path = tmp_path / "x.tin"
    tintype.write(path, small, lossless=True)
    assert np.array_equal(tintype.read(path), small)
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.tin"]
    assert tintype.info(path)["lossless"] is True
    with pytest.raises(tintype.Error, match="x.tin"):
        path.write_bytes(path.read_bytes()[:20])
        tintype.read(path)
    png = (testdata / "pictures/screen_a.png").read_bytes()
    assert tintype.decode(tintype.encode_file(png, lossless=True)).shape[2] == 3


def test_what_is_given_belongs_to_the_caller(small):
    array = tintype.decode(tintype.encode(small))
    array[0, 0] = 7
    assert array.flags.writeable and (array[0, 0] == 7).all()


def test_every_public_name_is_there():
    for name in tintype.__all__:
        assert hasattr(tintype, name), name
    assert "wavelet" in tintype.codecs()
