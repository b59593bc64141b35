"""Pictures that the tests share: the repository's own photographs."""

from pathlib import Path

import numpy as np
import pytest

import tintype

PICTURES = Path(__file__).resolve().parents[2] / "testdata"


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """A photograph, 8 bits, red, green and blue."""
    return tintype.read(PICTURES / "pictures/bear.png")


@pytest.fixture(scope="session")
def small(photo: np.ndarray) -> np.ndarray:
    """A part of it, quick to encode."""
    return np.ascontiguousarray(photo[200:328, 300:492])


@pytest.fixture(scope="session")
def jpeg_file(small: np.ndarray) -> bytes:
    return tintype.encode_jpeg(small, quality=85)


@pytest.fixture(scope="session")
def testdata() -> Path:
    return PICTURES


def drawn_jpeg(number: int) -> bytes:
    """A JPEG file of its own for each number."""
    random = np.random.default_rng(number)
    rows = np.cumsum(random.integers(-3, 4, (160, 160)), axis=1) + np.arange(160)[:, None]
    return tintype.encode_jpeg(np.clip(rows + 90, 0, 255).astype(np.uint8), quality=80)
