"""A cancel: launches are told to stop, workers save their checkpoints, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from control.ask import agreed
from control.lines import lines_of
from control.looks import Now
from control.status import Watcher
from launchers.slurm.client import Silent
from launchers.slurm.reconcile import cancel_jobs
from scaling.study import lease
from scaling.study.files import write_text, writing_below
from scaling.study.store import Study

STOPPED_WITHIN_S = 20.0
POLL_S = 0.25


def cancel(study: Study, console: Console, *, yes: bool) -> int:
    """Stop every launch of the study; 0 when nothing runs any more, 1 when something still does."""
    running = [now for now in Watcher(study).look().points if now.status == "running"]
    launches = _launches(study)
    if not running and not launches:
        console.print(f"Nothing of {study.path} runs.", soft_wrap=True, markup=False)
        return 0
    what = f"{len(running)} running points of {study.path}" if running else f"what waits in {study.path}"
    if not agreed(console, f"Stop {what}?", yes=yes):
        return 0
    with writing_below(study.path):
        for folder in launches:
            write_text(folder / "stop", "")
    _cancel_waiting_jobs(study, console)
    still = _after_waiting(study, running)
    _tell(study, running, still, console)
    return 1 if still else 0


def _cancel_waiting_jobs(study: Study, console: Console) -> None:
    """Those that wait at Slurm; one that starts all the same finds the stop file, and ends."""
    try:
        cancel_jobs(study)
    except Silent as silent:
        console.print(f"{silent} Jobs that start later will end at once.", soft_wrap=True, markup=False)


def _launches(study: Study) -> list[Path]:
    """Directories of launches that have not been told to stop; that the launch lives is not known."""
    return [folder for folder in sorted((study.path / "jobs").glob("*/")) if not (folder / "stop").exists()]


def _after_waiting(study: Study, running: Sequence[Now]) -> list[Now]:
    """The points that are still held when the time is up."""
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
            f"{len(still)} points still run after {STOPPED_WITHIN_S:.0f} s, such as {still[0].point.id} in "
            f"{still[0].where}; a point in the foreground heeds Ctrl-C alone.",
            soft_wrap=True,
            markup=False,
        )
    lines = lines_of(study)
    again = f" The same line goes on from their checkpoints: {lines[0]}" if lines else ""
    console.print(f"{stopped} points stopped, and nothing is lost.{again}", soft_wrap=True, markup=False)
