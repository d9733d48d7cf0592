"""A real Slurm cluster of four nodes on this host, which all tests of a run share."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import unavailable

SCRIPT = Path(__file__).with_name("cluster.sh")
CLUSTER = Path(os.environ.get("CLUSTER_DIR", "/tmp/scaling-study-slurm"))
STARTED = CLUSTER / "started_by_tests"
"""Is there if tests are to stop the cluster when the last of them has ended."""


@pytest.fixture(scope="session")
def slurm() -> Iterator[Callable[..., str]]:
    """Takes the words of a command of `cluster.sh`; Slurm's own commands find the cluster by SLURM_CONF.

    Each process that tests holds a shared lock while it needs the cluster; only one can start it, and the
    last one stops it.
    """
    if os.geteuid() != 0:
        unavailable("a Slurm cluster is started by root")
    if not (shutil.which("slurmctld") or shutil.which("apt-get")):
        unavailable("Slurm is not installed (Debian packages slurm-wlm slurmdbd munge mariadb-server)")
    with open(f"{CLUSTER}.lock", "w") as lock, pytest.MonkeyPatch.context() as environment:
        fcntl.flock(lock, fcntl.LOCK_EX)
        start()
        fcntl.flock(lock, fcntl.LOCK_SH)
        environment.setenv("SLURM_CONF", str(CLUSTER / "slurm.conf"))
        yield cluster
        if STARTED.exists() and alone(lock.fileno()):
            STARTED.unlink()
            cluster("stop")


def start() -> None:
    """Unless it runs."""
    if subprocess.run([SCRIPT, "status"], capture_output=True, check=False).returncode != 0:
        cluster("start")
        STARTED.touch()


def alone(lock: int) -> bool:
    """Whether no other process needs the cluster; gives up the lock on it if one does."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def cluster(*words: str) -> str:
    """What `cluster.sh` prints."""
    run = subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout
