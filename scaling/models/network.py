"""A network as the numbers that make it: its block list and channel counts. No torch: planning reads this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Activation = Literal["relu", "silu"]
Stem = Literal["plain", "deep"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A row of residual blocks of one width; the first block has the stride."""

    num_blocks: int
    channels: int
    stride: int
    se_channels: int
    """Width of the squeeze-and-excitation bottleneck; 0 leaves SE out."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """What a family makes of (depth, width). Two nicknames for one block list are one network."""

    block: Literal["basic"]
    stem: Stem
    """`plain`: one 3x3 convolution. `deep`: three, the ResNet-D stem (He et al. 2018, arXiv 1812.01187)."""
    stem_channels: int
    stages: tuple[Stage, ...]
    pooled_shortcut: bool
    """ResNet-D shortcut: average pooling before the 1x1 convolution, so that no pixel is skipped."""
    activation: Activation

    @property
    def stride(self) -> int:
        """How many input pixels one feature of the last stage stands for, along one side."""
        product = 1
        for stage in self.stages:
            product *= stage.stride
        return product

    @property
    def stem_widths(self) -> tuple[int, ...]:
        """Output channels of each stem convolution; the deep stem starts at half its width, as in timm."""
        half = max(1, self.stem_channels // 2)
        return (self.stem_channels,) if self.stem == "plain" else (half, half, self.stem_channels)

    @property
    def num_features(self) -> int:
        """Channels that reach the classifier."""
        return self.stages[-1].channels
