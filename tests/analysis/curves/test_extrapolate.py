"""Extrapolations: planted curves are recovered and covered by intervals; other data are refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.curves.extrapolate import Extrapolation, extrapolate
from analysis.curves.observed import MOST_POINTS
from scaling.errors import Refused

STEPS = np.geomspace(1, 50, 30)
LATER = np.array([75.0, 100.0, 200.0])
CURVES = {
    "power law with floor": lambda x: 20 + 60 * x**-0.5,
    "power law": lambda x: 80 * x**-0.3,
    "shifted power law": lambda x: 5 + 85 * (1 + x / 8) ** -0.7,
    "exponential": lambda x: 12 + 70 * np.exp(-x / 15),
    "logistic in log steps": lambda x: 90 / (1 + (x / 10) ** 0.6),
    "logarithm": lambda x: 80 - 9 * np.log(x),
}
"""Errors in percent; no fitted shape follows the last one."""


def noisy(name: str, seed: int, sd: float = 0.01) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.asarray(CURVES[name](STEPS) * np.exp(sd * generator.normal(size=len(STEPS))))


@pytest.mark.parametrize("name", list(CURVES)[:-1])
def test_a_smooth_curve_is_continued(name: str) -> None:
    found = extrapolate(STEPS, CURVES[name](STEPS), [100])
    truth = CURVES[name](100.0)
    assert found.estimate[0] == pytest.approx(truth, rel=0.04)
    assert found.low[0] < truth < found.high[0]
    assert found.high[0] / found.low[0] < 1.35


def test_intervals_hold_nine_in_ten_new_points_and_more() -> None:
    generator = np.random.default_rng(0)
    inside95, inside80 = [], []
    for name in CURVES:
        for seed in range(10):
            found = extrapolate(STEPS, noisy(name, seed), LATER)
            truth = CURVES[name](LATER) * np.exp(0.01 * generator.normal(size=3))
            inside95 += list((found.low <= truth) & (truth <= found.high))
            inside80 += list((found.low80 <= truth) & (truth <= found.high80))
    assert np.mean(inside95) >= 0.9
    assert np.mean(inside95) > np.mean(inside80) >= 0.7


def test_it_is_nearer_than_the_last_value() -> None:
    ours, last = [], []
    for name in CURVES:
        known = noisy(name, 3)
        ours.append(abs(np.log(extrapolate(STEPS, known, [200]).estimate[0] / CURVES[name](200.0))))
        last.append(abs(np.log(known[-1] / CURVES[name](200.0))))
    assert np.mean(ours) < np.mean(last) / 3


def test_units_do_not_matter() -> None:
    known = noisy("power law with floor", 1)
    percent = extrapolate(STEPS, known, LATER)
    share = extrapolate(STEPS * 1e6, known / 100, LATER * 1e6)
    for name in ("estimate", "low", "high", "low80", "high80"):
        assert getattr(share, name) * 100 == pytest.approx(getattr(percent, name))


def test_intervals_nest_and_widen() -> None:
    found = extrapolate(STEPS, noisy("shifted power law", 2), LATER)
    order = [found.low, found.low80, found.estimate, found.high80, found.high]
    assert (np.diff(order, axis=0) > 0).all()
    assert (np.diff(np.log(found.high / found.low)) > 0).all()


def test_four_points_say_little() -> None:
    few = extrapolate([1, 2, 4, 8], [60, 50, 42, 36], [64])
    many = extrapolate(np.geomspace(1, 8, 30), 60 * np.geomspace(1, 8, 30) ** -0.25, [64])
    assert _width(few) > 2 * _width(many)
    assert few.low[0] < 60 * 64**-0.25 < few.high[0]


def test_a_plateau_may_end() -> None:
    generator = np.random.default_rng(0)
    chance = 90 + 0.2 * generator.normal(size=10)
    found = extrapolate(np.arange(1, 11), chance, [30])
    assert found.low[0] < 82
    assert found.high[0] < 95


def test_a_spike_does_not_count() -> None:
    known = noisy("power law with floor", 4, sd=0.003)
    with_spike = known.copy()
    with_spike[20] *= 3
    assert extrapolate(STEPS, with_spike, [100]).estimate == pytest.approx(
        extrapolate(STEPS, known, [100]).estimate, rel=0.01
    )


def test_a_curve_that_rises_again_is_not_said_to_fall() -> None:
    known = 20 + 60 / STEPS + 0.4 * STEPS
    found = extrapolate(STEPS, known, [100])
    assert found.high[0] > 20 + 0.6 + 40


def test_many_points_are_averaged() -> None:
    generator = np.random.default_rng(0)
    steps = np.arange(1, 20_001)
    known = (20 + 60 * steps**-0.5) * np.exp(0.05 * generator.normal(size=len(steps)))
    found = extrapolate(steps, known, np.arange(20_001, 40_001, 10))
    assert found.num_points == len(steps) > MOST_POINTS
    assert found.estimate[-1] == pytest.approx(20 + 60 * 40_000**-0.5, rel=0.01)
    inside = np.exp(0.05 * generator.normal(size=len(found.steps))) * (20 + 60 * found.steps**-0.5)
    assert 0.9 < np.mean((found.low < inside) & (inside < found.high)) < 0.99


def test_no_error_at_all_counts_as_half_the_smallest() -> None:
    found = extrapolate([1, 2, 4, 8, 16], [8, 4, 2, 1, 0], [32])
    assert found == _same(extrapolate([1, 2, 4, 8, 16], [8, 4, 2, 1, 0.5], [32]))


@pytest.mark.parametrize(
    ("steps", "error", "at", "sentence"),
    [
        ([1, 2, 3], [3, 2, 1], [4], "A curve of 3 points cannot be extrapolated: give at least 4"),
        ([1], [3], [4], "A curve of one point cannot"),
        ([], [], [4], "A curve of 0 points cannot"),
        ([1, 2, 3, 4], [3, 2, 1], [5], "A curve of 4 steps has 3 errors"),
        ([1, 2, 2, 4], [4, 3, 2, 1], [5], "must increase, and 2 follows 2"),
        ([0, 1, 2, 3], [4, 3, 2, 1], [5], "finite numbers above 0"),
        ([1, 2, 3, 4], [4, 3, np.nan, 1], [5], "The error at step 3 is nan"),
        ([1, 2, 3, 4], [4, 3, np.inf, 1], [5], "The error at step 3 is inf"),
        ([1, 2, 3, 4], [4, 3, 2, -1], [5], "The error at step 4 is -1"),
        ([1, 2, 3, 4], [0, 0, 0, 0], [5], "All 4 errors of the curve are 0"),
        ([1, 2, 3, 4], [90, 90, 90, 90], [5], "All 4 errors of the curve are 90"),
        ([1, 2, 3, 4], ["a", 3, 2, 1], [5], "The errors of a curve are not all numbers"),
        ([1, 2, 3, None], [4, 3, 2, 1], [5], "finite numbers above 0"),
        ([1, 2, 3, 4], [4, 3, 2, 1], [3], "Step 3 is not after the last one known, 4"),
        ([1, 2, 3, 4], [4, 3, 2, 1], [np.inf], "finite numbers above 0"),
        ([1, 2, 3, 4], [4, 3, 2, 1], [], "give at least one"),
    ],
)
def test_what_is_no_curve_is_refused(steps: object, error: object, at: object, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        extrapolate(steps, error, at)  # type: ignore[arg-type]


def _width(found: Extrapolation) -> float:
    return float(np.log(found.high / found.low)[-1])


class _same:
    """Compares equal to an extrapolation with the same numbers."""

    def __init__(self, other: Extrapolation) -> None:
        self._other = other

    def __eq__(self, found: object) -> bool:
        return isinstance(found, Extrapolation) and bool(
            (found.estimate == self._other.estimate).all() and (found.low == self._other.low).all()
        )
