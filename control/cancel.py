"""Cancel a study: its launches are told to stop, and its workers save their checkpoints first."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console

from control.ask import agreed
from control.lines import lines_of
from control.looks import Now
from control.status import Watcher
from launchers.slurm.client import Denied, Silent
from launchers.slurm.queue import Queue, queue_of
from launchers.slurm.reconcile import cancel_jobs
from launchers.slurm.record import records
from scaling.quantity import counted
from scaling.study import lease
from scaling.study.files import write_text, writing_below
from scaling.study.store import Study

STOPPED_WITHIN_S = 20.0
POLL_S = 0.25


def cancel(study: Study, console: Console, *, yes: bool) -> int:
    """Stop every launch of the study; return 0 when nothing runs any more, 1 when something still does."""
    running = [now for now in Watcher(study).look().points if now.status == "running"]
    queue, complaint = _queue(study)
    launches = _launches(study, {record.launch for record, jobs in queue if jobs or complaint})
    if not running and not launches and not any(jobs for _, jobs in queue):
        console.print(f"Nothing is running in {study.path}.", soft_wrap=True, markup=False)
        return 0
    what = counted(len(running), "running point") if running else "the waiting jobs"
    if not agreed(console, f"Stop {what} of {study.path}?", yes=yes):
        return 0
    with writing_below(study.path):
        for folder in launches:
            write_text(folder / "stop", "")
    if complaint := complaint or _cancel_waiting_jobs(study):
        told = f"{complaint} Jobs in Slurm's queue will end as soon as they start."
        console.print(told, soft_wrap=True, markup=False)
    still = _after_waiting(study, running)
    _tell(study, running, still, console)
    return 1 if still else 0


def _queue(study: Study) -> tuple[Queue, str | None]:
    """The study's jobs in Slurm's queue; where Slurm does not answer, all submissions and its complaint."""
    try:
        return queue_of(study), None
    except Silent as silent:
        return [(record, []) for record in records(study.path)], str(silent)


def _cancel_waiting_jobs(study: Study) -> str | None:
    """Cancel jobs in Slurm's queue; return why that failed, or None. One that starts obeys the stop file."""
    try:
        cancel_jobs(study)
    except (Silent, Denied) as why_not:
        return str(why_not)
    return None


def _launches(study: Study, at_slurm: Collection[str]) -> list[Path]:
    """Directories of the launches that may still be alive and have not been told to stop.

    A Slurm launch counts as alive if it is in `at_slurm` or still submits; a local one counts always.
    """
    folders = [
        folder for folder in sorted((study.path / "jobs").glob("*/")) if not (folder / "stop").exists()
    ]
    known = list(records(study.path))
    submitting = {record.launch for record in known if not record.is_submitted}
    ended = {record.launch for record in known} - submitting - set(at_slurm)
    return [folder for folder in folders if folder.name not in ended]


def _after_waiting(study: Study, running: Sequence[Now]) -> list[Now]:
    """The points that still hold their lease after STOPPED_WITHIN_S."""
    deadline = time.monotonic() + STOPPED_WITHIN_S
    still = list(running)
    while still and time.monotonic() < deadline:
        time.sleep(POLL_S)
        still = [now for now in still if lease.live_holder(study.directory(now.point.id)) is not None]
    return still


def _tell(study: Study, running: Sequence[Now], still: Sequence[Now], console: Console) -> None:
    held = {now.point.id for now in still}
    let_go = [now.point.id for now in running if now.point.id not in held]
    stopped = sum(study.state(point_id).status != "completed" for point_id in let_go)
    if still:
        console.print(
            f"{counted(len(still), 'point')} still running after {STOPPED_WITHIN_S:.0f} s, such as "
            f"{still[0].point.id} in {still[0].where}; a point in the foreground stops only at Ctrl-C.",
            soft_wrap=True,
            markup=False,
        )
    lines = lines_of(study)
    again = f" The same line resumes from their checkpoints: {lines[0]}" if lines else ""
    told = f"{counted(stopped, 'point')} stopped, and nothing is lost.{again}"
    console.print(told, soft_wrap=True, markup=False)
