"""Decoding: every kind of image that people have becomes 8-bit RGB, and what is damaged is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_sample_image

from scaling.data.decode import Undecodable, decode

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    """640 x 427 pixels."""
    return Image.fromarray(load_sample_image("china.jpg"))


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    def save(image: Image.Image, ending: str, **options: object) -> Path:
        path = tmp_path / f"image.{ending}"
        image.save(path, **options)  # type: ignore[arg-type]
        return path

    return save


def _mean_difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("ending", ["jpg", "tiff"])
def test_every_mode_becomes_rgb(
    photograph: Image.Image, saved: Callable[..., Path], mode: str, ending: str
) -> None:
    decoded = decode(saved(photograph.convert(mode), ending), 64)
    assert (decoded.shape, decoded.dtype) == ((64, 64, 3), np.uint8)
    expected = decode(saved(photograph.convert(mode).convert("RGB"), "png"), 64)
    assert _mean_difference(decoded, expected) < 4


def test_palettes_and_bits(photograph: Image.Image, saved: Callable[..., Path]) -> None:
    whole = decode(saved(photograph, "png"), 64)
    assert _mean_difference(decode(saved(photograph.convert("P"), "gif"), 64), whole) < 20
    bits = decode(saved(photograph.convert("1"), "png"), 64)
    assert _mean_difference(bits, decode(saved(photograph.convert("L"), "png"), 64)) < 12


@pytest.mark.parametrize("ending", ["png", "tiff", "pgm"])
def test_16_bits_are_scaled_and_not_clipped(saved: Callable[..., Path], ending: str) -> None:
    ramp = np.linspace(0, 65_535, 256).astype(np.uint16).repeat(8).reshape(256, 8)
    grey = np.tile(ramp, (1, 32))
    decoded = decode(saved(Image.fromarray(grey), ending), 256)
    assert np.array_equal(decoded[:, 0, 0], np.arange(256))
    assert (decoded == decoded[:, :1, :1]).all()


def test_numbers_without_a_scale_are_no_image(saved: Callable[..., Path]) -> None:
    with pytest.raises(Undecodable, match="not those of a 16-bit image"):
        decode(saved(Image.fromarray(np.full((8, 8), 0.5, np.float32)), "tiff"), 8)


def test_what_is_transparent_lies_on_white(saved: Callable[..., Path]) -> None:
    hidden = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert (decode(saved(hidden, "png"), 8) == 255).all()
    assert (decode(saved(Image.new("LA", (8, 8), (0, 255)), "png"), 8) == 0).all()


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_a_turned_camera_is_turned_back(
    photograph: Image.Image, saved: Callable[..., Path], ending: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera's right side is the top
    turned = decode(saved(photograph, ending, exif=exif.tobytes()), 64)
    upright = decode(saved(photograph.transpose(Image.Transpose.ROTATE_270), ending), 64)
    assert _mean_difference(turned, upright) < 3


@pytest.mark.parametrize("side", [16, 50, 100, 200, 300, 500])
def test_reduced_decoding_is_never_below_the_side_and_looks_the_same(
    photograph: Image.Image, saved: Callable[..., Path], side: int
) -> None:
    path = saved(photograph, "jpg", quality=95)
    with Image.open(path) as image:
        whole = decode(saved(image, "png"), side)
    assert _mean_difference(decode(path, side), whole) < 3


def test_the_square_is_the_centre(saved: Callable[..., Path]) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    assert decode(saved(Image.fromarray(wide), "png"), 10).min() > 200


@pytest.mark.parametrize("damage", ["empty", "text", "head", "truncated", "bomb"])
@pytest.mark.parametrize("ending", ["jpg", "png", "gif", "tiff"])
def test_damage_is_told(
    photograph: Image.Image, saved: Callable[..., Path], damage: str, ending: str
) -> None:
    path = saved(photograph, ending)
    content = path.read_bytes()
    damaged = {
        "empty": b"",
        "text": b"this is no image\n",
        "head": bytes(20) + content[20:],
        "truncated": content[: len(content) // 2],
        "bomb": b"P6 100000 100000 255\n",
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(Undecodable) as error:
        decode(path, 64)
    assert str(error.value)
    assert "\n" not in str(error.value)
