"""Reach: costs along a frontier, interpolated linearly between its models and never extrapolated."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.speedup.reach import MAX_ELEMENTS, ends, reach

COST = np.log(np.array([[1.0, 2.0, 3.0, 4.0]]))
TOP1 = np.array([[70.0, 72.0, 71.0, 74.0]])
"""The third model is dominated."""


@pytest.mark.parametrize(
    ("top1", "cost"),
    [(69.9, 0.0), (70, 1), (71, 2**0.5), (72, 2), (73, 8**0.5), (74, 4), (74.1, np.inf)],
)
def test_along_the_frontier(top1: float, cost: float) -> None:
    assert np.exp(reach(COST, TOP1, np.array([[top1]])))[0, 0] == pytest.approx(cost)


def test_the_order_of_the_models_does_not_matter() -> None:
    mixed = [2, 0, 3, 1]
    at = np.array([[70.5, 73.5]])
    assert (reach(COST, TOP1, at) == reach(COST[:, mixed], TOP1[:, mixed], at)).all()
    assert [end.tolist() for end in ends(COST[:, mixed], TOP1[:, mixed])] == [[70.0], [74.0]]


def test_of_models_that_cost_the_same_the_best_counts() -> None:
    cost, top1 = np.zeros((1, 3)), np.array([[70.0, 73.0, 71.0]])
    assert reach(cost, top1, np.array([[73.0, 72.0]])).tolist() == [[0.0, -np.inf]]


def test_a_wide_gap_is_not_bridged() -> None:
    cost, top1 = np.log(np.array([[1.0, 6.0]])), np.array([[70.0, 80.0]])
    found = reach(cost, top1, np.array([[70.0, 75.0, 80.0]]))[0]
    assert found[[0, 2]] == pytest.approx(np.log([1, 6]))
    assert np.isnan(found[1])


def test_many_replicates_are_as_each_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    cost, top1, at = (generator.standard_normal((20, count)) for count in (6, 6, 4))
    whole = reach(cost, top1, at)
    monkeypatch.setattr("analysis.speedup.reach.MAX_ELEMENTS", 30)
    assert MAX_ELEMENTS > 30
    assert np.array_equal(reach(cost, top1, at), whole, equal_nan=True)
