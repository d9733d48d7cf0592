"""A network in plain numbers, with either kind of blocks. No torch import, since planning uses it."""

from __future__ import annotations

from typing import TypeAlias

from scaling.models.inverted import InvertedNetwork
from scaling.models.layer import Layer, Part
from scaling.models.residual import ResidualNetwork

Network: TypeAlias = ResidualNetwork | InvertedNetwork


def layers_of(network: Network, in_channels: int, num_classes: int) -> list[tuple[Part, Layer]]:
    """All layers in order, each with the part of the network that repeats it."""
    return [
        (part, layer) for part in network.parts(in_channels, num_classes) for layer in part.block.layers()
    ]
