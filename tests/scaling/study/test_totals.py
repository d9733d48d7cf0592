"""Totals: when the last of the points that run will end."""

from __future__ import annotations

import pytest

from scaling.study.totals import makespan


@pytest.mark.parametrize(
    ("hours", "slots", "end"), [([], 3, 0.0), ([2.0], 8, 2.0), ([3, 1, 1, 1], 2, 3.0), ([2, 2, 2], 2, 4.0)]
)
def test_the_last_of_them_ends(hours: list[float], slots: int, end: float) -> None:
    assert makespan(hours, slots) == end
