"""A sweep as a process that tests can interrupt and kill."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from scaling.study.result import State
from scaling.study.store import Study

ROOT = Path(__file__).parents[2]

COLUMNS = "depth,width,resolution,epochs,top1"
"""The least that a replay table has."""


@dataclass
class Sweep:
    """A running `python sweep.py -m …`."""

    process: subprocess.Popen[str]
    study: Study

    def states(self) -> dict[str, State]:
        ids = self.study.point_ids()
        return {point_id: self.study.state(point_id) for point_id in ids}

    def wait_for(self, condition: Callable[[dict[str, State]], bool], timeout_s: float = 90) -> None:
        """Until the states of the points fulfil `condition`; fails the test otherwise."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if (self.study.path / "study.json").exists() and condition(self.states()):
                return
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        pytest.fail(f"not within {timeout_s} s: {self.states()}")

    def workers(self) -> list[psutil.Process]:
        """The processes that train."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if "submitit.core._submit" in " ".join(child.cmdline())]

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Send a signal, wait for the end; exit code, and standard output and error together."""
        if number is not None:
            self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=200)
        return self.process.returncode, output

    def leftovers(self) -> list[str]:
        """Command lines of all processes that still have to do with the study."""
        lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
        return [line for line in lines if str(self.study.path) in line or str(self.study.path.parent) in line]

    def rows(self) -> dict[str, list[dict[str, float]]]:
        """The metrics of every point, times aside."""
        rows = {}
        for point_id in self.study.point_ids():
            lines = (self.study.directory(point_id) / "metrics.jsonl").read_text().splitlines()
            rows[point_id] = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
        return rows


@pytest.fixture
def start_sweep(tmp_path: Path) -> Iterator[Callable[..., Sweep]]:
    """Start a sweep into a study of the test's own; whatever is left of it is killed at the end."""
    started: list[Sweep] = []

    def start(
        overrides: str,
        *,
        root: Path = tmp_path,
        name: str = "mine",
        checkout: Path = ROOT,
        **variables: str,
    ) -> Sweep:
        line = [sys.executable, "sweep.py", "-m", *shlex.split(overrides)]
        process = subprocess.Popen(
            [*line, f"study.root={root}", f"study.name={name}"],
            cwd=checkout,
            env={**os.environ, "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(Sweep(process, Study(root / name)))
        return started[-1]

    yield start
    for sweep in started:
        if sweep.process.poll() is None:
            for each in psutil.Process(sweep.process.pid).children(recursive=True):
                each.kill()
            sweep.process.kill()
        if sweep.process.stdout is not None:
            sweep.process.stdout.close()
        sweep.process.wait()


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[..., Path]:
    """Write a replay table of these lines."""

    def write(*lines: str) -> Path:
        (tmp_path / "answers.csv").write_text("\n".join(lines))
        return tmp_path / "answers.csv"

    return write
