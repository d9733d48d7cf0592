"""The average of the weights: its ramp, and what it averages."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from scaling.training.ema import Ema


@pytest.mark.parametrize(("num_updates", "decay"), [(1, 2 / 11), (10, 11 / 20), (80, 0.9), (10**6, 0.9)])
def test_the_decay_ramps_up(num_updates: int, decay: float) -> None:
    assert Ema(nn.Linear(1, 1), 0.9).decay_at(num_updates) == pytest.approx(decay)


def test_weights_and_norm_statistics_are_averaged() -> None:
    model = nn.BatchNorm1d(3)
    ema = Ema(model, 0.9)
    weight, mean = torch.zeros(3), torch.zeros(3)
    for num_updates in range(5):
        with torch.no_grad():
            model.weight.fill_(num_updates + 1)
            model.running_mean.fill_(-2 * num_updates)  # type: ignore[union-attr]
            model.num_batches_tracked.fill_(num_updates)  # type: ignore[union-attr]
        ema.update_parameters(model)
        decay = (1 + num_updates) / (10 + num_updates) if num_updates else 0  # the first update copies
        weight = decay * weight + (1 - decay) * (num_updates + 1)
        mean = decay * mean + (1 - decay) * (-2 * num_updates)
    torch.testing.assert_close(ema.module.weight.detach(), weight)
    torch.testing.assert_close(ema.module.running_mean, mean)
    assert ema.module.num_batches_tracked.item() == 4


def test_its_state_can_be_taken_over() -> None:
    model = nn.Linear(2, 2)
    ema, other = Ema(model, 0.9), Ema(model, 0.9)
    ema.update_parameters(model)
    other.load_state_dict(ema.state_dict())
    assert other.n_averaged.item() == 1
