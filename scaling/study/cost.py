"""What a point costs before it runs: closed forms over the layers of its network. No torch import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scaling.models.network import Network


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Costs known from the block list alone."""

    params: int
    """Trainable parameters."""
    flops: int
    """2 x multiply-adds of one forward pass on one image in convolutions and linear layers (the paper's)."""
    activations: int
    """Outputs of all convolutions and linear layers for one image (Radosavovic et al. 2020, sec. 3)."""
    train_flops: int
    """3 x flops x images seen: a backward pass costs about two forward passes."""


@dataclass(frozen=True)
class _Layer:
    """A convolution or linear layer: multiply-adds and outputs of one image, and parameters with its norm."""

    macs: int
    outputs: int
    params: int


def cost_of(
    network: Network, *, resolution: int, in_channels: int, num_classes: int, images_seen: int
) -> Cost:
    """Sum the layers of `network` on square images of `resolution` pixels."""
    layers = list(_layers(network, resolution, in_channels, num_classes))
    flops = 2 * sum(layer.macs for layer in layers)
    return Cost(
        params=sum(layer.params for layer in layers),
        flops=flops,
        activations=sum(layer.outputs for layer in layers),
        train_flops=3 * flops * images_seen,
    )


def _layers(network: Network, side: int, in_channels: int, num_classes: int) -> Iterator[_Layer]:
    channels = in_channels
    for width in network.stem_widths:
        yield _conv(channels, width, kernel=3, side=side)
        channels = width
    for stage in network.stages:
        for index in range(stage.num_blocks):
            stride = stage.stride if index == 0 else 1
            side = -(-side // stride)
            yield _conv(channels, stage.channels, kernel=3, side=side)
            yield _conv(stage.channels, stage.channels, kernel=3, side=side)
            if stage.se_channels:
                yield _linear(stage.channels, stage.se_channels)
                yield _linear(stage.se_channels, stage.channels)
            if stride != 1 or channels != stage.channels:
                yield _conv(channels, stage.channels, kernel=1, side=side)
            channels = stage.channels
    yield _linear(channels, num_classes)


def _conv(in_channels: int, out_channels: int, *, kernel: int, side: int) -> _Layer:
    """A convolution without bias and the batch norm behind it (a scale and a shift a channel)."""
    weights = in_channels * out_channels * kernel**2
    return _Layer(macs=weights * side**2, outputs=out_channels * side**2, params=weights + 2 * out_channels)


def _linear(in_features: int, out_features: int) -> _Layer:
    weights = in_features * out_features
    return _Layer(macs=weights, outputs=out_features, params=weights + out_features)
