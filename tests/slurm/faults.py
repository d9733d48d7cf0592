"""Faults: what is done to a job in the middle of training, for real."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import psutil

from tests.slurm.conftest import cluster
from tests.slurm.sweeps import output, wait_for

Fault = Callable[[str], bool]
"""Takes a job, such as 12_3; whether it was done, for the job may have ended just before."""


def preempt(job: str) -> bool:
    """By a job of a better partition, which wants the whole node."""
    node = _node(job)
    if node is None:
        return False
    output(
        *("sbatch", "--wait", "-p", "urgent", "-w", node, "--exclusive", "-t", "1", "-o", "/dev/null"),
        *("--wrap", "sleep 2"),
    )
    return True


def requeue(job: str) -> bool:
    """Slurm refuses where the job waits already, after an earlier fault."""
    asked = subprocess.run(["scontrol", "requeue", job], capture_output=True, timeout=120, check=False)
    return asked.returncode == 0


def kill_a_process(job: str) -> bool:
    """Any of those that the job consists of, from Slurm's own to the one that trains."""
    found = list(processes(job))
    return _killed(random.sample(found, min(1, len(found))))


def kill_the_batch_script(job: str) -> bool:
    return _killed([each for each in processes(job) if each.name() in ("bash", "slurm_script")][:1])


def restart_the_controller(job: str) -> bool:
    del job
    cluster("stop-controller")
    time.sleep(random.uniform(0, 5))
    cluster("start-controller")
    return True


def kill_while_the_controller_is_down(job: str) -> bool:
    """The job cannot be queued again at once."""
    cluster("stop-controller")
    is_done = _killed([each for each in processes(job) if each.name() == "srun"])
    time.sleep(12)  # longer than Slurm's own commands try
    cluster("start-controller")
    return is_done


def kill_the_node(job: str) -> bool:
    """It comes back once Slurm has seen that it is gone."""
    node = _node(job)
    if node is None:
        return False
    cluster("kill-node", node)
    state = ("sinfo", "-h", "-n", node, "-p", "main", "-o", "%T")
    wait_for(lambda: output(*state)[0].startswith("down"), timeout_s=120)
    cluster("start-node", node)
    return True


def processes(job: str) -> Iterator[psutil.Process]:
    """Of a job on any node, and what Slurm runs to look after them."""
    array, _, element = job.partition("_")
    for each in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            about = each.environ()
            if (about.get("SLURM_ARRAY_JOB_ID"), about.get("SLURM_ARRAY_TASK_ID")) == (array, element):
                yield each
                if (parent := each.parent()) is not None and parent.name() == "slurmstepd":
                    yield parent


def _killed(chosen: Sequence[psutil.Process]) -> bool:
    """Kill them; whether one was still there."""
    is_done = False
    for each in chosen:
        with suppress(psutil.NoSuchProcess):
            each.kill()
            is_done = True
    return is_done


def _node(job: str) -> str | None:
    """Where the job runs; None where it does not."""
    listed = subprocess.run(
        ["squeue", "-h", "-j", job, "-o", "%N"], capture_output=True, text=True, timeout=120, check=False
    )
    return listed.stdout.strip() or None
