"""ResNet for large images (He et al. 2015), with the switches that lead to ResNet-RS (Bello et al. 2021)."""

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
    """The family. Depth and width are axes of the grid; the fields are switches, off as in 2015."""

    base_channels: int = 64
    """Channels of the stem and of the first stage's 3x3 convolutions at width 1; each stage doubles them."""
    stem: Stem = "plain"
    """`plain` is a 7x7 convolution, `deep` the three 3x3 ones of ResNet-D (He et al. 2018)."""
    stem_pool: Literal["max", "conv"] = "max"
    """`conv` replaces the max-pooling after the stem by a strided 3x3 convolution."""
    pooled_shortcut: bool = False
    """Whether shortcuts have average pooling before the 1x1 convolution (ResNet-D)."""
    se_ratio: float = 0.0
    """Squeeze-and-excitation bottleneck as a share of a block's output channels; 0 for none."""
    activation: Activation = "relu"

    depths: ClassVar[Sequence[float]] = RULED
    """Depths for searches, built by the rule between the named layouts, so that costs rise with depth."""

    def __post_init__(self) -> None:
        check_switches(se_ratio=self.se_ratio, base_channels=self.base_channels)

    def network(self, depth: float, width: float) -> ResidualNetwork:
        """The network for a nominal depth, or a number of layers, and a width multiplier."""
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
    """ResNet with all switches on. With `stem_pool=max` it is the network of the paper's figures 2 and 3."""

    stem: Stem = "deep"
    stem_pool: Literal["max", "conv"] = "conv"
    pooled_shortcut: bool = True
    se_ratio: float = 0.25
