"""Shapes: their formulas, none of which falls at an increasing rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.curves.sample import first_sample
from analysis.curves.shapes import FAMILIES, PRIOR, Shapes, shapes

SAMPLE = first_sample()
EXCESS: dict[str, Callable[[np.ndarray, Shapes], np.ndarray]] = {
    "power": lambda u, s: u ** -s.exponent[:, None],
    "broken": lambda u, s: _broken(u, s) / _broken(1.0, s),
    "ahead": lambda u, s: _broken(u, s) / _broken(1.0, s),
    "stretched": lambda u, s: np.exp(
        -s.exponent[:, None] * (u ** s.stretch[:, None] - 1) / s.stretch[:, None]
    ),
    "rising": lambda u, s: u ** -s.exponent[:, None],
}


def of(family: str) -> Shapes:
    rows = SAMPLE.family == FAMILIES.index(family)
    return shapes(SAMPLE.family[rows], SAMPLE.cube[rows], -3.0)


def test_the_prior_is_a_distribution() -> None:
    assert PRIOR.sum() == pytest.approx(1)
    weight = np.exp(SAMPLE.log_weight)
    assert np.bincount(SAMPLE.family, weights=weight) == pytest.approx(PRIOR)


@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_follow_their_formula(family: str) -> None:
    made = of(family)
    u = np.array([0.1, 0.5, 1.0, 2.0, 10.0])
    floor = made.floor[:, None]
    expected = floor + (1 - floor) * EXCESS[family](u, made)
    assert np.exp(made.log_ratio(np.log(u))) == pytest.approx(expected)
    assert made.log_ratio(np.array([0.0])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("family", ["power", "stretched"])
def test_none_falls_faster_and_faster_on_log_log_axes(family: str) -> None:
    slope = np.diff(of(family).log_ratio(np.linspace(0, 1e-3, 3)), axis=1)
    assert (slope[:, 1] >= slope[:, 0] - 1e-9).all()


@pytest.mark.parametrize("family", FAMILIES[:-1])
def test_all_but_the_rising_fall(family: str) -> None:
    assert (np.diff(of(family).log_ratio(np.linspace(-3, 2, 50)), axis=1) <= 1e-12).all()


def test_a_break_ahead_ends_a_plateau() -> None:
    ratio = of("ahead").log_ratio(np.array([-1.0, 0.0, 3.0]))
    assert np.median(ratio[:, 0]) < 0.1
    assert np.median(ratio[:, 2]) < -0.3


def _broken(u: float | np.ndarray, s: Shapes) -> np.ndarray:
    d, f = np.exp(s.break_at[:, None]), s.sharpness[:, None]
    return (1 + (u / d) ** (1 / f)) ** (-s.exponent[:, None] * f)
