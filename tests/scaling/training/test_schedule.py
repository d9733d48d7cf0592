"""The learning rate over a run: a ramp, half a cosine, zero."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.training.schedule import Schedule


@given(warmup=st.floats(0, 0.99), num_steps=st.integers(1, 500))
def test_it_rises_to_the_peak_and_falls_to_almost_zero(warmup: float, num_steps: int) -> None:
    factors = [Schedule(warmup_fraction=warmup).factor(step, num_steps) for step in range(num_steps)]
    warmup_steps = round(warmup * num_steps)
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[:warmup_steps] == sorted(factors[:warmup_steps])
    assert factors[warmup_steps:] == sorted(factors[warmup_steps:], reverse=True)
    if warmup_steps < num_steps:
        assert factors[warmup_steps] == 1


def test_its_end_points() -> None:
    schedule = Schedule(warmup_fraction=0.1)
    assert schedule.factor(0, 100) == pytest.approx(1 / 11)
    assert schedule.factor(9, 100) == pytest.approx(10 / 11)
    assert schedule.factor(55, 100) == pytest.approx(0.5)
    assert schedule.factor(99, 100) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))


@pytest.mark.parametrize("warmup", [-0.1, 1.0, math.nan])
def test_other_shares_are_refused(warmup: float) -> None:
    with pytest.raises(Refused, match="warmup_fraction"):
        Schedule(warmup_fraction=warmup)
