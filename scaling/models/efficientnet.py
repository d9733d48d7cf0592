"""EfficientNet (Tan and Le 2019, arXiv 1905.11946), and the same networks on a slower resolution ladder."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import ClassVar, NamedTuple

from scaling.errors import Refused
from scaling.models.inverted import InvertedNetwork, InvertedStage, rounded
from scaling.models.layer import Activation
from scaling.models.scaled import check_switches, check_width


class Member(NamedTuple):
    """The multipliers of a named EfficientNet."""

    width: float
    depth: float


MEMBERS = {
    "b0": Member(1.0, 1.0),
    "b1": Member(1.0, 1.1),
    "b2": Member(1.1, 1.2),
    "b3": Member(1.2, 1.4),
    "b4": Member(1.4, 1.8),
    "b5": Member(1.6, 2.2),
    "b6": Member(1.8, 2.6),
    "b7": Member(2.0, 3.1),
}
"""The named EfficientNets, from the published code (tensorflow/tpu, models/official/efficientnet)."""

_DEPTHS = [member.depth for member in MEMBERS.values()]

_B0 = (
    # blocks, channels, stride, kernel, expansion (Tan and Le 2019, table 1)
    (1, 16, 1, 3, 1),
    (2, 24, 2, 3, 6),
    (2, 40, 2, 5, 6),
    (3, 80, 2, 3, 6),
    (3, 112, 1, 5, 6),
    (4, 192, 2, 5, 6),
    (1, 320, 1, 3, 6),
)
_STEM, _FEATURES = 32, 1280

NARROWEST = 0.25
"""Least width: the narrowest stage, of 16 channels, has 4 there, which still round to 8 rather than to 0."""

DEEPEST = 20
"""Largest depth; a larger value is probably a number of layers. The deepest published, L2, has 5.3."""


@dataclass(frozen=True, kw_only=True)
class EfficientNet:
    """The family; depth and width multiply the numbers of blocks and of channels of B0."""

    se_ratio: float = 0.25
    """Squeeze-and-excitation bottleneck as a share of a block's input channels; 0 for none."""
    activation: Activation = "silu"
    ladder: tuple[int, ...] = (224, 240, 260, 300, 380, 456, 528, 600)
    """Resolutions of B0 to B7 in pixels, used by `resolution=ladder`."""

    depths: ClassVar[Sequence[float]] = tuple(hundredths / 100 for hundredths in range(1, 100 * DEEPEST + 1))
    """Depth multipliers in steps of 0.01, for searches; any other can be built too."""

    def __post_init__(self) -> None:
        check_switches(se_ratio=self.se_ratio)
        rising = all(low <= high for low, high in pairwise((1, *self.ladder)))
        if len(self.ladder) != len(MEMBERS) or not rising:
            raise Refused(
                f"model.ladder={list(self.ladder)} should be {len(MEMBERS)} resolutions, for B0 to B7, "
                "none smaller than the one before."
            )

    def network(self, depth: float, width: float) -> InvertedNetwork:
        """B0 with its blocks multiplied by `depth` and its channels by `width`, rounded as published."""
        if not 0 < depth <= DEEPEST:
            raise Refused(
                f"depth={depth:g} cannot be built: an EfficientNet multiplies the blocks of B0, "
                f"from 1 for B0 to 3.1 for B7, and {DEEPEST} at most."
            )
        check_width(width)
        if width < NARROWEST:
            raise Refused(
                f"width={width:g} gives no channels in the first stage of {_B0[0][1]}: "
                f"use a width of at least {NARROWEST:g}."
            )
        narrowest = rounded(_B0[0][1] * width)
        if self.se_ratio and round(narrowest * self.se_ratio) == 0:
            raise Refused(
                f"model.se_ratio={self.se_ratio:g} leaves no channels of {narrowest}: "
                f"use more than {0.5 / narrowest:g}, or 0 for none."
            )
        return InvertedNetwork(
            stem_channels=rounded(_STEM * width),
            stages=tuple(
                InvertedStage(
                    num_blocks=ceil(blocks * depth),
                    channels=rounded(channels * width),
                    stride=stride,
                    kernel=kernel,
                    expansion=expansion,
                )
                for blocks, channels, stride, kernel, expansion in _B0
            ),
            num_features=rounded(_FEATURES * width),
            se_ratio=self.se_ratio,
            activation=self.activation,
        )

    def ladder_resolution(self, depth: float) -> int:
        """Resolution in pixels at a depth multiplier, interpolated linearly between two members of the ladder
        and rounded to a multiple of 4."""
        if not _DEPTHS[0] <= depth <= _DEPTHS[-1]:
            raise Refused(
                f"resolution=ladder reaches from depth {_DEPTHS[0]:g} (B0) to {_DEPTHS[-1]:g} (B7), "
                f"not to {depth:g}: give the pixels."
            )
        above = bisect_left(_DEPTHS, depth)
        if _DEPTHS[above] == depth:
            return self.ladder[above]
        low, high = _DEPTHS[above - 1], _DEPTHS[above]
        share = (depth - low) / (high - low)
        fewest, most = self.ladder[above - 1], self.ladder[above]
        between = round((fewest * (1 - share) + most * share) / 4) * 4
        return min(max(between, fewest), most)


@dataclass(frozen=True, kw_only=True)
class EfficientNetRS(EfficientNet):
    """The same networks with a slower ladder: the idea is the paper's (sec. 7.2), the ladder ours, since the
    paper does not print its own. Resolution grows half as fast on a log scale: 224 (r / 224)^1/2, rounded to
    a multiple of 8."""

    ladder: tuple[int, ...] = (224, 232, 240, 256, 288, 320, 344, 368)
