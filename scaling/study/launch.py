"""A launch: one command line at work in a study, with the folder that its jobs and workers share."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from scaling.study.files import write_text
from scaling.study.result import State


def launch_name() -> str:
    """A name that is unique among the launches of the study on this machine."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"


def ids_in(file: Path) -> list[str]:
    """The distinct complete lines of a file; none if the file does not exist."""
    try:
        *lines, _ = file.read_text().split("\n")
    except FileNotFoundError:
        return []
    return list(dict.fromkeys(lines))


def all_alike(study: Path, number: int, state: State) -> str:
    """Message of a launch that stops because the first points to end all failed like this one."""
    return (
        f"Stopped: the first {number} points to end all failed alike ({state.message}); "
        f"their tracebacks are in {study}/points/*/log.txt."
    )


@dataclass(frozen=True)
class Launch:
    """The files of a launch, in `jobs/<name>/` of its study."""

    study: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.study / "jobs" / self.name

    @property
    def stop_file(self) -> Path:
        """While this file exists, all workers save a checkpoint and end; its text says why."""
        return self.folder / "stop"

    def stop(self, why: str) -> None:
        """Tell all workers to stop, unless they have been told already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.stop_file.exists():
            write_text(self.stop_file, why)

    @property
    def begun_file(self) -> Path:
        """Exists once a job of the launch has started Python."""
        return self.folder / "begun"

    def note_begun(self) -> None:
        self._mark("begun")

    def stopped(self) -> str | None:
        """Why the launch was told to stop; None if it was not."""
        try:
            return self.stop_file.read_text()
        except FileNotFoundError:
            return None

    def job_log(self, job: str) -> Path:
        """Log file of a Slurm job such as 12_3, under the name that submitit gives it."""
        return self.folder / f"{job}_0_log.out"

    def taken_file(self, job: str) -> Path:
        """File with the ids of the points that a Slurm job has taken, one per line, with repeats."""
        return self.folder / f"taken-{job}.txt"

    def note_taken(self, job: str, point_id: str) -> None:
        with open(self.taken_file(job), "a") as file:
            file.write(f"{point_id}\n")

    def taken(self, job: str) -> list[str]:
        """Ids of the points that the job has taken, without repeats."""
        return ids_in(self.taken_file(job))

    def note_end(self, point_id: str, state: State, same_failure_limit: int) -> None:
        """Note how a point has ended; stop the launch if the first points to end all had one traceback.

        Points that failed only because a point that they need is missing do not count.
        """
        if state.failure == "data_error" and state.signature is None:
            return
        if state.failure not in ("code_error", "data_error") or state.signature is None:
            self._mark("ended", "otherwise")
            return
        self._mark("ended", state.signature, point_id)
        alike = len(os.listdir(self.folder / "ended" / state.signature))
        if alike >= same_failure_limit and len(os.listdir(self.folder / "ended")) == 1:
            self.stop(all_alike(self.study, alike, state))

    def _mark(self, *names: str) -> None:
        mark = self.folder.joinpath(*names)
        if not mark.exists():
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
