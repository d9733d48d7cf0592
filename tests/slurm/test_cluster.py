"""The cluster that the tests of this directory run on: it computes, and remembers."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.xdist_group("slurm"), pytest.mark.usefixtures("slurm")]


def output(*command: str) -> list[str]:
    """Lines of a command of Slurm."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return run.stdout.splitlines()


def wait_for(condition: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_a_job_runs_on_two_nodes_under_one_number() -> None:
    step = "sleep 2; echo $SLURM_JOB_ID $SLURM_PROCID $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES"
    line = ["srun", "-N2", "-n2", "--mem=100", "--gres=gpu:2", "-J", "smoke", "bash", "-c", step]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as srun:
        wait_for(lambda: output("squeue", "-h", "-n", "smoke", "-o", "%T %D") == ["RUNNING 2"])
        tasks = sorted(line.split() for line in srun.communicate(timeout=60)[0].splitlines())
    job, nodes = tasks[0][0], [task[2] for task in tasks]
    assert [task[:2] + task[3:] for task in tasks] == [[job, "0", "0,1"], [job, "1", "0,1"]]
    assert len(set(nodes)) == 2
    accounts = ["sacct", "-n", "-X", "-P", "-j", job, "-o", "State,ExitCode,NNodes"]
    wait_for(lambda: output(*accounts) == ["COMPLETED|0:0|2"])


def test_starting_it_again_changes_nothing(slurm: Callable[..., str]) -> None:
    before = slurm("status")
    assert slurm("start") == f"export SLURM_CONF={os.environ['SLURM_CONF']}\n"
    assert slurm("status") == before
