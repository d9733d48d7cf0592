"""The W&B run of one point, written in a separate directory and moved into place when complete.

W&B is imported when the first run is opened, so that a mirror with nothing to write need not import it.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from scaling.study import lease
from scaling.tracking.client import has_arrived, settings, timeout_s
from scaling.tracking.point_files import PointFiles, read_object
from scaling.tracking.tracker import Tracker
from scaling.tracking.view import BY_FLOPS, EVALUATED, best, history, run_settings, summary, tags

DIRECTORY = "wandb"
PARTIAL = "wandb.partial"
MARKER = "written.json"

ASK_AGAIN_S = 0.5
"""Time between two checks whether a run has arrived."""


class ServerLost(RuntimeError):
    """W&B's server is down, too slow, or refuses the run."""


class PointRun:
    """A run that is being written. Raises ServerLost if online, OSError if the disk cannot be written."""

    def __init__(self, files: PointFiles, tracker: Tracker, group: str) -> None:
        self._tracker = tracker
        self._partial = files.directory / PARTIAL
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir()
        with _noticing_loss(tracker):
            self._run = _open(files, tracker, group, str(self._partial))
        self._next_epoch: int = self._run.starting_step

    def log(self, rows: list[dict[str, Any]]) -> None:
        """Add the rows of epochs that the run does not have yet; W&B's step is the epoch."""
        for row in rows:
            if row["epoch"] >= self._next_epoch:
                # Committed at once: a pending row would be written after the summary and overwrite it.
                self._run.log(history(row), step=row["epoch"], commit=True)
                self._next_epoch = row["epoch"] + 1
        self._run.summary.update(best(rows))

    def end(self, files: PointFiles) -> None:
        """Complete the run, and replace an earlier one by it."""
        self._finish(files)
        self._drop_logs()
        self._write_marker(files)
        place = files.directory / DIRECTORY
        shutil.rmtree(place, ignore_errors=True)
        (self._partial / DIRECTORY).rename(place)
        self._partial.rmdir()

    def leave(self, files: PointFiles) -> None:
        """Close the run of a point that has not ended; the next mirror resumes it."""
        self._run.mark_preempting()
        self._finish(files)

    def abandon(self) -> None:
        """Close a run that could not be written, so that its id can be used again."""
        with suppress(Exception):
            self._run.finish(exit_code=1)

    def _finish(self, files: PointFiles) -> None:
        with _noticing_loss(self._tracker):
            if set(self._run.tags) != set(tags(files)):
                self._run.tags = tags(files)
            if log := files.last_log:
                self._run.write_logs(log)
            self._run.summary.update(summary(files))
            self._run.finish(exit_code=0 if files.state == "completed" else 1)
            if self._tracker.mode == "online":
                self._await_arrival(len({row["epoch"] for row in files.rows}))

    def _await_arrival(self, num_rows: int) -> None:
        deadline = time.monotonic() + timeout_s("WANDB_FINISH_TIMEOUT")
        while not has_arrived(self._run, num_rows):
            if time.monotonic() > deadline:
                raise ServerLost(f"W&B has not taken all rows of the run {self._run.id}")
            time.sleep(ASK_AGAIN_S)

    def _drop_logs(self) -> None:
        """Remove W&B's logs, half of all files in a study, one of them a link into a home directory."""
        for run_dir in (self._partial / DIRECTORY).glob("*run-*"):
            shutil.rmtree(run_dir / "logs", ignore_errors=True)
            shutil.rmtree(run_dir / "tmp", ignore_errors=True)

    def _write_marker(self, files: PointFiles) -> None:
        """Note what was written, inside the directory that is moved, so that run and marker always agree."""
        marker = {
            "outcome": files.outcome,
            "mode": self._tracker.mode,
            "project": self._tracker.project,
            "entity": self._tracker.entity,
        }
        (self._partial / DIRECTORY / MARKER).write_text(json.dumps(marker))


def is_written(files: PointFiles, tracker: Tracker) -> bool:
    """Whether this outcome is written where the tracker wants it; a run sent online counts offline too."""
    marker = read_object(files.directory / DIRECTORY / MARKER) or {}
    written = [marker.get(key) for key in ("outcome", "project", "entity")]
    wanted = [files.outcome, tracker.project, tracker.entity]
    return written == wanted and marker.get("mode") in ("online", tracker.mode)


def _open(files: PointFiles, tracker: Tracker, group: str, directory: str) -> Any:
    import wandb

    assert tracker.mode != "none"
    watched = _trainer_here(files) if tracker.system_metrics and tracker.mode == "online" else None
    run = wandb.init(
        **run_settings(files, group),
        project=tracker.project,
        entity=tracker.entity,
        dir=directory,
        mode=tracker.mode,
        resume="allow" if tracker.mode == "online" else None,
        reinit="create_new",
        settings=settings(
            init_timeout=timeout_s("WANDB_INIT_TIMEOUT"),
            finish_timeout=timeout_s("WANDB_FINISH_TIMEOUT"),
            stop_fn=_go_on,
            x_disable_stats=watched is None,
            x_disable_machine_info=watched is None,
            x_stats_pid=watched or os.getpid(),
        ),
    )
    run.define_metric("epoch")
    run.define_metric("*", step_metric="epoch")
    for metric in EVALUATED:
        run.define_metric(f"{BY_FLOPS}{metric}", step_metric="train_flops", summary="none")
    return run


def _trainer_here(files: PointFiles) -> int | None:
    """Pid of the process that trains the point now; None if there is none on this machine."""
    holder = None if files.ended else lease.live_holder(files.directory)
    return holder.pid if holder is not None and holder.host == lease.Process.current().host else None


def _go_on() -> None:
    """Ignore W&B's stop button, which would interrupt the mirror and with it all other runs."""


@contextmanager
def _noticing_loss(tracker: Tracker) -> Iterator[None]:
    from wandb.errors import Error

    try:
        yield
    except (Error, TimeoutError) as error:
        if tracker.mode == "online":
            raise ServerLost(" ".join(f"{type(error).__name__}: {error}".split())) from error
        raise
