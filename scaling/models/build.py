"""Building: a Network becomes a torch module with random weights."""

from __future__ import annotations

from torch import nn

from scaling.models.build_inverted import build_inverted
from scaling.models.build_residual import build_residual
from scaling.models.drop import Drop, drop_paths
from scaling.models.network import Network
from scaling.models.residual import ResidualNetwork


def build(
    network: Network,
    *,
    in_channels: int,
    num_classes: int,
    dropout: float = 0.0,
    stochastic_depth: float = 0.0,
) -> nn.Module:
    """A module from images (N, C, H, W), or clips (N, C, T, H, W), to logits (N, num_classes).

    The logits of a dense network are (N, num_classes, H / stride, W / stride), with sides rounded up.

    Seed torch first for repeatable weights. `dropout` is the rate before the classifier, and
    `stochastic_depth` that of the last stage; the caller decides what is dropped (`Drops`).
    """
    if isinstance(network, ResidualNetwork):
        trunk = build_residual(network, in_channels=in_channels, num_classes=num_classes)
        if stochastic_depth:
            drop_paths(trunk.stages, stochastic_depth)
        if network.dense:
            trunk.head = _dense_head(network.num_features, num_classes, dropout)
        elif dropout:
            trunk.head.drop = Drop(dropout, network.num_features)
        return trunk
    inverted = build_inverted(network, in_channels=in_channels, num_classes=num_classes)
    if stochastic_depth:
        drop_paths(inverted.blocks, stochastic_depth)
    if network.dense:
        inverted.global_pool = nn.Identity()
        inverted.classifier = _dense_head(network.num_features, num_classes, dropout)
    elif dropout:
        inverted.classifier = nn.Sequential(Drop(dropout, network.num_features), inverted.classifier)
    module: nn.Module = inverted
    return module


def _dense_head(num_features: int, num_classes: int, dropout: float) -> nn.Module:
    """A 1x1 convolution; dropout before it drops a feature in the whole image (Tompson et al. 2014)."""
    classifier = nn.Conv2d(num_features, num_classes, 1)
    return nn.Sequential(Drop(dropout, num_features), classifier) if dropout else classifier
