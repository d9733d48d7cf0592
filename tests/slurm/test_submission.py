"""What can go wrong around submitting: a site's limits, two lines at once, a killed one, a silent Slurm."""

from __future__ import annotations

import os
import random
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.slurm.conftest import SCRIPT, NewSweep, Tally, Undisturbed
from tests.slurm.sweeps import TINY, TWO_JOBS, verdict, wait_for

pytestmark = [
    pytest.mark.prove,
    pytest.mark.xdist_group("slurm"),
    pytest.mark.usefixtures("slurm"),
    pytest.mark.timeout(3600),
]


def test_more_points_than_an_array_may_have(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, proving: bool
) -> None:
    """MaxArraySize is 50 here."""
    num_points = 300 if proving else 52
    line = f"{TINY} seed=range({num_points})"
    sweep = new_sweep(f"{line} hydra.launcher.array_parallelism=4")
    sweep.type()
    assert sweep.finish() == 0
    [record] = sweep.records
    assert record.num_jobs == num_points
    assert len(record.job_ids) == -(-num_points // 50)
    tally.add(f"{num_points} points, MaxArraySize 50", 1, verdict(sweep.study, undisturbed(line)))


def test_fewer_jobs_than_points(new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally) -> None:
    """A user may have 20 jobs under this QOS."""
    line = f"{TINY} seed=range(60)"
    sweep = new_sweep(f"{line} {TWO_JOBS} hydra.launcher.qos=few")
    sweep.type()
    assert sweep.finish() == 0
    assert [record.num_jobs for record in sweep.records] == [20]
    tally.add("60 points, MaxSubmitJobs 20", 1, verdict(sweep.study, undisturbed(line)))


def test_two_lines_at_once(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, proving: bool
) -> None:
    line = f"{TINY} seed=range(6)"
    for _ in range(10 if proving else 1):
        sweep = new_sweep(f"{line} {TWO_JOBS} hydra.launcher.points_per_job=3")
        both = [sweep.begin(), sweep.begin()]
        said = [process.communicate(timeout=120)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert sweep.finish() == 0
        tally.add("two launches of one study at once", 1, verdict(sweep.study, undisturbed(line)))


def test_a_line_is_killed_and_typed_again(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, proving: bool
) -> None:
    """Before, while, or after it submits.

    Killed between the submission and the moment in which submitit puts in place what the jobs read, it leaves
    jobs that wait a minute in vain, and points that are free only after that: then it is typed once more.
    """
    line = f"{TINY} seed=range(4)"
    for _ in range(20 if proving else 1):
        sweep = new_sweep(f"{line} {TWO_JOBS} hydra.launcher.points_per_job=2 hydra.launcher.wait=true")
        process = sweep.begin()
        time.sleep(random.uniform(0.5, 3))
        process.kill()
        sweep.type()
        retyped = sweep.finish()
        assert retyped <= 1
        tally.add("the login process killed", 1, verdict(sweep.study, undisturbed(line)), retyped)


def test_the_controller_is_down_at_submission(
    new_sweep: NewSweep, undisturbed: Undisturbed, tally: Tally, slurm: Callable[..., str], tmp_path: Path
) -> None:
    """As the line is typed, and again at the moment at which it submits."""
    line = f"{TINY} seed=range(2)"
    sweep = new_sweep(f"{line} hydra.launcher.points_per_job=2")
    told = _stops_the_controller(tmp_path / "bin" / "sbatch")
    slurm("stop-controller")
    process = sweep.begin(PATH=f"{told.parent}:{os.environ['PATH']}")
    _start_after_silence(slurm)
    wait_for(told.with_name("told").exists)
    _start_after_silence(slurm)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert said.count("Trying again.") >= 2
    assert sweep.finish() == 0
    assert len(sweep.records[0].job_ids) == 1
    tally.add("the controller down at submission", 2, verdict(sweep.study, undisturbed(line)))


def _stops_the_controller(sbatch: Path) -> Path:
    """The real sbatch, but for the controller's end just before its first submission."""
    sbatch.parent.mkdir()
    sbatch.write_text(
        "#!/usr/bin/env bash\n"
        f'if [ "$1" != --test-only ] && mkdir {sbatch.parent}/told; then {SCRIPT} stop-controller; fi\n'
        f'exec {shutil.which("sbatch")} "$@"\n'
    )
    sbatch.chmod(sbatch.stat().st_mode | stat.S_IXUSR)
    return sbatch


def _start_after_silence(slurm: Callable[..., str]) -> None:
    time.sleep(11)  # longer than Slurm's own commands try
    slurm("start-controller")
