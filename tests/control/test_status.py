"""`python -m control status`, as typed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

Make = Callable[..., Point]
Bash = Callable[..., subprocess.CompletedProcess[str]]


def _complete(study: Study, point: Point, *, hours: float, minutes_ago: float) -> None:
    study.note(point.id, State(status="completed", epoch=2))
    file = study.directory(point.id) / "result.json"
    write_json(file, {"metrics": {"top1": 90.0}, "measured": {"train_seconds": 3600 * hours}})
    os.utime(file, (time.time() - 60 * minutes_ago,) * 2)


@pytest.fixture
def study(tmp_path: Path, make_point: Make) -> Study:
    """A study with two completed, three failed and one pending point."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    points = [make_point(seed=seed) for seed in range(6)]
    study.add(points)
    _complete(study, points[0], hours=1.5, minutes_ago=10)
    _complete(study, points[1], hours=0.5, minutes_ago=90)
    study.note(points[2].id, State(status="failed", failure="diverged", message="the loss is [inf]"))
    for point in points[3:5]:
        study.note(point.id, State(status="failed", failure="out_of_memory", message="1 GiB is too much"))
    return study


def test_it_tells_counts_failures_and_pace(bash: Bash, study: Study) -> None:
    done = bash(f"python -m control status {study.path}")
    assert done.returncode == 0, done.stderr
    assert "6 points, 2 completed, 0 running, 1 pending, 3 failed." in done.stdout
    assert "2 hours of training in completed points; 1 completed in the last hour" in done.stdout
    assert "the last one 10 min ago" in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert any(line.startswith("2 failed by out_of_memory, such as ") for line in lines)
    assert any(line.endswith("the loss is [inf]") for line in lines)


def test_it_is_printed_as_json(bash: Bash, study: Study) -> None:
    value = json.loads(bash(f"python -m control status {study.path} --json").stdout)
    assert value["counts"] == {"completed": 2, "running": 0, "pending": 1, "failed": 3}
    assert value["failures"]["out_of_memory"]["count"] == 2
    assert value["failures"]["diverged"]["example"] == "the loss is [inf]"
    assert value["failures"]["diverged"]["point"] in study.point_ids()
    assert (value["num_points"], value["training_hours"], value["completed_last_hour"]) == (6, 2.0, 1)
    assert value["last_result"] == pytest.approx(time.time() - 600, abs=60)


def test_it_names_who_runs_what(bash: Bash, study: Study, make_point: Make) -> None:
    points = [make_point(seed=seed, epochs=8) for seed in range(7)]
    study.add(points)
    held = [lease.acquire(study.directory(point.id)) for point in points]
    for point in points:
        study.note(point.id, State(status="running", attempt=1, epoch=3))
    done = bash(f"python -m control status {study.path}")
    lines = [line for line in done.stdout.splitlines() if " 3/8 " in line]
    assert len(lines) == 7
    assert all(f"process {os.getpid()} on {socket.gethostname()}" in line for line in lines)
    rows = json.loads(bash(f"python -m control status {study.path} --json").stdout)["rows"]
    assert sum(row["state"] == "running" for row in rows) == 7
    for each in held:
        assert each is not None
        each.release()
    assert "0 running" in bash(f"python -m control status {study.path}").stdout


def test_a_replayed_study_says_that_nothing_was_trained(bash: Bash, study: Study, tmp_path: Path) -> None:
    assert "nothing here was trained" not in bash(f"python -m control status {study.path}").stdout
    replayed = Study.create(tmp_path / "replayed", Task("mnist5k"))
    replayed.remember("a line", 1, "0" * 16, "table.csv, without noise")
    for command in ("status", "watch --once"):
        done = bash(f"python -m control {command} {replayed.path}")
        assert "Replayed from table.csv, without noise: nothing here was trained." in done.stdout
    value = json.loads(bash(f"python -m control status {replayed.path} --json").stdout)
    assert value["replayed"] == "table.csv, without noise"


def test_a_new_study_has_no_result(bash: Bash, tmp_path: Path) -> None:
    Study.create(tmp_path / "new", Task("mnist5k"))
    done = bash(f"python -m control status {tmp_path / 'new'}")
    assert done.returncode == 0
    assert "0 points" in done.stdout
    assert "No result yet." in done.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("status nowhere", "control: nowhere is not a study: there is no study.json in it."),
        ("status", "control: the following arguments are required: STUDY (see python -m control --help)"),
        ("statsu nowhere", "invalid choice: 'statsu'"),
        ("", "the following arguments are required: status"),
        ("status nowhere --jsno", "unrecognized arguments: --jsno"),
    ],
)
def test_a_mistake_is_refused_in_one_sentence(bash: Bash, line: str, words: str) -> None:
    done = bash(f"python -m control {line}")
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_debug_shows_where(bash: Bash) -> None:
    done = bash("python -m control status nowhere --debug")
    assert "Traceback" in done.stderr
