"""Decoding: an image file of any kind becomes a square of 8-bit RGB of a given side. No torch import."""

from __future__ import annotations

import warnings
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base

from scaling.data.stored import IGNORED

_WHITE = (255, 255, 255)
_DEEP = 65_535
"""Largest value of 16 bits."""


DECODING = 1
"""Version of the decoding, increased when a file decodes to other pixels; images of other versions are
decoded again."""


class Undecodable(ValueError):
    """A file that is not an image, or is damaged; `str()` says why."""


def decode(source: Path | BytesIO, side: int) -> NDArray[np.uint8]:
    """The central square as (side, side, 3) uint8, rotated as its EXIF data says; raises Undecodable.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that is no smaller than `side`. Values of 16 bits are
    scaled to 8, transparent pixels are put on white, and the first of several frames is used.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as image:
            drafted = image.draft(None, (side, side))
            square = _square(_rgb(image), drafted[1][2:] if drafted else image.size, side)
            square.getexif()[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
            return np.asarray(ImageOps.exif_transpose(square))
    except MemoryError:
        raise
    except UnidentifiedImageError as error:  # its own message names an object in memory
        raise Undecodable("it is not an image") from error
    except Exception as error:  # damaged files can raise almost any error
        raise Undecodable(" ".join(str(error).split()) or type(error).__name__) from error


def classes_in(source: Path | BytesIO) -> set[int]:
    """All classes of a mask; raises Undecodable."""
    return set(np.unique(_mask(source, None)).tolist())


def decode_mask(
    source: BytesIO, side: int, *, image: BytesIO, num_classes: int, void: int
) -> NDArray[np.uint8]:
    """The central square of the mask of an `image` as (side, side) uint8, resized by nearest neighbour.

    The class `void` becomes IGNORED. Raises Undecodable for a mask of another size than its image, and for a
    class outside of `num_classes`, which is 0 if unknown.
    """
    mask = _mask(source, side, of=image)
    mask[mask == void] = IGNORED
    largest = mask[mask != IGNORED].max(initial=0)
    if num_classes and largest >= num_classes:
        raise Undecodable(f"its mask has class {largest}, but the data set has {num_classes} classes from 0")
    return mask


def _mask(source: Path | BytesIO, side: int | None, of: BytesIO | None = None) -> NDArray[np.uint8]:
    """The classes of the pixels, which are the indices of a palette or grey values."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as mask:
            if mask.mode not in ("P", "L"):
                raise ValueError(f"its mode is {mask.mode}, but a mask needs 8 bits of grey or palette")
            if of is not None:
                _check_same_pixels(mask, of)
            square = mask if side is None else _square(mask, mask.size, side, Image.Resampling.NEAREST)
            return np.array(square)
    except MemoryError:
        raise
    except UnidentifiedImageError as error:
        raise Undecodable("its mask is not an image") from error
    except Exception as error:
        raise Undecodable(f"its mask: {' '.join(str(error).split()) or type(error).__name__}") from error


def _check_same_pixels(mask: Image.Image, of: BytesIO) -> None:
    with Image.open(of) as image:
        if image.size != mask.size or image.getexif().get(Base.Orientation, 1) != 1:
            raise ValueError(f"its pixels, {mask.size}, do not match those of its image, {image.size}")


def _square(
    image: Image.Image,
    size: tuple[float, float],
    side: int,
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> Image.Image:
    """The central square of an image, antialiased if bilinear. `size` may be fractional, since the last
    pixels of a JPEG decoded at a reduced size are partly empty."""
    width, height = size
    half = min(width, height) / 2
    box = (width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half)
    return image.resize((side, side), resampling, box=box)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode.startswith(("I", "F")):
        return _shallow(image)
    if image.has_transparency_data:
        ground = Image.new("RGBA", image.size, _WHITE)
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    return image.convert("RGB")


def _shallow(image: Image.Image) -> Image.Image:
    """Scale grey values of 16 bits to 8, since Pillow itself would clip values above 255."""
    deep = np.asarray(image)
    if deep.min() < 0 or deep.max() > _DEEP or not np.issubdtype(deep.dtype, np.integer):
        raise ValueError(f"its pixels go from {deep.min():g} to {deep.max():g}, not those of a 16-bit image")
    grey = (deep.astype(np.uint32) * 255 + _DEEP // 2) // _DEEP
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
