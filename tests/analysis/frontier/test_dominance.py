"""Dominance: exact by its definition, with ties, copies, NaN and infinities."""

from __future__ import annotations

import math
from itertools import product
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.frontier import dominance
from analysis.frontier.dominance import hypervolume, membership, nondominated, ranks

few_values = st.sampled_from([-0.0, 0.0, 1.0, 2.0, 3.0, math.nan, math.inf, -math.inf])
any_values = st.floats(allow_nan=True, allow_infinity=True)
directions = st.lists(st.sampled_from(["minimise", "maximise"]), min_size=1, max_size=5)


@st.composite
def cases(draw, values=few_values | any_values, most=14):
    """Rows with many ties and copies, and a direction for each objective."""
    ways = draw(directions)
    row = st.lists(values, min_size=len(ways), max_size=len(ways))
    rows = draw(st.lists(row, max_size=most))
    return np.array(
        rows + draw(st.lists(st.sampled_from(rows), max_size=3) if rows else st.just([]))
    ).reshape(-1, len(ways)), ways


def signed(points, ways):
    return points * np.array([1.0 if way == "minimise" else -1.0 for way in ways])


def by_definition(points, ways, among=True):
    """Compare every row with every other, as in the definition."""
    values = signed(points, ways)
    counts = np.isfinite(values).all(axis=1) & among
    mine, rival = values[:, None], values[None]
    beats = counts[None] & (rival <= mine).all(axis=2) & (rival < mine).any(axis=2)
    return counts & ~beats.any(axis=1)


@given(cases())
def test_nondominated_is_the_definition(case):
    assert nondominated(*case).tolist() == by_definition(*case).tolist()


@given(cases(), st.integers(1, 4))
def test_it_stays_so_when_dominated_rows_are_dropped_first(case, sample):
    with patch.object(dominance, "SAMPLE", sample):
        assert nondominated(*case).tolist() == by_definition(*case).tolist()


@pytest.mark.parametrize("num_objectives", [2, 3, 4])
def test_many_rows_on_few_values_are_exact(num_objectives):
    """More rows than the sample, most of them copies: copies of the dominating rows must be kept."""
    values = np.random.default_rng(num_objectives).integers(0, 6, (9000, num_objectives)).astype(float)
    values[:, -1] = np.round(values[:, -1] / 3 - values[:, :-1].mean(axis=1))
    values[::50, 0] = np.nan
    ways = ["maximise", *["minimise"] * (num_objectives - 1)]
    points = signed(values, ways)
    distinct, which = np.unique(points, axis=0, return_inverse=True, equal_nan=True)
    expected = by_definition(distinct, ways)[which.ravel()]
    assert expected.sum() > 1
    assert nondominated(points, ways).tolist() == expected.tolist()


@given(cases())
def test_ranks_peel_the_frontier_off(case):
    points, ways = case
    expected, left = np.zeros(len(points), dtype=int), np.isfinite(points).all(axis=1)
    rank = 0
    while left.any():
        rank += 1
        front = by_definition(points, ways, left)
        expected[front] = rank
        left = left & ~front
    assert ranks(points, ways).tolist() == expected.tolist()


@given(cases(values=st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, math.nan]), most=8))
def test_hypervolume_counts_the_cells_that_are_covered(case):
    points, ways = case
    values = signed(points, ways)
    reference = np.array([3.0 if way == "minimise" else 1.0 for way in ways])
    worst = signed(reference, ways)
    corners = np.array(list(product(*(np.arange(-4.0, edge) for edge in worst))))
    covered = (values[:, None] <= corners).all(axis=2).any(axis=0)
    assert hypervolume(points, ways, reference) == pytest.approx(covered.sum())


@given(st.integers(1, 10), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_membership_counts_the_replicates_on_the_frontier(num_points, num_costs, seed):
    generator = np.random.default_rng(seed)
    costs = generator.integers(1, 4, (num_points, num_costs)).astype(float)
    errors = generator.integers(1, 5, size=(7, num_points)).astype(float)
    fronts = [by_definition(np.column_stack([costs, row]), ["minimise"] * (num_costs + 1)) for row in errors]
    assert membership(costs, errors) == pytest.approx(np.mean(fronts, axis=0))
    if num_costs == 1:
        assert membership(costs[:, 0], errors) == pytest.approx(np.mean(fronts, axis=0))
