"""The state of a point: silent after one look, gone only when that is known or seen twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control import looks
from control.looks import JobWord, Looks, Now
from control.survey import Survey
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.lease import STALE_AFTER_S
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

HOLD = "import sys,time; from pathlib import Path; from scaling.study import lease; "
HOLD += "held = lease.acquire(Path(sys.argv[1])); print(held.token, flush=True); time.sleep(600)"


@pytest.fixture
def study(tmp_path: Path, make_point: Callable[..., Point]) -> Study:
    """A study with one point, whose status is running."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    study.add([make_point()])
    study.note(study.point_ids()[0], State(status="running", attempt=1, epoch=1))
    return study


@pytest.fixture
def hold(study: Study) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a process that holds the lease of the point."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HOLD, str(_directory(study))]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        assert started[-1].stdout.readline().strip() == "1"
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def _directory(study: Study) -> Path:
    return study.directory(study.point_ids()[0])


def _held_elsewhere(study: Study, *, heard_s_ago: float, token: int = 1) -> None:
    file = _directory(study) / f"lease-{token:06d}.json"
    write_json(file, {"host": "node7/boot/pid:[1]", "pid": 77, "started": 1.0, "released": False})
    os.utime(file, (time.time() - heard_s_ago,) * 2)


def _look(looks: Looks, study: Study, job: JobWord | None = None) -> Now:
    points = Survey(study).points()
    (now,) = looks.look(points, {points[0].id: job} if job else None)
    return now


def test_a_holder_elsewhere_is_believed_while_its_heartbeat_is_young(study: Study) -> None:
    _held_elsewhere(study, heard_s_ago=STALE_AFTER_S - 5)
    now = _look(Looks(study), study)
    assert (now.word, now.status, now.where) == ("running", "running", "process 77 on node7")


def test_silence_is_gone_in_the_second_look_only(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_S", 0.5)
    _held_elsewhere(study, heard_s_ago=75)
    both = Looks(study)
    first = _look(both, study)
    assert (first.word, first.status, first.failure) == ("silent", "running", None)
    assert first.silent_s == pytest.approx(75, abs=5)
    assert _look(both, study).word == "silent"  # too soon
    time.sleep(0.6)
    second = _look(both, study)
    assert (second.word, second.status, second.failure) == ("gone", "failed", "killed")
    assert second.message is not None
    assert "after epoch 1" in second.message
    assert _look(Looks(study), study).word == "silent"  # a new watcher has looked only once


@pytest.mark.parametrize("heard_s_ago", [0, 70])
def test_a_sign_of_life_between_the_looks_begins_anew(
    study: Study, monkeypatch: pytest.MonkeyPatch, heard_s_ago: float
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_S", 0.2)
    _held_elsewhere(study, heard_s_ago=75)
    both = Looks(study)
    assert _look(both, study).word == "silent"
    time.sleep(0.3)
    _held_elsewhere(study, heard_s_ago=heard_s_ago)
    assert _look(both, study).word == ("silent" if heard_s_ago else "running")


def test_a_paused_process_here_is_silent_and_never_gone(
    study: Study, hold: Callable[[], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_S", 0.1)
    process = hold()
    process.send_signal(signal.SIGSTOP)
    file = next(_directory(study).glob("lease-*.json"))
    os.utime(file, (time.time() - 3600,) * 2)
    both = Looks(study)
    for _ in range(3):
        assert _look(both, study).word == "silent"
        time.sleep(0.15)


def test_a_killed_process_here_is_gone_at_once(
    study: Study, hold: Callable[[], subprocess.Popen[str]]
) -> None:
    process = hold()
    assert _look(Looks(study), study).word == "running"
    process.kill()
    process.wait()
    assert _look(Looks(study), study).word == "gone"


def test_an_end_that_was_noted_since_the_reading_is_believed(study: Study) -> None:
    """A worker may end between the reading of status.json and of the lease."""
    held = lease.acquire(_directory(study))
    assert held is not None
    points = Survey(study).points()
    study.note(points[0].id, State(status="failed", failure="diverged", message="inf"), held)
    held.release()
    (now,) = Looks(study).look(points)
    assert (now.word, now.failure, now.message) == ("failed", "diverged", "inf")


@pytest.mark.parametrize(
    ("job", "word"), [("running", "silent"), ("gone", "gone"), ("queued", "queued"), (None, "gone")]
)
def test_a_scheduler_knows_better_than_silence(
    study: Study, monkeypatch: pytest.MonkeyPatch, job: JobWord | None, word: str
) -> None:
    monkeypatch.setattr(looks, "LOOK_AGAIN_S", 0.0)
    _held_elsewhere(study, heard_s_ago=100)
    both = Looks(study)
    _look(both, study, job)
    assert _look(both, study, job).word == word


def test_a_scheduler_is_not_believed_against_a_heartbeat(study: Study) -> None:
    _held_elsewhere(study, heard_s_ago=5)
    assert _look(Looks(study), study, "gone").word == "running"
