"""The exponential moving average of weights and norm statistics, which is what gets evaluated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


class Ema(AveragedModel):
    """Average of `model` with a decay that ramps up, so that initial weights do not dominate short runs.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage
    with num_updates, which ResNet-RS uses. The first update copies; with decay 0 all of them do.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model, use_buffers=True)
        self.decay = decay
        pairs = list(zip(_tensors(self.module), _tensors(model), strict=True))
        self._averaged = _sides([pair for pair in pairs if pair[0].is_floating_point()])
        self._copied = _sides([pair for pair in pairs if not pair[0].is_floating_point()])

    def decay_at(self, num_updates: int) -> float:
        """The decay of the update after the first `num_updates`."""
        return min(self.decay, (1 + num_updates) / (10 + num_updates))

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Update the average with the weights of `model`, which must be the network it was built from.

        torch's own method walks both networks in each step, which takes longer than the arithmetic for a
        small network. The number of updates is kept on the CPU, so that reading it does not synchronise a
        GPU.
        """
        del model
        num_updates = int(self.n_averaged)
        if num_updates:
            torch._foreach_lerp_(*self._averaged, 1 - self.decay_at(num_updates))
        else:
            torch._foreach_copy_(*self._averaged)
        if self._copied[0]:  # the counts of norms, also in one operation rather than one call for each
            torch._foreach_copy_(*self._copied)
        self.n_averaged += 1


def _sides(pairs: Sequence[tuple[Tensor, Tensor]]) -> tuple[list[Tensor], list[Tensor]]:
    """The averages and the values of the pairs, each in a list of its own, as torch takes them."""
    return [average for average, _ in pairs], [value for _, value in pairs]


def _tensors(model: nn.Module) -> list[Tensor]:
    return list(chain(model.parameters(), model.buffers()))
