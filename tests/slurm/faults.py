"""Faults: what is done to a job in the middle of training, for real."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil

from tests.slurm.conftest import cluster
from tests.slurm.sweeps import output, wait_for

Fault = Callable[[str], None]
"""Takes a job, such as 12_3."""


def preempt(job: str) -> None:
    """By a job of a better partition, which wants the whole node."""
    node = _node(job)
    output(
        *("sbatch", "--wait", "-p", "urgent", "-w", node, "--exclusive", "-t", "1", "-o", "/dev/null"),
        *("--wrap", "sleep 2"),
    )


def requeue(job: str) -> None:
    """Slurm refuses where the job waits already, after an earlier fault."""
    subprocess.run(["scontrol", "requeue", job], capture_output=True, timeout=120, check=False)


def kill_a_process(job: str) -> None:
    """Any of those that the job consists of, from Slurm's own to the one that trains."""
    with suppress(psutil.NoSuchProcess):
        random.choice(list(processes(job))).kill()


def kill_the_batch_script(job: str) -> None:
    shells = [each for each in processes(job) if each.name() in ("bash", "slurm_script")]
    shells[0].kill()


def restart_the_controller(job: str) -> None:
    del job
    cluster("stop-controller")
    time.sleep(random.uniform(0, 5))
    cluster("start-controller")


def kill_while_the_controller_is_down(job: str) -> None:
    """The job cannot be queued again at once."""
    cluster("stop-controller")
    for each in processes(job):
        if each.name() == "srun":
            each.kill()
    time.sleep(12)  # longer than Slurm's own commands try
    cluster("start-controller")


def kill_the_node(job: str) -> None:
    """It comes back once Slurm has seen that it is gone."""
    node = _node(job)
    cluster("kill-node", node)
    state = ("sinfo", "-h", "-n", node, "-p", "main", "-o", "%T")
    wait_for(lambda: output(*state)[0].startswith("down"), timeout_s=120)
    cluster("start-node", node)


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


def _node(job: str) -> str:
    return output("squeue", "-h", "-j", job, "-o", "%N")[0]
