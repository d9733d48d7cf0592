"""Runs written by the real W&B client in a process of their own, and read back from its files."""

from __future__ import annotations

import fcntl
import math
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from scaling.tracking.mirror import Mirror
from scaling.tracking.point_files import PointFiles, read_point
from scaling.tracking.process import start
from scaling.tracking.tracker import Tracker


@pytest.fixture(scope="module")
def runs(shared_study: Any) -> dict[str, Any]:
    """A completed point, one of 300 epochs and a failed one, as they read in W&B's files."""
    completed, long, failed = (shared_study.add(seed, epochs) for seed, epochs in ((0, 2), (1, 300), (2, 2)))
    completed.complete()
    long.complete(num_epochs=300)
    failed.train(num_epochs=1, loss=math.nan)
    failed.log(1, "RuntimeError: of the attempt before")
    failed.log(2, "Traceback (most recent call last):", "Diverged: loss is nan")
    failed.fail("diverged", "loss is nan")
    done = shared_study.mirror("--project", "digits", "--entity", "team")
    assert done.returncode == 0
    return {"completed": completed.read_run(), "long": long.read_run(), "failed": failed.read_run()}


def test_a_run_says_which_point_it_is(runs: Any) -> None:
    run = runs["long"]
    assert (run["run_id"], run["project"], run["entity"]) == (f"{1:016x}", "digits", "team")
    assert run["run_group"] == "shared0"
    assert run["display_name"] == "d14 w0.5 r28 e300 s1"
    assert run["job_type"] == "epochs=300"
    assert run["tags"] == ["resnet_small", "mnist_5k", "bf16", "setting=abcd1234"]
    assert run["exit_code"] == 0


def test_config_is_flat_and_complete(runs: Any) -> None:
    config = {key: value for key, value in runs["completed"]["config"].items() if key != "_wandb"}
    assert config == {
        "id": f"{0:016x}",
        "setting": "abcd1234",
        "depth": 14,
        "width": 0.5,
        "resolution": 28,
        "epochs": 2,
        "seed": 0,
        "family": "resnet_small",
        "model/base_channels": 16,
        "data/name": "mnist_5k",
        "data/num_train": 3500,
        "recipe/learning_rate": 0.1,
        "recipe/norm_batch": None,
        "schedule/warmup_epochs": 1,
        "precision": "bf16",
        "cost/params": 1000,
        "cost/flops": 1_000_000,
    }


def test_history_has_every_row_at_the_step_of_its_epoch(runs: Any) -> None:
    run = runs["long"]
    assert [row["_step"] for row in run["rows"]] == list(range(1, 301))
    assert [row["epoch"] for row in run["rows"]] == list(range(1, 301))
    assert run["rows"][9] | {"step": 270, "loss": 0.2, "top1": 90.0} == run["rows"][9]
    assert run["step_metrics"]["*"] == "epoch"


def test_evaluated_metrics_have_a_curve_over_train_flops_too(runs: Any) -> None:
    run = runs["long"]
    assert run["step_metrics"]["by_train_flops/top1"] == "train_flops"
    assert [row["by_train_flops/loss"] for row in run["rows"]] == [row["loss"] for row in run["rows"]]
    assert run["rows"][9]["train_flops"] == 810


def test_summary_is_the_result_and_not_the_last_row(runs: Any) -> None:
    summary = runs["completed"]["summary"]
    expected = {"top1": 97.5, "test_top1": 97.0, "cost/flops": 1_000_000, "cost/train_seconds": 12.5}
    expected |= {"status": "completed", "failure": None, "provenance/host": "node1", "epoch": 2}
    expected |= {"best/top1": 90.0, "best/loss": 1.0}
    assert summary | expected == summary


def test_a_failed_point_is_a_failed_run(runs: Any) -> None:
    run = runs["failed"]
    assert run["exit_code"] == 1
    assert (
        run["summary"] | {"status": "failed", "failure": "diverged", "message": "loss is nan"}
        == run["summary"]
    )
    assert [row["top1"] for row in run["rows"]] == [90.0]
    assert math.isnan(float(run["rows"][0]["loss"]))
    assert "best/loss" not in run["summary"]
    assert run["tags"][-1] == "diverged"


def test_the_log_of_the_last_attempt_is_in_the_logs_tab(runs: Any) -> None:
    log = runs["failed"]["log"]
    assert "Diverged: loss is nan" in log
    assert "of the attempt before" not in log


def test_a_second_start_writes_nothing_unless_for_another_project(study: Any) -> None:
    completed, failed = study.add(0), study.add(1)
    completed.complete()
    failed.fail()
    study.mirror()
    before = [point.run_dirs() for point in (completed, failed)]
    again = study.mirror()
    assert "run written" not in again.stderr
    assert [point.run_dirs() for point in (completed, failed)] == before
    study.mirror("--project", "other")
    assert [len(point.run_dirs()) for point in (completed, failed)] == [1, 1]
    assert completed.read_run()["project"] == "other"


def test_a_failed_point_that_completes_has_one_run(study: Any) -> None:
    point = study.add()
    point.fail()
    study.mirror()
    point.complete()
    study.mirror()
    assert len(point.run_dirs()) == 1
    assert point.read_run()["exit_code"] == 0


def test_a_killed_mirror_leaves_nothing_that_stays(study: Any) -> None:
    points = [study.add(seed) for seed in range(40)]
    for point in points:
        point.complete()
    killed = subprocess.Popen(
        [sys.executable, "-m", "scaling.tracking", str(study.path)], stderr=subprocess.DEVNULL
    )
    while not points[3].run_dirs():
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (points[-1].path / "wandb.partial").mkdir(exist_ok=True)
    (points[-1].path / "wandb.partial" / "half").touch()
    study.mirror()
    assert all(len(point.run_dirs()) == 1 for point in points)
    assert all(point.read_run()["exit_code"] == 0 for point in points)
    assert not list(study.path.glob("points/*/wandb.partial"))


def test_what_has_not_ended_or_cannot_be_read_is_skipped(study: Any) -> None:
    running, broken, half, whole = (study.add(seed) for seed in range(4))
    running.train(num_epochs=1)
    broken.complete()
    (broken.path / "point.json").write_text("{")
    half.complete()
    (half.path / "result.json").write_text('{"id"')
    (study.path / "points" / "empty").mkdir()
    (study.path / "points" / "a file").touch()
    whole.complete()
    assert study.mirror().returncode == 0
    assert [len(point.run_dirs()) for point in (running, broken, half, whole)] == [0, 0, 0, 1]


def test_only_the_points_listed_are_written(study: Any, tmp_path: Path) -> None:
    points, listed = [study.add(seed) for seed in range(3)], tmp_path / "listed.txt"
    for point in points:
        point.complete()
    listed.write_text(f"{points[0].id}\n{points[2].id}\n{points[1].id}")  # the last line is not whole yet
    study.mirror("--listed", str(listed))
    assert [len(point.run_dirs()) for point in points] == [1, 0, 1]


def test_a_job_leaves_points_that_another_job_went_on_with(
    study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, others, listed = study.add(0), study.add(1), tmp_path / "listed.txt"
    for point, job in ((mine, "12"), (others, "13")):
        point.complete()
        point.set_status("completed", job=job)
    listed.write_text(f"{mine.id}\n{others.id}\n")
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    study.mirror("--listed", str(listed))
    assert [len(point.run_dirs()) for point in (mine, others)] == [1, 0]


def test_it_gives_up_when_nothing_can_be_written(study: Any) -> None:
    for seed in range(5):
        point = study.add(seed)
        point.complete()
        (point.path / "wandb.partial").touch()
    done = study.mirror()
    assert done.returncode == 1
    assert done.stderr.count("no run written") == 3
    assert "giving up" in done.stderr


def test_a_point_that_could_not_be_written_is_written_when_its_files_are_right(study: Any) -> None:
    point, other = study.add(0), study.add(1)
    point.fail()
    (point.path / "wandb.partial").touch()  # where a directory is to be
    process = start(study.path, Tracker(mode="offline"))
    assert process is not None
    while "no run written" not in study.log():
        time.sleep(0.05)
    (point.path / "wandb.partial").unlink()
    point.complete()
    other.complete()
    assert process.finish(timeout_s=60)
    assert [each.read_run()["exit_code"] for each in (point, other)] == [0, 0]
    assert not (point.path / "wandb.partial").exists()


def test_a_directory_that_is_not_there_is_named(study: Any) -> None:
    study.path.rmdir()
    done = study.mirror()
    assert done.returncode == 2
    assert f"{study.path} is not a directory" in done.stderr


def test_two_mirrors_of_a_study_do_not_meet(study: Any) -> None:
    point = study.add()
    point.complete()
    with open(study.path / "tracker.log", "a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert "another mirror" in study.mirror().stderr
    assert point.run_dirs() == []


def test_an_unchanged_point_is_not_read_again(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    points = [study.add(seed) for seed in range(3)]
    mirror = Mirror(study.path, Tracker(mode="offline"))
    read: list[str] = []

    def spy(directory: Path) -> PointFiles | None:
        read.append(directory.name)
        return read_point(directory)

    monkeypatch.setattr("scaling.tracking.mirror.read_point", spy)
    mirror.look()
    assert len(read) == 3
    points[1].set_status("running")
    mirror.look()
    assert read[3:] == [points[1].id]
