"""A sweep on Slurm that tests disturb, and what the files that it leaves say of it."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from launchers.slurm.reconcile import reconciled
from launchers.slurm.record import Record, records
from scaling.study import lease
from scaling.study.files import read_json
from scaling.study.store import Study

ROOT = Path(__file__).parents[2]

FEW_IMAGES = "data.num_val=64 tracker=none"
SLOW = (
    "depth=8,14 width=0.25 resolution=14 epochs=20 seed=0,1 device.checkpoint_every_s=0.5 "
    f"data.num_train=640 {FEW_IMAGES}"
)
"""Four points of a few seconds each, with many checkpoints."""
TINY = f"depth=8 width=0.125 resolution=8 epochs=1 data.num_train=256 {FEW_IMAGES}"
"""Points that train in a fraction of a second."""

TWO_JOBS = "hydra.launcher.array_parallelism=2"
"""As many as the machine has cores."""

LINGER_S = 20.0
"""A job that has nothing left to do may last so long; Slurm has lost sight of one that lasts longer."""

Outcomes = dict[str, Any]
"""Metrics of each point by its id, times aside."""


def output(*command: str) -> list[str]:
    """Lines of a command of Slurm."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()


def wait_for(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@dataclass
class Sweep:
    """A line, the study that it makes, and the processes in which it was typed."""

    line: str
    study: Study
    typed: list[subprocess.Popen[str]] = field(default_factory=list)

    def begin(self, more: str = "", launcher: str = "slurm", **variables: str) -> subprocess.Popen[str]:
        """Type the line, with `more` at its end."""
        where = [f"study.root={self.study.path.parent}", f"study.name={self.study.name}"]
        words = shlex.split(f"hydra/launcher={launcher} {self.line} {more}")
        process = subprocess.Popen(
            [sys.executable, "sweep.py", "-m", *words, *where],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "200", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.typed.append(process)
        return process

    def type(self, more: str = "", launcher: str = "slurm") -> str:
        """Type the line, and wait until it returns; what it said."""
        process = self.begin(more, launcher)
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said
        return said

    @property
    def records(self) -> list[Record]:
        """What has been handed to Slurm, a class of jobs each."""
        return list(records(self.study.path))

    def jobs(self) -> dict[str, str]:
        """Slurm's word for each job that it has of the study, such as 12_3, in any state but ended."""
        lines = output("squeue", "-h", "-r", "-n", self.study.name, "-o", "%i %T")
        return dict(line.split() for line in lines)

    def left(self) -> list[str]:
        """Points that are not completed."""
        study = self.study
        return [each for each in study.point_ids() if study.state(each).status != "completed"]

    def job_in_training(self, timeout_s: float = 120) -> str | None:
        """A job that is in the middle of a point; None where none is left to come."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            running = {job for job, state in self.jobs().items() if state == "RUNNING"}
            found = sorted(job for job in map(self._job_at, self.left()) if job in running)
            if found:
                return random.choice(found)
            if not self.jobs() or not self.left():
                return None
            time.sleep(0.1)
        raise AssertionError(f"no job trains: {self.jobs()}")

    def _job_at(self, point_id: str) -> str | None:
        """The job that is past the first epoch of a point."""
        holder = lease.live_holder(self.study.directory(point_id))
        is_at_it = holder is not None and self.study.noted(point_id).epoch >= 1
        return holder.job if holder is not None and is_at_it else None

    def num_starts(self) -> int:
        """How often a setup with `echo started` ran."""
        logs = (self.study.path / "jobs").glob("*/*_log.out")
        return sum(log.read_text().splitlines().count("started") for log in logs)

    def unexplained(self) -> list[str]:
        """Points that are neither completed nor failed with a class once no job is left."""
        self.wait_until_gone()
        reconciled(self.study)
        noted = {each: self.study.noted(each) for each in self.left()}
        return [each for each, state in noted.items() if state.status != "failed" or state.failure is None]

    def wait_until_gone(self) -> None:
        """Until Slurm has no job of the study, but for those that it no longer sees."""
        idle_since = time.monotonic()
        while jobs := self.jobs():
            if self.left() or "PENDING" in jobs.values():
                idle_since = time.monotonic()
            if time.monotonic() - idle_since > LINGER_S:
                output("scancel", *jobs)
            time.sleep(0.2)

    def finish(self) -> int:
        """Wait for the end, and type the line again where points are left; how often it was."""
        for times in range(5):
            self.wait_until_gone()
            if not self.left() and self.study.point_ids():
                return times
            self.type()
        raise AssertionError({each: self.study.state(each) for each in self.left()})

    def end(self) -> None:
        """Leave nothing behind."""
        for process in self.typed:
            process.kill()
            process.communicate()
        if jobs := self.jobs():
            output("scancel", *jobs)
            wait_for(lambda: not self.jobs())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of the points of a study, told from its files."""

    points: int
    survived: tuple[str, ...]
    """Completed by one writer with the metrics of an undisturbed run, or failed with a class."""
    resumed: int
    """How often points were started again."""

    @property
    def lost(self) -> int:
        return self.points - len(self.survived)


def verdict(study: Study, undisturbed: Outcomes) -> Verdict:
    assert set(study.point_ids()) == set(undisturbed)
    return Verdict(
        points=len(undisturbed),
        survived=tuple(each for each, outcome in undisturbed.items() if _survived(study, each, outcome)),
        resumed=sum(max(0, study.noted(each).attempt - 1) for each in undisturbed),
    )


def _survived(study: Study, point_id: str, undisturbed: Any) -> bool:
    state, directory = study.state(point_id), study.directory(point_id)
    if state.status != "completed":
        noted = study.noted(point_id)
        return noted.status == "failed" and noted.failure is not None
    committed = (directory / "log.txt").read_text().count("committed the result")
    result = read_json(directory / "result.json") or {}
    holder = directory / f"lease-{result['provenance']['token']:06d}.json"
    return committed == 1 and holder.exists() and outcome(study, point_id) == undisturbed


def outcome(study: Study, point_id: str) -> Any:
    """Rows and metrics of a point, times aside."""
    directory = study.directory(point_id)
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    result = read_json(directory / "result.json") or {}
    return [{**row, "seconds": None} for row in rows], result["metrics"]
