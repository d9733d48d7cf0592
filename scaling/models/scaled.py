"""Channel counts at a width, and whole depths; refused in a sentence where none can be built."""

from __future__ import annotations

from scaling.errors import Refused


def whole(axis: str, value: float) -> int:
    """`value` as a whole number; Refused where it is a fraction."""
    if value == int(value):
        return int(value)
    raise Refused(f"{axis}={value:g} should be a whole number: a ResNet counts its layers.")


def scaled(channels: int, width: float) -> int:
    """`channels` of the first stage at a width multiplier; Refused where fewer than two are left."""
    product = round(channels * width)
    if product >= 2:
        return product
    raise Refused(
        f"width={width:g} gives {max(product, 0)} channels in the first stage of {channels}: "
        f"use a width of at least {2 / channels:g}."
    )


def squeeze_channels(channels: int, ratio: float) -> int:
    """Width of timm's SE bottleneck: `channels * ratio` to a multiple of 8, at least 8; 0 for ratio 0."""
    if ratio == 0:
        return 0
    return max(8, int(channels * ratio + 4) // 8 * 8)
