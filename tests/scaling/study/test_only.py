"""Only: the points to train now, with what they need; the others stay wanted, for later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scaling.errors import Refused
from scaling.study.only import only
from scaling.study.plan import Plan, Planned
from scaling.study.point import Point
from scaling.training.start import Start

Make = Callable[..., Point]


def _plan(points: list[Point], **actions: str) -> Plan:
    entries = [
        Planned(point=point, action="run", why="new", hours=None, memory_gb=1.0)  # type: ignore[arg-type]
        for point in points
    ]
    for place, action in actions.items():
        number = int(place.removeprefix("of_"))
        entries[number] = replace(entries[number], action=action)  # type: ignore[arg-type]
    return Plan(entries, slots=1)


def test_the_others_are_left_for_later_and_stay_wanted(make_point: Make) -> None:
    points = [make_point(seed=seed) for seed in range(4)]
    (plan,) = only([_plan(points, of_2="skip", of_3="drop")], [points[1].id[:9]])
    assert [entry.action for entry in plan.entries] == ["later", "run", "skip", "drop"]
    assert plan.to_run == [points[1]]
    assert plan.wanted == points[:3]
    assert plan.wanted_now == points[1:3]
    assert plan.passed_over()[0].point == points[2]
    assert plan.losses == ["seed loses 3."]  # the dropped one


def test_what_a_point_needs_is_trained_too(make_point: Make) -> None:
    first = make_point(seed=0)
    start = Start(point=first.id, tune="all", origin="0" * 8, channels=1, study="x")
    second = make_point(seed=1, start=start)
    (plan,) = only([_plan([first, second, make_point(seed=2)])], [second.id])
    assert [entry.action for entry in plan.entries] == ["run", "run", "later"]


def test_an_id_of_no_point_is_refused(make_point: Make) -> None:
    with pytest.raises(Refused, match="only=zz: no point of the 1 has such an id"):
        only([_plan([make_point()])], ["zz"])
