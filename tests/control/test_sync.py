"""Sync: runs sent to W&B afterwards, by the real client to a server on loopback."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.study.about import Task
from scaling.study.store import Study
from scaling.tracking.point_files import read_point
from tests.control.conftest import Terminal
from tests.launchers.conftest import ROOT
from tests.scaling.tracking.conftest import StudyDir
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_server import Server
from tests.wandb_server import server as server


def sync(study: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "control", "sync", str(study), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def mine(tmp_path: Path) -> StudyDir:
    return StudyDir(Study.create(tmp_path / "mine", Task("mnist5k")).path)


def test_a_study_without_a_tracker_is_sent_once(finished: Path, tmp_path: Path, server: Server) -> None:
    study = Study.open(shutil.copytree(finished, tmp_path / "copy"))
    first = sync(study.path)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == "10 runs sent to scaling-study, group copy.\n"
    for point_id in study.point_ids():
        files = read_point(study.directory(point_id))
        assert files is not None
        assert [row["_step"] for row in server.rows[point_id]] == [row["epoch"] for row in files.rows]
        result = study.result(point_id)
        assert server.exit_codes[point_id] == (result.state.status != "completed")
        assert server.summaries[point_id].get("test_top1") == result.metrics.get("test_top1")
    asked = dict(server.asked)
    again = sync(study.path)
    assert again.stdout == "0 runs sent to scaling-study, group copy; 10 there already.\n"
    assert {**server.asked, "Viewer": 1} == {**asked, "Viewer": 1}


def test_a_variable_that_wandb_cannot_use_is_named(
    mine: StudyDir, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    del server
    monkeypatch.setenv("WANDB_BASE_URL", "nonsense")
    done = sync(mine.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("control: W&B cannot use a variable of this shell (")
    assert "base_url Input should be a valid URL" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_has_not_ended_is_sent_as_far_as_it_is(mine: StudyDir, server: Server) -> None:
    point, _, broken = mine.add(0, epochs=4), mine.add(1), mine.add(2)
    point.train(num_epochs=2)
    broken.complete()
    (broken.path / "wandb.partial").touch()  # in the place of a directory
    done = sync(mine.path)
    assert done.returncode == 1
    counts = "1 unfinished, sent in part, 1 not begun, 1 failed"
    assert done.stdout.splitlines() == [
        f"0 runs sent to scaling-study, group mine; {counts}.",
        f"  failed {broken.id}: FileExistsError: [Errno 17] File exists: '{broken.path}/wandb.partial'",
    ]
    point.complete(num_epochs=4)
    assert "1 run sent" in sync(mine.path).stdout
    assert [row["_step"] for row in server.rows[point.id]] == [1, 2, 3, 4]
    assert server.exit_codes[point.id] == 0


def test_it_goes_where_the_study_was_tracked_or_elsewhere(mine: StudyDir, server: Server) -> None:
    point = mine.add()
    point.complete()
    (mine.path / "tracker.json").write_text('{"project": "digits", "entity": "team"}')
    assert "sent to team/digits" in sync(mine.path).stdout
    assert server.runs[point.id]["project"] == "digits"
    assert "1 run sent to other," in sync(mine.path, "--project", "other").stdout
    (mine.path / "tracker.json").write_text('{"project": 7}')
    damaged = sync(mine.path)
    assert (damaged.returncode, damaged.stderr.count("\n")) == (2, 1)
    assert "tracker.project=7 is not the name of a W&B project" in damaged.stderr


@pytest.mark.parametrize("loss", ["no account", "dead", "refuses"])
def test_without_a_server_it_says_so(
    loss: str, mine: StudyDir, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.add().complete()
    if loss == "no account":
        monkeypatch.delenv("WANDB_API_KEY")
    else:
        setattr(server, loss, True)
    done = sync(mine.path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "wandb login" in done.stderr
    assert not list(mine.path.glob("points/*/wandb"))


@pytest.mark.usefixtures("server")
def test_it_asks_for_no_key_on_a_terminal(
    mine: StudyDir, terminal: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    mine.add().complete()
    screen = terminal(f"sync {mine.path}", columns=200)
    assert screen.end() == 2
    assert "account is configured here" in screen.text


def test_a_server_that_dies_leaves_the_rest_for_the_next_time(mine: StudyDir, server: Server) -> None:
    points = [mine.add(seed) for seed in range(12)]
    for point in points:
        point.complete()
    server.dies_after = 5
    first = sync(mine.path)
    assert (first.returncode, first.stderr) == (1, "")
    assert "W&B was lost" in first.stdout
    assert "type the line again" in first.stdout
    server.dead = False
    assert sync(mine.path).returncode == 0
    assert [[row["_step"] for row in server.rows[point.id]] for point in points] == [[1, 2]] * 12
    assert sorted(server.exit_codes) == [point.id for point in points]


def test_rows_that_the_server_refuses_do_not_count_as_sent(mine: StudyDir, server: Server) -> None:
    points = [mine.add(seed) for seed in range(6)]
    for point in points:
        point.complete()
    server.refuses_rows = True
    first = sync(mine.path)
    assert (first.returncode, first.stderr) == (1, "")
    assert f"failed {points[0].id}: W&B has not taken all rows" in first.stdout
    assert "W&B was lost" in first.stdout
    assert not list(mine.path.glob("points/*/wandb"))
    server.refuses_rows = False
    assert sync(mine.path).returncode == 0
    assert [[row["_step"] for row in server.rows[point.id]] for point in points] == [[1, 2]] * 6


def test_a_run_that_was_deleted_holds_up_no_other(mine: StudyDir, server: Server) -> None:
    points = [mine.add(seed) for seed in range(6)]
    for point in points:
        point.complete()
    server.deleted.add(points[0].id)
    done = sync(mine.path)
    assert done.returncode == 1
    assert "5 runs sent" in done.stdout
    (told,) = [line for line in done.stdout.splitlines() if line.startswith("  failed")]
    assert f"failed {points[0].id}" in told
    assert "was previously created and deleted" in told


@pytest.mark.parametrize("holder", ["tracker.log", "jobs/1/taken-12.txt"])
def test_it_leaves_a_study_alone_that_is_tracked_now(holder: str, mine: StudyDir, server: Server) -> None:
    (mine.path / holder).parent.mkdir(parents=True, exist_ok=True)
    with open(mine.path / holder, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = sync(mine.path)
    assert done.returncode == 2
    assert "is being tracked now" in done.stderr
    assert server.runs == {}


def test_a_study_that_cannot_be_written_is_refused(mine: StudyDir, server: Server) -> None:
    mine.add().complete()
    (mine.path / "tracker.log").mkdir()
    done = sync(mine.path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"Cannot write below {mine.path}" in done.stderr
    assert server.runs == {}


def test_two_at_a_time_send_nothing_twice(mine: StudyDir, server: Server) -> None:
    points = [mine.add(seed) for seed in range(6)]
    for point in points:
        point.complete()
    command = [sys.executable, "-m", "control", "sync", str(mine.path)]
    both = [subprocess.Popen(command, cwd=ROOT, env=os.environ, stderr=subprocess.PIPE) for _ in range(2)]
    for each in both:
        each.communicate()
    assert sorted(each.returncode for each in both) in ([0, 0], [0, 2])
    assert server.asked["CreateRunFiles"] == 6
    assert [len(server.rows[point.id]) for point in points] == [2] * 6
