"""The exponential moving average of the weights and norm statistics, which is what gets evaluated."""

from __future__ import annotations

from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

_Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]


class Ema(AveragedModel):
    """Average of `model` with a decay that ramps up, so that short runs do not keep their first weights.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage
    with num_updates, which ResNet-RS uses. The first update copies; decay 0 keeps copying.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        super().__init__(model, multi_avg_fn=self._average, use_buffers=True)
        self.decay = decay

    def decay_at(self, num_updates: int) -> float:
        """The decay of an update that follows `num_updates` others."""
        return min(self.decay, (1 + num_updates) / (10 + num_updates))

    @torch.no_grad()
    def _average(self, averages: _Tensors, values: _Tensors, _: Tensor | int) -> None:
        """Tensors of one dtype; the count is read from the copy on the CPU, so that a GPU need not wait."""
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - self.decay_at(int(self.n_averaged)))
        else:
            torch._foreach_copy_(averages, values)
