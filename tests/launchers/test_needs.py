"""Points that begin from others: planned, trained in order on the real pool, and left out with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console

from launchers.foreground import Foreground
from launchers.launch import run_request
from launchers.local import LocalPool
from launchers.planning import plan_request
from launchers.request import Launcher, Request
from scaling.data.catalog import DataConfig, declare
from scaling.errors import DataError, Refused, Unmet
from scaling.study.grid import Expansion
from scaling.study.launch import Launch
from scaling.study.plan import Plan, reason_in_short
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from scaling.tracking.tracker import Tracker
from scaling.training.failure import noted
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.start import Start

MakePoint = Callable[..., Point]

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def first(make_point: MakePoint) -> Point:
    data = declare(DataConfig(name="mnist5k", num_train=128, num_val=64))
    point = make_point(epochs=1)
    return replace(point, data=data, recipe=replace(point.recipe, batch_size=32))


@pytest.fixture
def second(first: Point) -> Point:
    return replace(first, epochs=2, start=Start(point=first.id))


def _request(studies: dict[Path, list[Point]], **runtime: str) -> Request:
    return Request(
        studies={path: Expansion(points) for path, points in studies.items()},
        runtime=Runtime(**runtime),
        tracker=Tracker(mode="none"),
        command="python sweep.py",
    )


POOL, HERE = LocalPool(slots=2), Foreground(Meeting(rank=0, size=1))


def _run(studies: dict[Path, list[Point]], launcher: Launcher = HERE, **runtime: str) -> int:
    return run_request(_request(studies, **runtime), launcher)


def _plan(studies: dict[Path, list[Point]], **runtime: str) -> Plan:
    return plan_request(_request(studies, **runtime), HERE, Console(quiet=True))[-1].plan


def test_a_point_starts_when_what_it_needs_is_trained(tmp_path: Path, first: Point, second: Point) -> None:
    path = tmp_path / "mine"
    third = replace(second, start=Start(point=second.id), seed=1)
    assert [point.id for point in _plan({path: [third, second, first]}).to_run] == [
        first.id,
        second.id,
        third.id,
    ]
    assert _run({path: [third, second, first]}, POOL) == 0
    study = Study.open(path)
    states = study.states([first.id, second.id, third.id])
    assert [state.status for state in states.values()] == ["completed"] * 3
    assert study.weights(first.id).exists()
    assert study.weights(second.id).exists()
    assert not study.weights(third.id).exists()
    weights = torch.load(study.weights(first.id), weights_only=True)
    assert all(value.isfinite().all() for value in weights.values())


def test_two_studies_of_one_line(tmp_path: Path, first: Point, second: Point) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    assert _run({before: [first], after: [second]}, start_study=str(before)) == 0
    assert Study.open(after).state(second.id).status == "completed"
    later = replace(second, seed=1)
    assert _run({after: [later]}, start_study=str(before)) == 0
    with pytest.raises(Refused, match=f"No point can start: it needs {first.id}, which is neither done nor"):
        _plan({after: [replace(second, seed=2)]})


def test_where_a_need_fails_the_others_say_so_and_none_is_lost(
    tmp_path: Path, first: Point, second: Point
) -> None:
    path = tmp_path / "mine"
    bad = replace(first, recipe=replace(first.recipe, learning_rate=1e30))
    needy = replace(second, start=Start(point=bad.id))
    assert _run({path: [bad, needy, first]}, POOL) == 0
    state = Study.open(path).state(needy.id)
    assert (state.status, state.failure) == ("failed", "data_error")
    assert state.message is not None
    assert state.message.startswith(f"it needs {bad.id}, which failed (diverged: ")
    (entry,) = (entry for entry in _plan({path: [bad, needy, first]}).entries if entry.point.id == needy.id)
    assert entry.action == "drop"
    assert entry.why.startswith(f"a point that it needs: {bad.id}, which failed (diverged: ")
    assert reason_in_short(entry.why) == "a point that it needs"


def test_weights_that_were_not_kept_or_are_damaged(tmp_path: Path, first: Point, second: Point) -> None:
    path = tmp_path / "mine"
    assert _run({path: [first]}) == 0
    study = Study.open(path)
    assert not study.weights(first.id).exists()
    with pytest.raises(
        Refused, match=r"has kept no weights: move .* away and type the line .* keep_weights=true"
    ):
        _plan({path: [second]})
    shutil.rmtree(study.directory(first.id))
    assert _run({path: [first, second]}) == 0

    study.weights(first.id).write_bytes(b"no weights")
    again = replace(second, seed=1)
    _run({path: [again]})
    state = study.state(again.id)
    assert state.failure == "data_error"
    assert "weights.pt is damaged" in str(state.message)


def test_points_that_lack_what_they_need_stop_no_launch(tmp_path: Path) -> None:
    """Three students of teachers that failed say nothing of the students of others."""
    for name, error, is_stopped in (("unmet", Unmet("no teacher"), False), ("data", DataError("no"), True)):
        launch = Launch(tmp_path, name)
        for each in ("a", "b", "c"):
            launch.note_end(each, State(status="failed", **noted(error)), 3)
        assert (launch.stopped() is not None) == is_stopped
