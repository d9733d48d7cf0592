"""What jobs do that nobody disturbs, or that somebody stops on purpose."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from control.__main__ import main as control
from launchers.slurm.launcher import Slurm
from launchers.slurm.options import Options
from scaling.study.files import read_json
from scaling.study.store import Study
from scaling.training.runtime import Runtime
from tests.slurm.conftest import NewSweep, Undisturbed
from tests.slurm.sweeps import SLOW, TINY, Sweep, outcome, output

pytestmark = [pytest.mark.xdist_group("slurm"), pytest.mark.usefixtures("slurm")]


def test_two_processes_on_two_nodes_train_a_point(new_sweep: NewSweep, undisturbed: Undisturbed) -> None:
    line = f"{TINY} epochs=3 recipe.batch_size=64 recipe.norm_batch=32"
    sweep = new_sweep(f"{line} hydra.launcher.processes=2 hydra.launcher.nodes=2")
    sweep.type()
    sweep.wait_until_gone()
    [(point_id, (rows, alone))] = undisturbed(line).items()
    their_rows, metrics = outcome(sweep.study, point_id)
    assert sweep.records[0].job_class.resources.nodes == 2
    assert metrics == pytest.approx(alone, rel=1e-5)
    assert len(rows) == len(their_rows) == 3
    for row, theirs in zip(rows, their_rows, strict=True):
        assert theirs == pytest.approx(row, rel=1e-5)


def test_points_side_by_side_have_their_runs_written(new_sweep: NewSweep) -> None:
    line = TINY.replace("tracker=none", "")
    sweep = new_sweep(f"{line} seed=range(6) hydra.launcher.slots=2 hydra.launcher.points_per_job=3")
    sweep.type()
    sweep.wait_until_gone()
    assert sweep.left() == []
    runs = {each: list(sweep.study.directory(each).glob("wandb/*run-*")) for each in sweep.study.point_ids()}
    assert {len(found) for found in runs.values()} == {1}


def test_workers_of_a_job_take_its_gpus_in_turn(new_sweep: NewSweep) -> None:
    """There is no real GPU, so the points fail, once their workers have told which one they would use."""
    options = "device=cuda hydra.launcher.gpus_per_node=2 hydra.launcher.slots=3 hydra.launcher.mem_gb=4"
    sweep = new_sweep(f"{TINY} seed=range(3) hydra.launcher.points_per_job=3 {options}")
    sweep.type()
    sweep.wait_until_gone()
    logs = "".join(log.read_text() for log in (sweep.study.path / "jobs").glob("*/*_log.out"))
    assert sorted(re.findall(r"^A worker uses the GPU (.*)\.$", logs, re.MULTILINE)) == ["0", "0", "1"]
    messages = [str(sweep.study.noted(each).message) for each in sweep.study.point_ids()]
    assert all("torch finds no CUDA GPU here" in message for message in messages)


def test_jobs_of_two_gpus_are_fewer_but_train_more_points_each() -> None:
    """Each of the four nodes has two GPUs."""
    for gpus, slots, points in (("auto", 1, 8), ("auto", 2, 16), (2, 2, 8), (2, 4, 16)):
        slurm = Slurm(Options(gpus_per_node=gpus, slots=slots))
        assert slurm.num_slots(Runtime(device="cuda")) == points


def test_what_was_cancelled_goes_on_with_the_same_line(
    new_sweep: NewSweep, undisturbed: Undisturbed, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = new_sweep(f"{SLOW} hydra.launcher.array_parallelism=1")
    sweep.type()
    assert sweep.job_in_training() is not None
    assert control(["cancel", str(sweep.study.path), "--yes"]) == 0
    assert "1 point" in capsys.readouterr().out
    assert "Submitted 4 points" in sweep.type()
    assert sweep.finish() == 0
    assert {each: outcome(sweep.study, each) for each in sweep.study.point_ids()} == undisturbed(SLOW)


def test_branches_wait_for_the_jobs_that_train_their_trunk(
    new_sweep: NewSweep, undisturbed: Undisturbed
) -> None:
    line = f"{TINY} schedule=wsd schedule.warmup_steps=2 epochs=2,4"
    sweep = new_sweep(line)
    sweep.type()
    assert any("afterany" in dependency for dependency in output("squeue", "-h", "-o", "%E"))
    assert sweep.finish() == 0
    assert {each: outcome(sweep.study, each) for each in sweep.study.point_ids()} == undisturbed(line)
    (branch,) = (each for each in sweep.study.point_ids() if sweep.study.point(each).epochs == 2)
    assert "goes on from its trunk" in (sweep.study.directory(branch) / "log.txt").read_text()


def test_students_wait_for_the_jobs_that_train_their_teacher(
    new_sweep: NewSweep, undisturbed: Undisturbed
) -> None:
    line = f"{TINY} 'pseudo.teacher={{width:0.25,epochs:2}}' pseudo.num_images=64 pseudo.ratio=0,1"
    sweep = new_sweep(line)
    sweep.type()
    assert any("afterany" in line for line in output("squeue", "-h", "-o", "%E"))
    assert sweep.finish() == 0
    assert {each: outcome(sweep.study, each) for each in sweep.study.point_ids()} == undisturbed(line)
    points = {each: sweep.study.point(each) for each in sweep.study.point_ids()}
    [student] = (each for each, point in points.items() if point.needs)
    [teacher] = points[student].needs
    assert _seconds(sweep, teacher, "ended") < _seconds(sweep, student, "started")


def _seconds(sweep: Sweep, point_id: str, word: str) -> float:
    result = read_json(sweep.study.directory(point_id) / "result.json") or {}
    return float(result["provenance"][word])


def test_points_wait_for_the_jobs_that_train_what_they_begin_from(
    new_sweep: NewSweep, tmp_path: Path
) -> None:
    """A study of another name is launched before, by the same line."""
    files = tmp_path / "conf" / "study"
    files.mkdir(parents=True)
    (files / "first.yaml").write_text("# @package _global_\nstudy: {name: first}\n" + _TINY_FILE)
    (files / "second.yaml").write_text("# @package _global_\nbefore: first\n" + _TINY_FILE)
    sweep = new_sweep(f"hydra.searchpath=[file://{files.parent}] study=second start.tune=all,head")
    sweep.type()
    assert any("afterany" in dependency for dependency in output("squeue", "-h", "-o", "%E"))
    assert sweep.finish() == 0
    first = Study.open(sweep.study.path.parent / "first")
    (start,) = first.point_ids()
    assert first.weights(start).exists()
    assert [sweep.study.point(each).needs for each in sweep.study.point_ids()] == [(start,)] * 2


_TINY_FILE = "tracker: {mode: none}\nwidth: 0.125\nresolution: 8\ndata: {num_train: 256, num_val: 64}\n"


def test_jobs_that_cannot_start_do_so_once(new_sweep: NewSweep) -> None:
    sweep = new_sweep(f"{TINY} seed=0,1 'hydra.launcher.setup=[echo started, exit 3]'")
    sweep.type()
    assert sweep.unexplained() == []
    assert {sweep.study.noted(each).failure for each in sweep.study.point_ids()} == {"killed"}
    assert sweep.num_starts() == 2
    sweep.type("hydra.launcher.setup=[]")
    assert sweep.finish() == 0
