"""The layers of a residual block and of a ResNet's stem, as in timm. No torch import."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Literal, NamedTuple

from scaling.models.layer import PIXELS, POOLED, Activation, Grid, Layer

BlockKind = Literal["basic", "bottleneck"]
StemPool = Literal["none", "max", "conv"]

EXPANSION: dict[str, int] = {"basic": 1, "bottleneck": 4}
"""Output channels of a block per channel of its 3x3 convolutions (He et al. 2015, sec. 4.1)."""


class ResidualBlock(NamedTuple):
    """A basic block (3x3, 3x3) or a bottleneck (1x1, 3x3, 1x1) with its shortcut."""

    kind: BlockKind
    before: int
    """Input channels."""
    inner: int
    """Channels of the 3x3 convolutions."""
    squeezed: int
    """Width of the squeeze-and-excitation bottleneck; 0 for no SE."""
    temporal_kernel: int
    """Kernel of the first convolution in time, in frames."""
    pooled_shortcut: bool
    activation: Activation
    source: Grid
    at: Grid

    def layers(self) -> Iterator[Layer]:
        """The layers in order: the branch, squeeze-and-excitation, the shortcut, the sum."""
        after = self.inner * EXPANSION[self.kind]
        yield from self._branch(after)
        if self.squeezed:
            yield from squeeze(after, self.squeezed, self.at, "relu")
        if self.source != self.at or self.before != after:
            yield from self._shortcut(after)
        yield Layer("add", "add", after, after, self.at, self.at, activation=self.activation)

    def _branch(self, after: int) -> Iterator[Layer]:
        inner, source, at, time = self.inner, self.source, self.at, self.temporal_kernel
        conv = partial(Layer, "conv", norm=True)
        active = partial(conv, activation=self.activation)
        if self.kind == "basic":
            yield active("conv1", self.before, inner, source, at, kernel=3, temporal_kernel=time)
            yield conv("conv2", inner, inner, at, at, kernel=3)
        else:
            yield active("conv1", self.before, inner, source, source, temporal_kernel=time)
            yield active("conv2", inner, inner, source, at, kernel=3)
            yield conv("conv3", inner, after, at, at)

    def _shortcut(self, after: int) -> Iterator[Layer]:
        source = self.source
        if self.pooled_shortcut and source != self.at:
            yield Layer("pool", "shortcut.pool", self.before, self.before, source, self.at, kernel=2)
            source = self.at
        yield Layer("conv", "shortcut", self.before, after, source, self.at, norm=True, summed=True)


class ResidualStem(NamedTuple):
    """A stem of one or three convolutions, and the layer of stride 2 after them, if any."""

    in_channels: int
    widths: tuple[int, ...]
    """Output channels of each convolution."""
    kernel: int
    temporal_kernel: int
    pool: StemPool
    activation: Activation
    at: Grid
    """Grid of the convolutions' outputs."""

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        conv = partial(Layer, "conv", norm=True, activation=self.activation)
        source, time = PIXELS, self.temporal_kernel
        for number, (before, after) in enumerate(pairwise((self.in_channels, *self.widths)), 1):
            name = f"conv{number}"
            yield conv(name, before, after, source, self.at, kernel=self.kernel, temporal_kernel=time)
            source, time = self.at, 1
        width, halved = self.widths[-1], self.at.strided(2)
        if self.pool == "max":
            yield Layer("pool", "pool", width, width, self.at, halved, kernel=3)
        elif self.pool == "conv":
            yield conv("pool", width, width, self.at, halved, kernel=3)


def squeeze(channels: int, squeezed: int, at: Grid, activation: Activation) -> Iterator[Layer]:
    """Squeeze-and-excitation (Hu et al. 2018, arXiv 1709.01507): pool, two 1x1 convolutions, product."""
    yield Layer("pool", "se.pool", channels, channels, at, POOLED)
    yield Layer("conv", "se.conv1", channels, squeezed, POOLED, POOLED, bias=True, activation=activation)
    yield Layer("conv", "se.conv2", squeezed, channels, POOLED, POOLED, bias=True)
    yield Layer("gate", "se.gate", channels, channels, at, at)
