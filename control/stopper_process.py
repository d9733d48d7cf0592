"""The stopper beside a launch: a process of low priority that lives as long as the launch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from rich.console import Console

from launchers.request import Request
from scaling.quantity import counted
from scaling.study.stopping import Stopping
from scaling.study.store import Study

LOG = "stopping.log"
"""File in the study: which points were told to stop, or why no more are."""
END_WITHIN_S = 10.0


@contextmanager
def beside(request: Request) -> Iterator[None]:
    """A context around a launch in which dominated points of its studies are stopped, if it requests so.

    Studies that others begin from are left alone. A failure of the stopper is printed and harms no point.
    """
    stopping = request.stopping
    if not stopping.dominated or request.show != "launch":
        yield
        return
    paths = [path for path in request.studies if path not in request.beforehand]
    processes = {path: _start(path, stopping) for path in paths}
    try:
        yield
    finally:
        failed = [path for path, process in processes.items() if not _ended(process)]
    console = Console(soft_wrap=True, highlight=False)
    for path in failed:
        console.print(f"Stopping dominated points has failed: {path / LOG} says why.", markup=False)
    for path in paths if request.adaptive is None else ():  # an adaptive launch outlasts its points
        if left := _num_left(path):
            console.print(
                f"{counted(left, 'point')} left; to go on stopping dominated ones, run: "
                f"python -m control stop-dominated {quote(str(path))} {_options(stopping)}",
                markup=False,
            )


def _start(path: Path, stopping: Stopping) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "control.stopper", str(path.absolute()), *_options(stopping).split()]
    return subprocess.Popen(
        words,
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,  # closed when the launch ends, even if it is killed
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _options(stopping: Stopping) -> str:
    rungs = ",".join(f"{rung:g}" for rung in stopping.rungs)
    return f"--rungs {rungs} --confidence {stopping.confidence:g} --spared {stopping.spared:g}"


def _ended(process: subprocess.Popen[bytes]) -> bool:
    """End the process; whether it has ended well."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        return process.wait(END_WITHIN_S) == 0
    except subprocess.TimeoutExpired:  # it is busy looking
        process.kill()
        process.wait()
        return True


def _num_left(path: Path) -> int:
    study = Study(path)
    return sum(state.status in ("pending", "running") for state in study.states(study.point_ids()).values())
