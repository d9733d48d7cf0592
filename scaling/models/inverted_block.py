"""The layers of an inverted residual block and EfficientNet's stem and head, as in timm. No torch import."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from scaling.models.layer import PIXELS, Activation, Grid, Layer, head_of
from scaling.models.residual_block import squeeze


class InvertedBlock(NamedTuple):
    """A 1x1 expansion, a depthwise convolution, squeeze-and-excitation, a 1x1 projection, and the sum."""

    before: int
    """Input channels."""
    inner: int
    """Channels of the depthwise convolution; if equal to the input channels, there is no expansion."""
    after: int
    """Output channels."""
    squeezed: int
    """Width of the squeeze-and-excitation bottleneck; 0 for no SE."""
    kernel: int
    activation: Activation
    source: Grid
    at: Grid

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        inner, source, at = self.inner, self.source, self.at
        conv = partial(Layer, "conv", norm=True)
        active = partial(conv, activation=self.activation)
        if inner != self.before:
            yield active("expand", self.before, inner, source, source)
        yield active("depthwise", inner, inner, source, at, kernel=self.kernel, groups=inner)
        if self.squeezed:
            yield from squeeze(inner, self.squeezed, at, self.activation)
        yield conv("project", inner, self.after, at, at)
        if source == at and self.before == self.after:
            yield Layer("add", "add", self.after, self.after, at, at)


class InvertedStem(NamedTuple):
    """The stem of one 3x3 convolution."""

    in_channels: int
    channels: int
    activation: Activation
    at: Grid

    def layers(self) -> Iterator[Layer]:
        """The layer."""
        conv = partial(Layer, "conv", norm=True, activation=self.activation)
        yield conv("conv", self.in_channels, self.channels, PIXELS, self.at, kernel=3)


class PointwiseHead(NamedTuple):
    """A 1x1 convolution to the features, followed by the classifier."""

    channels: int
    features: int
    num_classes: int
    activation: Activation
    source: Grid
    dense: bool

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        conv = partial(Layer, "conv", norm=True, activation=self.activation)
        yield conv("conv", self.channels, self.features, self.source, self.source)
        yield from head_of(self.features, self.num_classes, self.source, dense=self.dense).layers()
