"""Memory of a machine as a control group limits it, with real kills and a real pool."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from launchers.cgroup import memory_groups
from scaling.study.files import read_json

HUNGRY = (
    "depth=8 width=1 resolution=160 epochs=1 seed=0,1 data.num_train=128 data.num_val=64 tracker=none "
    "hydra.launcher.slots=2"
)
"""Two points of 2 GB."""
LIMITS = ("memory.max", "memory.limit_in_bytes")

OOM = """
import os, signal, subprocess, sys
from launchers.oom import OomKills
kills = OomKills()
dead = [subprocess.run([sys.executable, "-c", line]).returncode for line in ("bytearray(10**9)[::4096]", "")]
print(dead[0], kills.rose())
killed = subprocess.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"])
print(killed.returncode, kills.rose())
"""


@pytest.fixture
def limited() -> Iterator[Callable[[float], Callable[[], None]]]:
    """Takes GB; what a process calls to live, with its children, within that much."""
    group = (
        memory_groups()[0] / f"scaling-study-{os.getpid()}" if memory_groups() else Path("/nowhere/at/all")
    )
    with suppress(OSError):
        group.mkdir()
    files = [group / name for name in LIMITS if (group / name).exists()]
    if not files or not os.access(files[0], os.W_OK):
        pytest.skip("this process may not limit the memory of a control group")

    def enter_with(gb: float) -> Callable[[], None]:
        files[0].write_text(f"{round(gb * 1e9)}")
        return lambda: (group / "cgroup.procs").write_text(f"{os.getpid()}") and None

    yield enter_with
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            group.rmdir()
            return
        except OSError:  # the last process is still on its way out
            time.sleep(0.1)


def _said_by(code: str, enter: Callable[[], None]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], preexec_fn=enter, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


def test_free_memory_is_what_the_limit_leaves(limited: Callable[[float], Callable[[], None]]) -> None:
    [free] = _said_by("from launchers.memory import free_gb; print(free_gb())", limited(0.5))
    assert 0.3 < float(free) <= 0.5


def test_kills_for_want_of_memory_are_told_from_others(
    limited: Callable[[float], Callable[[], None]],
) -> None:
    assert _said_by(OOM, limited(0.3)) == ["-9 True", "-9 False"]


def test_points_that_do_not_fit_together_train_one_after_the_other(
    limited: Callable[[float], Callable[[], None]], tmp_path: Path
) -> None:
    line = [sys.executable, "sweep.py", "-m", *HUNGRY.split(), f"study.root={tmp_path}", "study.name=mine"]
    done = subprocess.run(
        line, preexec_fn=limited(3.2), capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = [read_json(file) or {} for file in (tmp_path / "mine" / "points").glob("*/result.json")]
    spans = sorted((each["provenance"]["started"], each["provenance"]["ended"]) for each in results)
    assert len(spans) == 2
    assert spans[0][1] <= spans[1][0]
