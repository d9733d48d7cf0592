"""The learning rate over a run: a ramp, half a cosine, zero."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.training.schedule import Cooldown, Kind, Schedule


@given(
    kind=st.sampled_from(["cosine", "step", "wsd"]), warmup=st.floats(0, 0.99), num_steps=st.integers(1, 500)
)
def test_it_rises_to_the_peak_and_falls(kind: Kind, warmup: float, num_steps: int) -> None:
    schedule = Schedule(kind=kind, warmup_fraction=warmup, milestones=(0.991, 0.995))
    factors = [schedule.factor(step, num_steps) for step in range(num_steps)]
    warmup_steps = round(warmup * num_steps)
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[:warmup_steps] == sorted(factors[:warmup_steps])
    assert factors[warmup_steps:] == sorted(factors[warmup_steps:], reverse=True)
    if warmup_steps < 0.8 * num_steps - 1:
        assert factors[warmup_steps] == 1


def test_its_end_points() -> None:
    schedule = Schedule(warmup_fraction=0.1)
    assert schedule.factor(0, 100) == pytest.approx(1 / 11)
    assert schedule.factor(9, 100) == pytest.approx(10 / 11)
    assert schedule.factor(55, 100) == pytest.approx(0.5)
    assert schedule.factor(99, 100) == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))


def test_steps_fall_at_their_milestones() -> None:
    schedule = Schedule(kind="step", warmup_fraction=0)
    factors = [schedule.factor(step, 90) for step in range(90)]
    falls = [step for step in range(1, 90) if factors[step] != factors[step - 1]]
    assert falls == [30, 60, 80]
    assert factors[-1] == pytest.approx(1e-3)


@pytest.mark.parametrize(("cooldown", "middle"), [("1-sqrt", 1 - math.sqrt(0.5)), ("linear", 0.5)])
def test_the_peak_is_held_until_the_cooldown(cooldown: Cooldown, middle: float) -> None:
    schedule = Schedule(kind="wsd", warmup_fraction=0.1, cooldown_fraction=0.19, cooldown=cooldown)
    factors = [schedule.factor(step, 100) for step in range(100)]
    assert factors[10:81] == [1] * 71
    assert factors[90] == pytest.approx(middle)  # the 10th of 19 steps on a ramp of 20
    assert 0 < factors[99] < 0.06


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("step_factor", 0),
        ("cooldown_fraction", 0),
        ("cooldown_fraction", 1.5),
        ("milestones", (0.5, 0.2)),
        ("milestones", (0.5, 0.5)),
        ("milestones", (0.5, 1.5)),
    ],
)
def test_absurd_options_are_refused(option: str, value: object) -> None:
    with pytest.raises(Refused, match=f"schedule.{option}"):
        Schedule(**{option: value})  # type: ignore[arg-type]


def test_a_warm_up_without_end_is_refused() -> None:
    Schedule(warmup_steps=9).check(10)
    with pytest.raises(Refused, match=r"schedule.warmup_steps=10 takes all of the 10 steps of the point"):
        Schedule(warmup_steps=10).check(10)


@pytest.mark.parametrize("warmup", [-0.1, 1.0, math.nan])
def test_other_shares_are_refused(warmup: float) -> None:
    with pytest.raises(Refused, match="warmup_fraction"):
        Schedule(warmup_fraction=warmup)
