"""The network of a point before its first step."""

from __future__ import annotations

import torch
from torch import nn

from scaling.models.build import build
from scaling.study.point import Point
from scaling.training.randomness import derived_seed
from scaling.training.weights import Weights, begin_from, freeze


def initial_network(point: Point, start: Weights | None) -> nn.Module:
    """The network with random weights, or with those of `start` where the point begins from another one.

    Raises DataError if the weights belong to another network.
    """
    torch.manual_seed(derived_seed("weights", point.seed))
    network = build(
        point.network,
        in_channels=point.data.channels,
        num_classes=point.data.num_classes,
        dropout=point.recipe.dropout,
        stochastic_depth=point.recipe.stochastic_depth,
    )
    if point.start is not None and start is not None:
        begin_from(network, start, f"start.point={point.start.point}")
    if point.frozen:
        freeze(network)
    return network
