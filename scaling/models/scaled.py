"""Channel counts at a width, and checks of depth, width and switches."""

from __future__ import annotations

from scaling.errors import Refused

MOST_LAYERS = 9_998
WIDEST = 100
MOST_CHANNELS = 65_536


def check_switches(*, se_ratio: float, base_channels: int = 1) -> None:
    """Refuse values of the switches that no network can have."""
    if not 0 <= se_ratio <= 1:
        raise Refused(f"model.se_ratio={se_ratio:g} should be from 0 (none) to 1.")
    if not 1 <= base_channels <= MOST_CHANNELS:
        raise Refused(f"model.base_channels={base_channels} should be from 1 to {MOST_CHANNELS}.")


def whole(axis: str, value: float) -> int:
    """`value` as a whole number; Refused for a fraction, or for more than `MOST_LAYERS`."""
    if value != int(value):
        raise Refused(f"{axis}={value:g} should be a whole number: a ResNet counts its layers.")
    if value > MOST_LAYERS:
        raise Refused(f"{axis}={value:g} is too deep: use at most {MOST_LAYERS}.")
    return int(value)


def check_width(width: float) -> None:
    """Refuse a width above `WIDEST`."""
    if width > WIDEST:
        raise Refused(f"width={width:g} is too wide: use at most {WIDEST}.")


def scaled(channels: int, width: float) -> int:
    """The channels of the first stage at a width multiplier; Refused if fewer than two are left."""
    check_width(width)
    product = round(channels * width)
    if product >= 2:
        return product
    raise Refused(
        f"width={width:g} gives {max(product, 0)} channels in the first stage of {channels}: "
        f"use a width of at least {2 / channels:g}."
    )


def squeeze_channels(channels: int, ratio: float) -> int:
    """Width of timm's SE bottleneck: `channels * ratio`, rounded to a multiple of 8, at least 8; 0 for ratio
    0."""
    if ratio == 0:
        return 0
    return max(8, int(channels * ratio + 4) // 8 * 8)
