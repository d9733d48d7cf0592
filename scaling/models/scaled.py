"""Channel counts at a width, and whole depths; refused in a sentence where none can be built."""

from __future__ import annotations

from scaling.errors import Refused

MOST_LAYERS = 9_998
WIDEST = 100
MOST_CHANNELS = 65_536


def check_switches(*, se_ratio: float, base_channels: int = 1) -> None:
    """Refused for switches that no network can have."""
    if not 0 <= se_ratio <= 1:
        raise Refused(f"model.se_ratio={se_ratio:g} should be from 0 (none) to 1.")
    if not 1 <= base_channels <= MOST_CHANNELS:
        raise Refused(f"model.base_channels={base_channels} should be from 1 to {MOST_CHANNELS}.")


def whole(axis: str, value: float) -> int:
    """`value` as a whole number; Refused where it is a fraction, or more layers than anyone can train."""
    if value != int(value):
        raise Refused(f"{axis}={value:g} should be a whole number: a ResNet counts its layers.")
    if value > MOST_LAYERS:
        raise Refused(f"{axis}={value:g} is too deep: use at most {MOST_LAYERS}.")
    return int(value)


def check_width(width: float) -> None:
    """Refused for a width that is wider than anyone can train."""
    if width > WIDEST:
        raise Refused(f"width={width:g} is too wide: use at most {WIDEST}.")


def scaled(channels: int, width: float) -> int:
    """`channels` of the first stage at a width multiplier; Refused where fewer than two are left."""
    check_width(width)
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
