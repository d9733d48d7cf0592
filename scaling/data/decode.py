"""Decoding: an image file of any kind to a square of 8-bit RGB, straight to the side wanted. No torch."""

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
"""Lightest value of 16 bits."""


DECODING = 1
"""Raised when the same file becomes other pixels, so that what was decoded before is not taken for it."""


class Undecodable(ValueError):
    """A file that is no image, or a damaged one; `str()` says why."""


def decode(source: Path | BytesIO, side: int) -> NDArray[np.uint8]:
    """(side, side, 3) uint8: the centre square, upright as its EXIF data has it; raises Undecodable.

    A JPEG is decoded at 1/2, 1/4 or 1/8 of its size where that is still no smaller than `side`. 16 bits are
    scaled to 8, transparent pixels lie on white, and of several frames the first is taken.
    """
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as image:
            drafted = image.draft(None, (side, side))
            square = _square(_rgb(image), drafted[1][2:] if drafted else image.size, side)
            square.getexif()[Base.Orientation] = image.getexif().get(Base.Orientation, 1)
            return np.asarray(ImageOps.exif_transpose(square))
    except MemoryError:
        raise
    except UnidentifiedImageError as error:  # whose words name an object in memory
        raise Undecodable("it is no image") from error
    except Exception as error:  # on damaged files decoders raise whatever comes of it
        raise Undecodable(" ".join(str(error).split()) or type(error).__name__) from error


def classes_in(source: Path | BytesIO) -> set[int]:
    """All classes of a mask; raises Undecodable."""
    return set(np.unique(_mask(source, None)).tolist())


def decode_mask(
    source: BytesIO, side: int, *, image: BytesIO, num_classes: int, void: int
) -> NDArray[np.uint8]:
    """(side, side) uint8: the centre square of the mask of an `image`, always the nearest class.

    The class `void` becomes IGNORED. Raises Undecodable for a mask of another size than its image, and for a
    class beyond `num_classes`, which is 0 where it is not known.
    """
    mask = _mask(source, side, of=image)
    mask[mask == void] = IGNORED
    largest = mask[mask != IGNORED].max(initial=0)
    if num_classes and largest >= num_classes:
        raise Undecodable(f"its mask has the class {largest}, and the set {num_classes} from 0")
    return mask


def _mask(source: Path | BytesIO, side: int | None, of: BytesIO | None = None) -> NDArray[np.uint8]:
    """The indices of a palette, or grey values, which are the classes."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(source) as mask:
            if mask.mode not in ("P", "L"):
                raise ValueError(f"its mode is {mask.mode}, and a class a pixel is 8 bits of grey or palette")
            if of is not None:
                _check_same_pixels(mask, of)
            square = mask if side is None else _square(mask, mask.size, side, Image.Resampling.NEAREST)
            return np.array(square)
    except MemoryError:
        raise
    except UnidentifiedImageError as error:
        raise Undecodable("its mask is no image") from error
    except Exception as error:
        raise Undecodable(f"its mask: {' '.join(str(error).split()) or type(error).__name__}") from error


def _check_same_pixels(mask: Image.Image, of: BytesIO) -> None:
    with Image.open(of) as image:
        if image.size != mask.size or image.getexif().get(Base.Orientation, 1) != 1:
            raise ValueError(f"it has other pixels, {mask.size}, than its image, {image.size}")


def _square(
    image: Image.Image,
    size: tuple[float, float],
    side: int,
    resampling: Image.Resampling = Image.Resampling.BILINEAR,
) -> Image.Image:
    """Antialiased where bilinear. `size` may have a fraction: a reduced JPEG's last pixels are part void."""
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
    """Grey of 16 bits in 8: Pillow itself would clip what is above 255."""
    deep = np.asarray(image)
    if deep.min() < 0 or deep.max() > _DEEP or not np.issubdtype(deep.dtype, np.integer):
        raise ValueError(f"its pixels go from {deep.min():g} to {deep.max():g}, which is no 16-bit image")
    grey = (deep.astype(np.uint32) * 255 + _DEEP // 2) // _DEEP
    return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
