"""Totals: when the last of the points that run will end."""

from __future__ import annotations

import pytest

from scaling.study.totals import makespan


@pytest.mark.parametrize(
    ("hours", "slots", "end"), [([], 3, 0.0), ([2.0], 8, 2.0), ([3, 1, 1, 1], 2, 3.0), ([2, 2, 2], 2, 4.0)]
)
def test_the_last_of_them_ends(hours: list[float], slots: int, end: float) -> None:
    by_id = {str(number): each for number, each in enumerate(hours)}
    assert makespan(by_id, slots, dict.fromkeys(by_id, ())) == end


def test_students_follow_their_teacher_however_many_slots_are_free() -> None:
    hours = {"teacher": 5.0, "alone": 1.0, "one": 2.0, "other": 1.0}
    before = {"teacher": (), "alone": (), "one": ("teacher",), "other": ("teacher", "not of these")}
    assert makespan(hours, 8, before) == 7.0
    assert makespan(hours, 1, before) == 9.0
