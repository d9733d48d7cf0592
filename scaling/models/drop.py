"""Stochastic depth and dropout: a network drops residual branches, and features before its classifier."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Drop(nn.Module):
    """Zeroes the values chosen by `decide` and scales up the rest, so that the mean stays; idle in eval mode.

    With `width` 1 it drops all values of an image (stochastic depth, Huang et al. 2016, arXiv 1603.09382);
    with the number of features as `width`, each feature on its own (dropout, Srivastava et al. 2014).
    """

    def __init__(self, rate: float, width: int = 1) -> None:
        super().__init__()
        self.rate = rate
        self.width = width
        self._kept: Tensor | None = None

    def decide(self, numbers: Tensor) -> None:
        """Decide what the next batch keeps, from numbers (N, width) that are uniform in [0, 1)."""
        self._kept = (numbers >= self.rate).to(numbers.dtype) / (1 - self.rate)

    def forward(self, values: Tensor) -> Tensor:
        """From (N, …) to the same shape."""
        if not self.training or self._kept is None:
            return values
        trailing = [1] * (values.ndim - 2)
        return values * self._kept.view(len(values), self.width, *trailing).to(values.dtype)

    def extra_repr(self) -> str:
        return f"rate={self.rate:g}, width={self.width}"


class Drops:
    """All `Drop` modules of a network, which decide together."""

    def __init__(self, model: nn.Module) -> None:
        self._drops = [module for module in model.modules() if isinstance(module, Drop)]
        self._widths = [drop.width for drop in self._drops]

    @property
    def num_numbers(self) -> int:
        """Random numbers needed per image; 0 if the network drops nothing."""
        return sum(self._widths)

    def decide(self, numbers: Tensor) -> None:
        """Decide what the next batch keeps, from numbers (N, num_numbers) that are uniform in [0, 1)."""
        for drop, own in zip(self._drops, torch.split(numbers, self._widths, dim=1), strict=True):
            drop.decide(own)


def drop_paths(stages: nn.Sequential, rate: float) -> None:
    """Add stochastic depth to timm's blocks, with one rate per stage, which is `rate` for the last stage.

    Stage i of n, counted from 1, has rate * (i + 1) / (n + 1): 2/5 to 5/5 of it for the four stages of a
    ResNet, as ResNet-RS uses for c2 to c5.
    """
    for number, stage in enumerate(stages, 1):
        for block in _skipping(stage):
            block.drop_path = Drop(rate * (number + 1) / (len(stages) + 1))


def _skipping(stage: nn.Module) -> Iterator[nn.Module]:
    """The blocks with a branch that can be dropped: all of a ResNet, and those of an EfficientNet with a
    shortcut."""
    return (block for block in stage.children() if getattr(block, "has_skip", True))
