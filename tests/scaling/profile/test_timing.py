"""Timings: the median, and an interval that holds it as often as it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from scaling.profile.timing import timing_of


def test_of_eleven_repeats_the_second_and_the_tenth_bound_the_median() -> None:
    timing = timing_of([0.001 * each for each in (5, 1, 11, 2, 10, 3, 9, 4, 8, 7, 6)])
    assert (timing.latency_ms, timing.low_ms, timing.high_ms) == pytest.approx((6, 2, 10))
    assert timing.num_repeats == 11


@pytest.mark.parametrize("count", [6, 7, 8, 9, 11, 12, 25, 26, 100, 999, 1000])
def test_the_interval_is_the_narrowest_by_rank_with_95_percent(count: int) -> None:
    timing = timing_of([1e-3 * each for each in range(1, count + 1)])
    rank = round(timing.low_ms)
    assert round(timing.high_ms) == count + 1 - rank
    assert 1 - 2 * binom.cdf(rank - 1, count, 0.5) >= 0.95
    assert 1 - 2 * binom.cdf(rank, count, 0.5) < 0.95


@given(st.lists(st.floats(1e-9, 1e3), min_size=6, max_size=60))
def test_the_median_lies_in_its_interval(seconds: list[float]) -> None:
    timing = timing_of(seconds)
    assert 1e3 * min(seconds) <= timing.low_ms <= timing.latency_ms <= timing.high_ms <= 1e3 * max(seconds)


def test_too_few_repeats_decide_nothing() -> None:
    with pytest.raises(ValueError, match="take 6 or more"):
        timing_of([1.0] * 5)
