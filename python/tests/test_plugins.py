"""Pillow and imageio open and save .tin files."""

import io

import numpy as np
import pytest

import tintype

PIL = pytest.importorskip("PIL")
from PIL import Image  # noqa: E402

import tintype.pillow  # noqa: E402


def saved(image: Image.Image, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, "TIN", **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "I;16", "P"])
def test_modes_come_back(small, mode):
    source = Image.fromarray(small)
    if mode == "I;16":
        source = Image.fromarray(small[:, :, 0].astype(np.uint16) * 250)
    elif mode in ("LA", "RGBA"):
        source = source.convert(mode[:-1])
        source.putalpha(Image.fromarray(small[:, :, 2]))
    elif mode == "P":
        source = source.quantize(16)
    elif mode != "RGB":
        source = source.convert(mode)
    back = Image.open(saved(source, lossless=True))
    expected = {"1": "L", "P": "RGB"}.get(mode, mode)
    assert (back.format, back.mode, back.size) == ("TIN", expected, source.size)
    assert np.array_equal(np.asarray(back), np.asarray(source.convert(expected)))


def test_files_by_name(tmp_path, small):
    path = tmp_path / "x.tin"
    Image.fromarray(small).save(path, quality=60, effort=2)
    with Image.open(path) as image:
        assert image.info["codec"] in tintype.codecs()
        assert np.array_equal(np.asarray(image), tintype.read(path))


def test_metadata_goes_through(small):
    exif = Image.Exif()
    exif[0x010E] = "a bear"
    file = saved(Image.fromarray(small), exif=exif, icc_profile=b"icc" * 50, xmp=b"<x/>")
    image = Image.open(file)
    image.load()
    assert image.info["icc_profile"] == b"icc" * 50 and image.info["xmp"] == b"<x/>"
    assert image.getexif()[0x010E] == "a bear"


def test_thumbnails_are_decoded_small(photo):
    image = Image.open(saved(Image.fromarray(photo), codec="wavelet"))
    image.draft(None, (photo.shape[1] // 4, photo.shape[0] // 4))
    assert image.size == (-(-photo.shape[1] // 4), -(-photo.shape[0] // 4))
    image.load()
    assert image.size == (-(-photo.shape[1] // 4), -(-photo.shape[0] // 4))
    thumbnail = Image.open(saved(Image.fromarray(photo)))
    thumbnail.thumbnail((100, 100))
    assert max(thumbnail.size) == 100


def test_broken_files_are_an_error_of_pillow(small):
    data = saved(Image.fromarray(small), codec="wavelet").getvalue()
    with pytest.raises(PIL.UnidentifiedImageError):
        Image.open(io.BytesIO(data[:5]))
    with pytest.raises(OSError, match="cut off"):
        Image.open(io.BytesIO(data[: len(data) // 2])).load()
    with pytest.raises(OSError, match="CMYK"):
        saved(Image.new("CMYK", (8, 8)))


def test_imageio(tmp_path, small):
    iio = pytest.importorskip("imageio.v3")
    import tintype.imageio  # noqa: F401

    path = tmp_path / "x.tin"
    iio.imwrite(path, small, lossless=True)
    assert np.array_equal(iio.imread(path), small)
    assert iio.improps(path).shape == small.shape
    assert iio.immeta(path)["codec"] in tintype.codecs()
    assert iio.imread(path, scale=2).shape[0] == small.shape[0] // 2
    assert np.array_equal(iio.imread(iio.imwrite("<bytes>", small, extension=".tin", lossless=True)), small)
