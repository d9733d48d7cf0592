"""ResNet for large images (He et al. 2015) and, switch by switch, ResNet-RS (Bello et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from scaling.models.layer import Activation
from scaling.models.layout import BASIC, RULED, blocks_of
from scaling.models.residual import ResidualNetwork, Stem, doubling_stages
from scaling.models.residual_block import BlockKind
from scaling.models.scaled import check_switches, scaled, whole


@dataclass(frozen=True, kw_only=True)
class ResNet:
    """The family; depth and width are axes of the grid, these are its switches, off as in 2015."""

    base_channels: int = 64
    """Channels of the stem and of the first stage's 3x3 convolutions at width 1; doubled with each stage."""
    stem: Stem = "plain"
    """`plain` is the 7x7 convolution, `deep` the three 3x3 ones of ResNet-D (He et al. 2018)."""
    stem_pool: Literal["max", "conv"] = "max"
    """`conv` replaces the max-pool after the stem by a strided 3x3 convolution."""
    pooled_shortcut: bool = False
    """ResNet-D shortcuts: average pooling before the 1x1 convolution."""
    se_ratio: float = 0.0
    """Squeeze-and-excitation bottleneck as a share of the channels a block puts out; 0 is none."""
    activation: Activation = "relu"

    depths: ClassVar[Sequence[float]] = RULED
    """Depths that the rule between the named layouts builds, so that costs rise along them."""

    def __post_init__(self) -> None:
        check_switches(se_ratio=self.se_ratio, base_channels=self.base_channels)

    def network(self, depth: float, width: float) -> ResidualNetwork:
        """The block list for a nominal depth, or a count of layers, and a width multiplier."""
        layers = whole("depth", depth)
        block: BlockKind = "basic" if layers in BASIC else "bottleneck"
        blocks = BASIC.get(layers) or blocks_of(layers)
        channels = scaled(self.base_channels, width)
        return ResidualNetwork(
            block=block,
            stem=self.stem,
            stem_channels=channels,
            stages=doubling_stages(blocks, channels, block, self.se_ratio),
            pooled_shortcut=self.pooled_shortcut,
            activation=self.activation,
            stem_kernel=7 if self.stem == "plain" else 3,
            stem_stride=2,
            stem_pool=self.stem_pool,
        )


@dataclass(frozen=True, kw_only=True)
class ResNetRS(ResNet):
    """All switches on. With `stem_pool=max` it is the network of the paper's grid (figures 2 and 3)."""

    stem: Stem = "deep"
    stem_pool: Literal["max", "conv"] = "conv"
    pooled_shortcut: bool = True
    se_ratio: float = 0.25
