"""The ETA of a running point and of a study, from the training so far."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from control.eta import Eta
from control.status import Watcher
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

Run = Callable[..., str]


@pytest.fixture
def study(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """Four points of ten epochs."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    study.add([make_point(seed=seed, epochs=10) for seed in range(4)])
    return study


@pytest.fixture
def run(study: Study) -> Iterator[Run]:
    """Let this process hold a running point with `epochs` completed epochs of `seconds` each."""
    with ExitStack() as stack:

        def start(index: int, *, epochs: int, seconds: float) -> str:
            point_id = study.point_ids()[index]
            stack.enter_context(lease.acquire(study.directory(point_id)) or pytest.fail("it is held"))
            study.note(point_id, State(status="running", attempt=1, epoch=epochs))
            row = json.dumps({"epoch": epochs, "seconds": epochs * seconds})
            (study.directory(point_id) / "metrics.jsonl").write_text(f"{row}\n" * bool(epochs))
            return point_id

        yield start


def _eta(study: Study) -> Eta:
    return Watcher(study).look().eta


def _of(study: Study, point_id: str, *, later_s: float = 0.0) -> float | None:
    """ETA of one point, as of `later_s` from now."""
    eta = _eta(study)
    eta = Eta(study=study, points=eta.points, at=time.time() + later_s)
    return next(eta.of(now) for now in eta.points if now.point.id == point_id)


def test_a_point_goes_on_at_its_own_pace(study: Study, run: Run) -> None:
    point_id = run(0, epochs=4, seconds=100)
    assert _of(study, point_id) == pytest.approx(600, abs=5)
    assert _of(study, point_id, later_s=60) == pytest.approx(540, abs=5)  # 60 s into the fifth epoch
    assert _of(study, point_id, later_s=600) == pytest.approx(500, abs=5)  # the fifth epoch is slow


@pytest.mark.parametrize("rubbish", [b"\x9d\n", b"null\n", b"[1]\n", b'{"epo'])
def test_a_damaged_last_line_tells_nothing(study: Study, run: Run, rubbish: bytes) -> None:
    point_id = run(0, epochs=4, seconds=100)
    (study.directory(point_id) / "metrics.jsonl").write_bytes(rubbish)
    assert _of(study, point_id) is None


def test_it_is_never_below_0(study: Study, run: Run) -> None:
    """After the last epoch, the result has yet to be written."""
    assert _of(study, run(0, epochs=10, seconds=100), later_s=60) == 0


def test_the_study_ends_with_its_last_point(study: Study, run: Run) -> None:
    for index in range(2):
        run(index, epochs=5, seconds=100)
    assert _eta(study).study_s == pytest.approx((2 * 500 + 2 * 1000) / 2, abs=10)
    for index in range(2, 4):
        study.note(study.point_ids()[index], State(status="failed", failure="killed"))
    assert _eta(study).study_s == pytest.approx(500, abs=5)


def test_where_nothing_runs_nothing_is_estimated(study: Study) -> None:
    assert _eta(study).study_s is None
    assert _of(study, study.point_ids()[0]) is None
