"""The plan: what is done with each point and why, what is dropped, and what all of it costs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from scaling.errors import Refused
from scaling.study import lease
from scaling.study.limits import Limits
from scaling.study.plan import Planned
from scaling.study.plan_file import as_csv, as_json
from scaling.study.point import Point
from scaling.study.quantities import QUANTITIES, Quantities, constraint_of
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study
from scaling.study.totals import totals
from tests.scaling.study.plans import complete, dropped, hours_of, plan_of

Make = Callable[..., Point]


def _action(study: Study, point: Point) -> tuple[str, str]:
    (entry,) = plan_of(study, [point]).entries
    return entry.action, entry.why


def _where(text: str, device_gb: float | None = None) -> Callable[[Planned], str | None]:
    constraint = constraint_of(text, device_gb=device_gb)
    return lambda entry: constraint.reason(Quantities(entry))


def test_a_point_that_was_never_seen_is_new(study: Study, make_point: Make) -> None:
    assert _action(study, make_point()) == ("run", "new")


def test_an_unreadable_result_is_set_aside_and_the_point_runs_again(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    complete(study, point)
    file = study.directory(point.id) / "result.json"
    file.write_text("")
    action, why = _action(study, point)
    assert action == "run"
    assert "not valid JSON" in why
    study.clear_unreadable(point.id)
    assert not file.exists()
    assert (file.parent / "result.json.corrupt-0").exists()


def test_what_is_done_with_each_state(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    assert _action(study, point) == ("run", "new")
    failed = State(status="failed", attempt=1, message="it broke", code=code_digest())
    expected = {
        "out_of_memory": "retry",
        "killed": "retry",
        "preempted": "retry",
        "data_error": "retry",
        "diverged": "skip",
        "dominated": "skip",
        "code_error": "skip",
    }
    for failure, action in expected.items():
        study.note(point.id, replace(failed, failure=failure))  # type: ignore[arg-type]
        assert _action(study, point)[0] == action, failure
        assert "it broke" in _action(study, point)[1]
    study.note(point.id, replace(failed, failure="code_error", code="0" * 16))
    assert _action(study, point)[0] == "retry"
    complete(study, point)
    assert _action(study, point) == ("skip", "done")


def test_a_running_point_is_waited_for_and_a_dead_one_goes_on(study: Study, make_point: Make) -> None:
    point = make_point()
    study.add([point])
    held = lease.acquire(study.directory(point.id))
    assert held is not None
    study.note(point.id, State(status="running", attempt=1, epoch=1))
    assert _action(study, point)[0] == "wait"
    assert study.state(point.id).status == "running"
    held.release()
    assert study.state(point.id).failure == "killed"
    assert _action(study, point)[0] == "retry"


def test_points_run_dearest_first(study: Study, make_point: Make) -> None:
    plan = plan_of(study, [make_point(epochs=epochs) for epochs in (1, 4, 2)])
    assert [point.epochs for point in plan.to_run] == [4, 2, 1]


def test_a_constraint_drops_points_with_its_reason(study: Study, grid: list[Point]) -> None:
    plan = plan_of(study, grid, constraint=_where("depth <= 14 and flops < 2e6 or depth == 20"))
    kept = {point.id for point in plan.wanted}
    assert kept == {
        point.id for point in grid if (point.depth <= 14 and point.cost.flops < 2e6) or point.depth == 20
    }
    plan = plan_of(study, grid, constraint=_where("width < 1 and depth * width < 5"))
    reasons = {entry.why for entry in dropped(plan)}
    assert "width < 1 is false (width=1)" in {reason.replace("1.0", "1") for reason in reasons}
    assert any(reason.startswith("depth * width < 5 is false (depth=") for reason in reasons)


def test_every_quantity_can_be_asked_for(study: Study, make_point: Make) -> None:
    (entry,) = plan_of(study, [make_point()]).entries
    values = Quantities(entry)
    assert values["hours"] == hours_of(entry.point).hours
    assert values["recipe.label_smoothing"] == 0.1
    assert values["model.family"] == "resnet_small"
    assert values["model.ladder"] is None, "a switch of another family"
    assert {type(values[name]) for name in QUANTITIES} <= {int, float, str, bool, type(None)}


@pytest.mark.parametrize(
    ("text", "kept"), [("fits(1e-3)", 0), ("fits(1)", 1), ("fits()", 1), ("fits('a100')", 1)]
)
def test_a_point_fits_or_not(study: Study, make_point: Make, text: str, kept: int) -> None:
    points = [make_point()]
    if kept:
        assert len(plan_of(study, points, constraint=_where(text, device_gb=1.0)).wanted) == kept
    else:
        with pytest.raises(
            Refused, match=r"none of 1 points \(1 by fits\(1e-3\)\); .*: fits\(1e-3\) is false"
        ):
            plan_of(study, points, constraint=_where(text))


def test_fits_needs_to_know_the_memory(study: Study, make_point: Make) -> None:
    with pytest.raises(Refused, match=r"give the gigabytes, as in fits\(80\)"):
        plan_of(study, [make_point()], constraint=_where("fits()"))
    with pytest.raises(Refused, match="has no specification here"):
        plan_of(study, [make_point()], constraint=_where("fits('a1000')"))


@pytest.mark.parametrize(
    ("keep", "sentence"),
    [
        (lambda point: point.width == 1, "width is left with one value, 1: nothing can be learned about it."),
        (lambda point: point.depth < 20, "depth loses 20."),
        (
            lambda point: point.epochs == 1 or point.width == 1,
            "At 10 epochs no pair of a deeper and a wider model is left: ",
        ),
        (
            lambda point: point.epochs == 1 or point.resolution == 14,
            "At 10 epochs no model at two resolutions is left: resolutions are not compared there.",
        ),
        (lambda point: point.seed == 0, "No model is left with two seeds: the noise is unknown"),
        (lambda point: point.cost.flops < 3e6, "The largest model left has 1/"),
    ],
)
def test_the_plan_says_what_a_drop_costs(
    study: Study, grid: list[Point], keep: Callable[[Point], bool], sentence: str
) -> None:
    plan = plan_of(study, grid, constraint=lambda entry: None if keep(entry.point) else "not wanted")
    assert any(found.startswith(sentence) for found in plan.losses), plan.losses


def test_nothing_is_lost_where_nothing_is_dropped(study: Study, grid: list[Point]) -> None:
    assert plan_of(study, grid).losses == []


def test_totals_are_of_what_runs(study: Study, grid: list[Point]) -> None:
    study.add(grid[:1])
    complete(study, grid[0])
    plan = plan_of(study, grid)
    sums = totals(plan)
    assert plan.predicted == {point.id: hours_of(point) for point in grid[1:]}
    assert (sums.num_points, sums.waves, sums.slots) == (71, 36, 2)
    assert sums.train_flops == sum(point.cost.train_flops for point in grid[1:])
    assert sums.device_hours == pytest.approx(sums.train_flops / 1e12)
    assert sums.wall_hours is not None
    assert sums.device_hours / 2 <= sums.wall_hours < sums.device_hours


def test_a_plan_as_csv_and_json_holds_every_point(study: Study, grid: list[Point]) -> None:
    plan = replace(plan_of(study, grid, limits=Limits(points=8)), varied=("recipe.label_smoothing",))
    rows = list(csv.DictReader(as_csv(plan).splitlines()))
    assert list(rows[0])[-2:] == ["action", "why"]
    assert {row["recipe.label_smoothing"] for row in rows} == {"0.1"}
    value = json.loads(json.dumps(as_json(plan, study.path), allow_nan=False))
    assert [point["point"] for point in value["points"]] == [row["point"] for row in rows]
    assert value["totals"]["num_points"] == 8
    assert value["losses"] == plan.losses
    assert value["points"][0]["budget"] is None
