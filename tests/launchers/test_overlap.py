"""Two launches with overlapping points in one study: each point is committed once, and none is lost.

Workers are real processes that live on, so torch is imported once in each; one of them is stopped with
SIGSTOP while it holds a point, is replaced, and wakes with SIGCONT.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from launchers.watch import Watch
from scaling.data.catalog import DataConfig, declare
from scaling.models.resnet_small import ResNetSmall
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import read_json
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

pytestmark = [pytest.mark.prove, pytest.mark.xdist_group("overlap")]

HEARTBEAT_S = 0.05
STALE_AFTER_S = 0.5
ROOT = Path(__file__).parents[2]

SHARED, OF_FIRST, OF_SECOND = POINTS = [
    Point(
        depth=8,
        width=0.125,
        resolution=8,
        epochs=4,
        seed=seed,
        family="resnet_small",
        model=ResNetSmall(),
        data=declare(DataConfig(name="mnist5k", num_val=64, num_train=128)),
        recipe=Recipe(batch_size=32, ema_decay=0.9),
        schedule=Schedule(),
        precision="fp32",
    )
    for seed in range(3)
]
"""16 steps each, and about as many writes."""


@dataclass
class Worker:
    """A process of short_lease_worker.py."""

    launch: str
    process: subprocess.Popen[str]

    def begin(self, study: Study, *points: Point) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(study.path), *(point.id for point in points)]) + "\n")
        self.process.stdin.flush()

    def finish(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "worked off\n"

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        _wait_until(lambda: psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)


@pytest.fixture(scope="module")
def workers() -> Iterator[tuple[Worker, Worker]]:
    """Two launches' workers."""
    command = [sys.executable, "-m", "tests.launchers.short_lease_worker"]
    pair = tuple(
        Worker(
            launch,
            subprocess.Popen(
                [*command, launch, str(HEARTBEAT_S), str(STALE_AFTER_S)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ),
        )
        for launch in ("first", "second")
    )
    yield pair[0], pair[1]
    for worker in pair:
        worker.process.kill()
        worker.process.communicate()


@pytest.fixture(scope="module")
def undisturbed(workers: tuple[Worker, Worker], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each point comes to where nobody is in the way; each worker finds the same."""
    outcomes = []
    for worker in workers:
        study = _study(tmp_path_factory.mktemp("undisturbed"))
        worker.begin(study, *POINTS)
        worker.finish()
        outcomes.append({point.id: _outcome(study, point) for point in POINTS})
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def test_a_holder_that_sleeps_past_its_lease_is_refused(
    workers: tuple[Worker, Worker],
    undisturbed: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repetition: int,
    proved: Callable[..., None],
) -> None:
    monkeypatch.setattr(lease, "STALE_AFTER_S", STALE_AFTER_S)
    first, second = workers
    moments = random.Random(repetition)
    study = _paused_while_it_holds(first, tmp_path, moments)
    directory = study.directory(SHARED.id)
    _wait_until(lambda: lease.live_holder(directory) is None)
    second.begin(study, SHARED, OF_SECOND)
    _wait_until((directory / "lease-000002.json").exists)
    time.sleep(moments.uniform(0, 1))  # the other one is at work, or has finished
    first.wake()
    first.finish()
    second.finish()

    log = (directory / "log.txt").read_text()
    num_commits = log.count("committed the result")
    refused = "another worker has taken over" in log or "under token 1" not in log
    lost = [point for point in POINTS if study.state(point.id).status != "completed"]
    proved(
        "paused past its lease, and woken",
        refused=refused,
        committed_twice=num_commits > 1,
        lost=len(lost),
    )
    assert refused
    assert num_commits == 1
    assert lost == []
    for point, launch, token in ((SHARED, second, 2), (OF_FIRST, first, 1), (OF_SECOND, second, 1)):
        _assert_completed_by(study, point, launch.launch, token)
        assert _outcome(study, point) == undisturbed[point.id]
    watch = Watch(study, POINTS, first.launch)
    assert watch.free() == {}
    assert watch.look().count("completed") == len(POINTS)


def _paused_while_it_holds(worker: Worker, tmp_path: Path, moments: random.Random) -> Study:
    """A new study in which the worker was stopped at a random moment between lease and result."""
    for attempt in range(10):
        study = _study(tmp_path / str(attempt))
        directory = study.directory(SHARED.id)
        worker.begin(study, SHARED, OF_FIRST)
        _wait_until((directory / "lease-000001.json").exists, every_s=0.0005)
        time.sleep(moments.choice([0.02, 0.5]) * moments.random())
        worker.pause()
        holder = read_json(directory / "lease-000001.json")
        if holder is not None and not holder["released"] and not (directory / "result.json").exists():
            return study
        worker.wake()  # it was too quick
        worker.finish()
    pytest.fail("the worker was never paused while it held the point")


def _study(path: Path) -> Study:
    study = Study.create(path, Task("mnist5k"))
    study.add(POINTS)
    return study


def _outcome(study: Study, point: Point) -> Any:
    """Rows and metrics, times aside."""
    directory = study.directory(point.id)
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    result = read_json(directory / "result.json")
    assert result is not None
    return [{**row, "seconds": None} for row in rows], result["metrics"]


def _assert_completed_by(study: Study, point: Point, launch: str, token: int) -> None:
    """By the holder with this token, the last one, and with nothing else left in the directory."""
    directory = study.directory(point.id)
    noted = study.noted(point.id)
    assert (noted.status, noted.launch, noted.epoch) == ("completed", launch, point.epochs)
    result = read_json(directory / "result.json")
    assert result is not None
    assert result["provenance"]["token"] == token
    assert {file.name for file in directory.iterdir()} == {
        *("point.json", "status.json", "metrics.jsonl", "result.json", "log.txt"),
        *(f"lease-{number:06d}.json" for number in range(1, token + 1)),
    }


def _wait_until(condition: Callable[[], bool], *, every_s: float = 0.005) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(every_s)


def test_two_overlapping_lines_at_once_train_each_point_once(
    start_sweep: Callable[..., Any], long_repetition: int, proved: Callable[..., None]
) -> None:
    del long_repetition
    line = "depth=8 epochs=2 width=0.125 resolution=8 data.num_train=256 data.num_val=64 tracker=none"
    sweeps = [
        start_sweep(f"{line} seed={seeds} hydra.launcher.slots=1") for seeds in ("range(6)", "range(3,9)")
    ]
    ends = [sweep.end() for sweep in sweeps]
    study = sweeps[0].study
    logs = [(study.directory(point_id) / "log.txt").read_text() for point_id in study.point_ids()]
    num_commits = [log.count("committed the result") for log in logs]
    proved(
        "two lines with overlapping grids at once",
        refused=sum("another worker has taken over" in log for log in logs),
        committed_twice=sum(number > 1 for number in num_commits),
        lost=9 - sum(number > 0 for number in num_commits),
    )
    assert [code for code, _ in ends] == [0, 0], ends
    assert num_commits == [1] * 9
    about = read_json(study.path / "study.json")
    assert about is not None
    assert sorted(re.findall(r"seed=(range\(\S+\))", str(about["history"]))) == ["range(3,9)", "range(6)"]
    assert {state.status for state in sweeps[0].states().values()} == {"completed"}
    assert {state.attempt for state in sweeps[0].states().values()} == {1}
    assert len({state.launch for state in sweeps[0].states().values()}) == 2
