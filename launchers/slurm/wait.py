"""Waiting for the jobs of a launch, with progress shown, until all of its points have ended."""

from __future__ import annotations

import time
from collections.abc import Sequence

from launchers.progress import Display
from launchers.request import Launching
from launchers.slurm.client import Silent
from launchers.slurm.queue import queue_of
from launchers.slurm.reconcile import note_losses
from launchers.watch import Watch
from scaling.study.launch import Launch
from scaling.study.store import Study

WATCH_EVERY_S = 2.0
"""Time between two looks at the points."""
ASK_EVERY_S = 30.0
"""Time between two questions to Slurm whether any job is left."""


def wait(launching: Launching, launch: Launch) -> None:
    """Show the progress of the launch until all of its points have ended. Ctrl-C does not stop the jobs."""
    watch = Watch(launching.study, launching.plan.to_run, launch.name)
    try:
        with Display(launching.console, len(launching.plan.to_run)) as display:
            _show_until_ended(launching.study, watch, display)
    except KeyboardInterrupt:
        launching.console.print(
            f"The jobs continue. To stop them: python -m control cancel {launching.study.typed}"
        )
        raise


def _show_until_ended(study: Study, watch: Watch, display: Display) -> None:
    """Show progress until all points have ended or Slurm has none of their jobs left."""
    ask_at = time.monotonic() + ASK_EVERY_S
    display.show(watch.look())
    while watch.open_ids():
        if time.monotonic() >= ask_at:
            if _are_gone(study, watch.open_ids()):
                return
            ask_at = time.monotonic() + ASK_EVERY_S
        time.sleep(WATCH_EVERY_S)
        display.show(watch.look())


def _are_gone(study: Study, points: Sequence[str]) -> bool:
    """Whether Slurm has no job of these points left; False if it does not answer."""
    try:
        queue = queue_of(study, points)
    except Silent:
        return False
    note_losses(study, queue, points)
    return not any(jobs for _, jobs in queue)
