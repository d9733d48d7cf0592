"""Points of different length that share a trunk: planned, trained once, and bit for bit as if alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from launchers.foreground import Foreground
from launchers.launch import run_request
from launchers.local import LocalPool
from launchers.plan_view import tell_plan
from launchers.planning import plan_request
from launchers.request import Launcher, Request
from scaling.data.catalog import DataConfig, declare
from scaling.study.grid import Expansion
from scaling.study.plan import Plan
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.study.trunk import state_file, trunk_directory, trunk_steps
from scaling.tracking.tracker import Tracker
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.schedule import Schedule

MakePoint = Callable[..., Point]


@pytest.fixture
def lengths(make_point: MakePoint) -> list[Point]:
    """Of 3, 5 and 10 epochs of 4 steps; the cooldown of the first one begins within an epoch."""
    data = declare(DataConfig(name="mnist5k", num_train=128, num_val=64))
    schedule = Schedule(kind="wsd", warmup_steps=3, cooldown_fraction=0.2)
    points = [make_point(epochs=epochs, schedule=schedule) for epochs in (3, 5, 10)]
    return [replace(each, data=data, recipe=replace(each.recipe, batch_size=32)) for each in points]


def _request(path: Path, points: Sequence[Point]) -> Request:
    return Request(
        studies={path: Expansion(list(points))},
        runtime=Runtime(),
        tracker=Tracker(mode="none"),
        command="python sweep.py",
    )


HERE = Foreground(Meeting(rank=0, size=1))


def _run(path: Path, points: Sequence[Point], launcher: Launcher = HERE) -> Study:
    assert run_request(_request(path, points), launcher) == 0
    return Study.open(path)


def _plan(path: Path, points: Sequence[Point]) -> Plan:
    (planning,) = plan_request(_request(path, points), HERE, Console(quiet=True))
    return planning.plan


def _told(plan: Plan) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        tell_plan(console, Path("mine"), plan, None)
    return captured.get()


def test_branches_end_as_the_same_points_alone(tmp_path: Path, lengths: list[Point]) -> None:
    short, middle, long = lengths
    plan = _plan(tmp_path / "shared", lengths)
    assert [entry.share_left for entry in plan.entries] == pytest.approx([2 / 12, 4 / 20, 1])
    assert "2 points branch off the trunk of a longer one" in _told(plan)
    shared = _run(tmp_path / "shared", lengths, LocalPool(slots=2))
    alone = _run(tmp_path / "alone", [short])
    shutil.rmtree(alone.path / "trunks")
    _run(alone.path, [middle])
    for point in (short, middle):
        assert shared.result(point.id).metrics == alone.result(point.id).metrics
    states = {file.name for file in trunk_directory(shared.path, long).iterdir()}
    assert states == {f"step-{trunk_steps(long)}.pt"}

    longer = replace(long, epochs=20)
    (entry,) = _plan(shared.path, [longer]).entries
    assert entry.share_left == 1 - trunk_steps(long) / 80
    assert entry.why == "new, continues from trunk step 32"


@pytest.mark.parametrize("harm", ["gone", "damaged"])
def test_a_trunk_whose_state_is_lost_is_trained_again(
    tmp_path: Path, lengths: list[Point], harm: str
) -> None:
    short, middle, _ = lengths
    study = _run(tmp_path / "mine", [short])
    file = state_file(trunk_directory(study.path, short), trunk_steps(short))
    if harm == "gone":
        shutil.rmtree(file.parent)
        (entry,) = _plan(study.path, [middle]).entries
        assert (entry.share_left, entry.why) == (1, "new")
    else:
        file.write_bytes(b"nothing")
    _run(study.path, [middle])
    alone = _run(tmp_path / "alone", [middle])
    assert study.result(middle.id).metrics == alone.result(middle.id).metrics


def test_each_regularisation_has_a_trunk_of_its_own(tmp_path: Path, lengths: list[Point]) -> None:
    short, middle, long = lengths
    dropped = replace(long, recipe=replace(long.recipe, dropout=0.1))
    plan = _plan(tmp_path / "mine", [short, middle, dropped])
    assert [entry.branch is not None for entry in plan.entries] == [True, False, False]
    assert "3 points share no trunk with all lengths of their network" in _told(plan)


def test_a_cosine_shares_nothing(tmp_path: Path, lengths: list[Point]) -> None:
    points = [replace(each, schedule=Schedule(kind="cosine", warmup_steps=3)) for each in lengths]
    assert all(entry.branch is None for entry in _plan(tmp_path / "mine", points).entries)
