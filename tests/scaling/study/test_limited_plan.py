"""A limited plan: what is kept of a grid that is worth more than may be spent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scaling.errors import Refused
from scaling.study.grid import Expansion
from scaling.study.limits import Limits
from scaling.study.plan import limited, make_plan
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.study.totals import totals
from tests.scaling.study.plans import SITE, complete, dropped, plan_of

Make = Callable[..., Point]


def test_a_limit_of_points_keeps_every_axis_and_both_regimes(study: Study, grid: list[Point]) -> None:
    """1 + 2 + 2 + 1 + 1 points move at most one axis from the cheapest, 13 move two, and one is repeated."""
    plan = plan_of(study, grid, limits=Limits(points=8))
    assert len(plan.to_run) == 8
    for axis in ("depth", "width", "resolution", "epochs"):
        values = {getattr(point, axis) for point in grid}
        assert {getattr(point, axis) for point in plan.to_run} == values, axis
    interactions = plan_of(study, grid, limits=Limits(points=21))
    assert not any("epochs" in sentence or "seeds" in sentence for sentence in interactions.losses)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("limit", ["train_flops", "device_hours"])
def test_a_limit_is_kept_and_used(study: Study, grid: list[Point], limit: str, share: float) -> None:
    whole = totals(plan_of(study, grid))
    allowed = share * (whole.train_flops if limit == "train_flops" else whole.device_hours)
    plan = plan_of(study, grid, limits=Limits(**{limit: allowed}))  # type: ignore[arg-type]
    sums = totals(plan)
    spent = sums.train_flops if limit == "train_flops" else sums.device_hours
    assert spent <= allowed
    cheapest_dropped = min(entry.point.cost.train_flops for entry in dropped(plan))
    room = allowed - spent if limit == "train_flops" else (allowed - spent) * 1e12
    assert cheapest_dropped > room, "a point that still fits is not dropped"
    assert all(entry.why.startswith(f"limit.{limit}=") for entry in dropped(plan))


def test_typing_a_limited_line_again_spends_nothing_more(study: Study, grid: list[Point]) -> None:
    limits = Limits(train_flops=0.3 * sum(point.cost.train_flops for point in grid))
    first = plan_of(study, grid, limits=limits)
    kept = {point.id for point in first.to_run}
    for point in first.to_run[::2]:
        study.add([point])
        complete(study, point)
    again = plan_of(study, grid, limits=limits)
    assert {point.id for point in again.to_run} == {point.id for point in first.to_run[1::2]}
    assert {entry.point.id for entry in again.entries if entry.action == "skip"} | {
        point.id for point in again.to_run
    } == kept


def test_a_limit_of_memory_is_for_each_point(study: Study, grid: list[Point]) -> None:
    largest = max(point.cost.memory_gb for point in grid)
    plan = plan_of(study, grid, limits=Limits(memory_gb=largest / 2))
    assert {entry.point.id for entry in dropped(plan)} == {
        point.id for point in grid if point.cost.memory_gb > largest / 2
    }


def test_a_limit_that_leaves_nothing_is_refused(study: Study, grid: list[Point]) -> None:
    with pytest.raises(
        Refused, match=r"none of 72 points \(72 by limit.train_flops=1\); the cheapest is depth=8 .* it takes"
    ):
        plan_of(study, grid, limits=Limits(train_flops=1.0))


def test_hours_that_nothing_tells_do_not_fit_a_limit_of_hours(study: Study, make_point: Make) -> None:
    site = replace(SITE, hours=lambda _: None)
    with pytest.raises(Refused, match="its hours are unknown, try probe=true"):
        limited([make_plan(study, Expansion([make_point()]), site)], Limits(device_hours=1.0))
