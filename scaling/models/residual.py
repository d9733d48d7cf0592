"""A residual network in plain numbers: its block list and channel counts. No torch import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from scaling.models.layer import PIXELS, Activation, Grid, Part, head_of
from scaling.models.residual_block import EXPANSION, BlockKind, ResidualBlock, ResidualStem, StemPool
from scaling.models.scaled import squeeze_channels

Stem = Literal["plain", "deep"]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A sequence of residual blocks of one width; the first block has the stride."""

    num_blocks: int
    channels: int
    """Channels of the 3x3 convolutions; the output of a bottleneck has four times as many."""
    stride: int
    se_channels: int
    """Width of the squeeze-and-excitation bottleneck; 0 for no SE."""
    temporal_kernel: int = 1
    """Kernel of the first convolution of each block in time, in frames."""


def doubling_stages(
    blocks: Sequence[int], channels: int, kind: BlockKind, se_ratio: float
) -> tuple[Stage, ...]:
    """Stages with these numbers of blocks; each has twice the channels of the one before, and all but the
    first have stride 2."""
    return tuple(
        Stage(
            num_blocks=num_blocks,
            channels=channels * 2**index,
            stride=1 if index == 0 else 2,
            se_channels=squeeze_channels(channels * 2**index * EXPANSION[kind], se_ratio),
        )
        for index, num_blocks in enumerate(blocks)
    )


@dataclass(frozen=True, kw_only=True)
class ResidualNetwork:
    """The form of a ResNet at a depth and width. Two names of one block list give equal networks."""

    block: BlockKind
    stem: Stem
    """`plain`: one convolution. `deep`: three 3x3 ones, the stem of ResNet-D (He et al. 2018, 1812.01187)."""
    stem_channels: int
    stages: tuple[Stage, ...]
    pooled_shortcut: bool
    """Whether shortcuts have average pooling before the 1x1 convolution, so that no pixel is skipped
    (ResNet-D)."""
    activation: Activation
    stem_kernel: int = 3
    """Pixels along one side of the plain stem's convolution."""
    stem_stride: int = 1
    """Stride of the first convolution."""
    stem_pool: StemPool = "none"
    """The layer of stride 2 after the stem: 3x3 max-pooling, a 3x3 convolution (ResNet-RS), or none."""
    stem_temporal_kernel: int = 1
    """Kernel of the first convolution in time, in frames."""
    stem_temporal_stride: int = 1
    takes_clips: bool = False
    """Whether its inputs are clips (frames x height x width) rather than images."""
    dense: bool = False
    """Whether it predicts a class for every pixel rather than for the image."""

    @property
    def stride(self) -> int:
        """Input pixels per feature of the last stage, along one side."""
        pool = 1 if self.stem_pool == "none" else 2
        return self.stem_stride * pool * prod(stage.stride for stage in self.stages)

    @property
    def temporal_stride(self) -> int:
        """Input frames per feature of the last stage."""
        return self.stem_temporal_stride

    @property
    def stem_widths(self) -> tuple[int, ...]:
        """Output channels of each stem convolution; the deep stem starts at half its width, as in timm."""
        half = max(1, self.stem_channels // 2)
        return (self.stem_channels,) if self.stem == "plain" else (half, half, self.stem_channels)

    @property
    def num_features(self) -> int:
        """Input channels of the classifier."""
        return self.stages[-1].channels * EXPANSION[self.block]

    @property
    def num_layers(self) -> int:
        """Number of convolutions and linear maps on the main path, the depth of a ResNet; the stem counts as
        one."""
        convolutions = {"basic": 2, "bottleneck": 3}[self.block]
        return 2 + convolutions * sum(stage.num_blocks for stage in self.stages)

    def parts(self, in_channels: int, num_classes: int) -> Iterator[Part]:
        """Stem, blocks and head in order."""
        at = PIXELS.strided(self.stem_stride, self.stem_temporal_stride)
        yield Part("stem", 1, self._stem(in_channels, at))
        at = at if self.stem_pool == "none" else at.strided(2)
        channels = self.stem_channels
        for number, stage in enumerate(self.stages, 1):
            source, at = at, at.strided(stage.stride)
            yield Part(f"stage{number}.first", 1, self._block(stage, channels, source, at))
            channels = stage.channels * EXPANSION[self.block]
            if stage.num_blocks > 1:
                again = self._block(stage, channels, at, at)
                yield Part(f"stage{number}.rest", stage.num_blocks - 1, again)
        yield Part("head", 1, head_of(channels, num_classes, at, dense=self.dense))

    def _stem(self, in_channels: int, at: Grid) -> ResidualStem:
        kernel = self.stem_kernel if self.stem == "plain" else 3
        time = self.stem_temporal_kernel
        return ResidualStem(in_channels, self.stem_widths, kernel, time, self.stem_pool, self.activation, at)

    def _block(self, stage: Stage, before: int, source: Grid, at: Grid) -> ResidualBlock:
        return ResidualBlock(
            self.block,
            before,
            stage.channels,
            stage.se_channels,
            stage.temporal_kernel,
            self.pooled_shortcut,
            self.activation,
            source,
            at,
        )
