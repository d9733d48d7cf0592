"""Layers, and the blocks and parts of a network that they make up, in plain numbers. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, Protocol

Kind = Literal["conv", "linear", "pool", "gate", "add", "upsample"]
Activation = Literal["relu", "silu"]


class Grid(NamedTuple):
    """The positions of a tensor, as the strides that lead to it from the pixels and frames of the input."""

    stride: int
    """Stride in height and width; 0 stands for the single position after global pooling."""
    temporal_stride: int = 1

    def positions(self, resolution: int, frames: int = 1) -> int:
        """Positions a channel has. Every stride rounds up, as padded convolutions and ceiling pools do."""
        if not self.stride:
            return 1
        side: int = -(-resolution // self.stride)
        return side * side * -(-frames // self.temporal_stride)

    def strided(self, stride: int, temporal_stride: int = 1) -> Grid:
        """The grid that a layer of this stride puts out."""
        return Grid(self.stride * stride, self.temporal_stride * temporal_stride)


PIXELS = Grid(1)
POOLED = Grid(0)


class Layer(NamedTuple):
    """One layer with the norm and the activation that directly follow it."""

    kind: Kind
    """`gate` is the product of squeeze-and-excitation, `add` the sum at the end of a residual block, and
    `upsample` brings logits to the size of the image."""
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
    """Whether its output is only added to another, so that no later layer needs it."""

    @property
    def weights(self) -> int:
        """Weights of the convolution or linear map, bias aside; 0 for the other kinds."""
        if self.kind not in ("conv", "linear"):
            return 0
        window = self.kernel * self.kernel * self.temporal_kernel
        return self.in_channels // self.groups * self.out_channels * window

    @property
    def params(self) -> int:
        """Trainable parameters: a batch norm has a scale and a shift a channel."""
        return self.weights + self.out_channels * (self.bias + 2 * self.norm)


class Block(Protocol):
    """A hashable description of some layers in a row, equal where the layers are."""

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""

    def __hash__(self) -> int: ...


class Part(NamedTuple):
    """`repeats` equal blocks in a row of a network."""

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
    """A 1x1 convolution to logits of each class at each feature, and these brought to the pixels."""

    channels: int
    num_classes: int
    source: Grid
    target: Grid = PIXELS
    """Grid of the upsampled logits; it also tells the tuple from that of a Head."""

    def layers(self) -> Iterator[Layer]:
        """The layers in order."""
        at, classes = self.source, self.num_classes
        yield Layer("conv", "classifier", self.channels, classes, at, at, bias=True)
        yield Layer("upsample", "upsample", classes, classes, at, self.target)


def head_of(channels: int, num_classes: int, source: Grid, *, dense: bool) -> Head | DenseHead:
    """What a network ends in."""
    return (DenseHead if dense else Head)(channels, num_classes, source)
