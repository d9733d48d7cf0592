"""A Network as a torch module, freshly initialised."""

from __future__ import annotations

from torch import nn

from scaling.models.build_inverted import build_inverted
from scaling.models.build_residual import build_residual
from scaling.models.network import Network
from scaling.models.residual import ResidualNetwork


def build(network: Network, *, in_channels: int, num_classes: int) -> nn.Module:
    """Images (N, C, H, W), or clips (N, C, T, H, W), to logits (N, num_classes).

    Seed torch first for a repeatable start.
    """
    if isinstance(network, ResidualNetwork):
        return build_residual(network, in_channels=in_channels, num_classes=num_classes)
    return build_inverted(network, in_channels=in_channels, num_classes=num_classes)
