"""A network of inverted residual blocks (MBConv, as in EfficientNet), in plain numbers. No torch import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from scaling.models.inverted_block import InvertedBlock, InvertedStem, PointwiseHead
from scaling.models.layer import PIXELS, Activation, Grid, Part


@dataclass(frozen=True, kw_only=True)
class InvertedStage:
    """A sequence of inverted residual blocks of one width; the first block has the stride."""

    num_blocks: int
    channels: int
    """Output channels of a block."""
    stride: int
    kernel: int
    """Pixels along one side of the depthwise convolution."""
    expansion: int
    """Channels of the depthwise convolution per input channel of a block; with 1, no 1x1 convolution precedes
    it."""


@dataclass(frozen=True, kw_only=True)
class InvertedNetwork:
    """The form of an EfficientNet at a depth and width (Tan and Le 2019, arXiv 1905.11946, table 1)."""

    stem_channels: int
    stages: tuple[InvertedStage, ...]
    num_features: int
    """Output channels of the last 1x1 convolution, the input of the classifier."""
    se_ratio: float
    """Squeeze-and-excitation bottleneck as a share of a block's input channels; 0 for none."""
    activation: Activation
    dense: bool = False
    """Whether it predicts a class for every pixel rather than for the image."""

    takes_clips = False
    temporal_stride = 1

    @property
    def stride(self) -> int:
        """Input pixels per feature of the last stage, along one side."""
        return 2 * prod(stage.stride for stage in self.stages)

    @property
    def num_layers(self) -> int:
        """Number of convolutions and linear maps on the main path."""
        return 3 + sum(stage.num_blocks * (2 if stage.expansion == 1 else 3) for stage in self.stages)

    def parts(self, in_channels: int, num_classes: int) -> Iterator[Part]:
        """Stem, blocks and head in order."""
        at, channels = PIXELS.strided(2), self.stem_channels
        yield Part("stem", 1, InvertedStem(in_channels, channels, self.activation, at))
        for number, stage in enumerate(self.stages, 1):
            source, at = at, at.strided(stage.stride)
            yield Part(f"stage{number}.first", 1, self._block(stage, channels, source, at))
            channels = stage.channels
            if stage.num_blocks > 1:
                again = self._block(stage, channels, at, at)
                yield Part(f"stage{number}.rest", stage.num_blocks - 1, again)
        head = PointwiseHead(channels, self.num_features, num_classes, self.activation, at, self.dense)
        yield Part("head", 1, head)

    def _block(self, stage: InvertedStage, before: int, source: Grid, at: Grid) -> InvertedBlock:
        inner = rounded(before * stage.expansion)
        return InvertedBlock(
            before,
            inner,
            stage.channels,
            squeezed_channels(inner, self.se_ratio, stage.expansion),
            stage.kernel,
            self.activation,
            source,
            at,
        )


def squeezed_channels(inner: int, se_ratio: float, expansion: int) -> int:
    """Width of the squeeze-and-excitation bottleneck in timm's EfficientNet."""
    return round(inner * (se_ratio / expansion))


def rounded(channels: float) -> int:
    """Round to a multiple of 8, at least 8 and at least 90 % of `channels` (EfficientNet's rule)."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest
