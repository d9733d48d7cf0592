"""What a network drops in training: residual branches of some images, features before its classifier."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn


class Drop(nn.Module):
    """Sets to zero what `decide` said and scales up the rest, so that the mean stays; idle in eval mode.

    With `width` 1 it drops all that an image has here (stochastic depth, Huang et al. 2016, 1603.09382), with
    the number of features each of them by itself (dropout, Srivastava et al. 2014).
    """

    def __init__(self, rate: float, width: int = 1) -> None:
        super().__init__()
        self.rate = rate
        self.width = width
        self._kept: Tensor | None = None

    def decide(self, numbers: Tensor) -> None:
        """What the next batch keeps, from numbers (N, width), even between 0 and 1."""
        self._kept = (numbers >= self.rate).to(numbers.dtype) / (1 - self.rate)

    def forward(self, values: Tensor) -> Tensor:
        """(N, …) to the same."""
        if not self.training or self._kept is None:
            return values
        trailing = [1] * (values.ndim - 2)
        return values * self._kept.view(len(values), self.width, *trailing).to(values.dtype)

    def extra_repr(self) -> str:
        return f"rate={self.rate:g}, width={self.width}"


class Drops:
    """All of a network's, which decide together."""

    def __init__(self, model: nn.Module) -> None:
        self._drops = [module for module in model.modules() if isinstance(module, Drop)]
        self._widths = [drop.width for drop in self._drops]

    @property
    def num_numbers(self) -> int:
        """Random numbers that one image takes; 0 where nothing is ever dropped."""
        return sum(self._widths)

    def decide(self, numbers: Tensor) -> None:
        """What the next batch keeps, from numbers (N, num_numbers), even between 0 and 1."""
        for drop, own in zip(self._drops, torch.split(numbers, self._widths, dim=1), strict=True):
            drop.decide(own)


def drop_paths(stages: nn.Sequential, rate: float) -> None:
    """Put stochastic depth into timm's blocks: none of a stage differ, and the last stage has the `rate`.

    Of n stages, stage i from 1 on has rate * (i + 1) / (n + 1): for the four of a ResNet 2/5 to 5/5 of it, as
    ResNet-RS has it for c2 to c5.
    """
    for number, stage in enumerate(stages, 1):
        for block in _skipping(stage):
            block.drop_path = Drop(rate * (number + 1) / (len(stages) + 1))


def _skipping(stage: nn.Module) -> Iterator[nn.Module]:
    """The blocks with a branch to drop: all of a ResNet, and an EfficientNet's with a shortcut."""
    return (block for block in stage.children() if getattr(block, "has_skip", True))
