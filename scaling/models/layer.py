"""Layers, and the blocks and parts of a network that consist of them, in plain numbers. No torch import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

Kind = Literal["conv", "linear", "pool", "gate", "add", "upsample"]
Activation = Literal["relu", "silu"]


class Grid(NamedTuple):
    """The positions of a tensor, given by its total strides from the pixels and frames of the input."""

    stride: int
    """Stride in height and width; 0 for the single position after global pooling."""
    temporal_stride: int = 1

    def positions(self, resolution: int, frames: int = 1) -> int:
        """Positions per channel. Sides are rounded up, as by padded convolutions and ceiling-mode pools."""
        if not self.stride:
            return 1
        side: int = -(-resolution // self.stride)
        return side * side * -(-frames // self.temporal_stride)

    def strided(self, stride: int, temporal_stride: int = 1) -> Grid:
        """The output grid of a layer with this stride."""
        return Grid(self.stride * stride, self.temporal_stride * temporal_stride)


PIXELS = Grid(1)
POOLED = Grid(0)


class Layer(NamedTuple):
    """A layer with the norm and the activation that directly follow it."""

    kind: Kind
    """`gate` is the product of squeeze-and-excitation, `add` the sum at the end of a residual block, and
    `upsample` resizes logits to the size of the image."""
    name: str
    in_channels: int
    out_channels: int
    source: Grid
    """Grid of the input."""
    at: Grid
    """Grid of the output."""
    kernel: int = 1
    """Pixels along one side."""
    temporal_kernel: int = 1
    groups: int = 1
    bias: bool = False
    norm: bool = False
    activation: Activation | None = None
    summed: bool = False
    """Whether its output is only added to another tensor, so that no later layer needs it."""

    @property
    def weights(self) -> int:
        """Number of weights of a convolution or linear map, without its bias; 0 for other kinds."""
        if self.kind not in ("conv", "linear"):
            return 0
        window = self.kernel * self.kernel * self.temporal_kernel
        return self.in_channels // self.groups * self.out_channels * window

    @property
    def params(self) -> int:
        """Number of trainable parameters; a batch norm has a scale and a shift per channel."""
        return self.weights + self.out_channels * (self.bias + 2 * self.norm)


class Block(Protocol):
    """A hashable description of a sequence of layers; equal if the layers are equal."""

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""

    def __hash__(self) -> int: ...


class Part(NamedTuple):
    """A sequence of `repeats` equal blocks in a network."""

    name: str
    repeats: int
    block: Block


class Head(NamedTuple):
    """Global pooling and the classifier."""

    channels: int
    num_classes: int
    source: Grid

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        yield Layer("pool", "pool", self.channels, self.channels, self.source, POOLED)
        yield Layer("linear", "classifier", self.channels, self.num_classes, POOLED, POOLED, bias=True)


class DenseHead(NamedTuple):
    """A 1x1 convolution to logits at each feature, and their upsampling to the pixels."""

    channels: int
    num_classes: int
    source: Grid
    target: Grid = PIXELS
    """Grid of the upsampled logits; without this field, the tuple would equal that of a Head."""

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        at, classes = self.source, self.num_classes
        yield Layer("conv", "classifier", self.channels, classes, at, at, bias=True)
        yield Layer("upsample", "upsample", classes, classes, at, self.target)


def head_of(channels: int, num_classes: int, source: Grid, *, dense: bool) -> Head | DenseHead:
    """The last part of a network, for one class per pixel if `dense`, else one per image."""
    return (DenseHead if dense else Head)(channels, num_classes, source)
