"""Waiting for the jobs of a launch, with their progress shown, until all of its points have ended."""

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
ASK_EVERY_S = 30.0
"""How often Slurm is asked whether any job is left."""


def wait(launching: Launching, launch: Launch) -> None:
    """Show how far the points of the launch are, until all have ended. Ctrl-C leaves the jobs alone."""
    watch = Watch(launching.study, launching.plan.to_run, launch.name)
    try:
        with Display(launching.console, len(launching.plan.to_run)) as display:
            _show_until_ended(launching.study, watch, display)
    except KeyboardInterrupt:
        launching.console.print(
            f"The jobs go on. To stop them: python -m control cancel {launching.study.typed}"
        )
        raise


def _show_until_ended(study: Study, watch: Watch, display: Display) -> None:
    """Show it until no point can change any more: all have ended, or Slurm has none of the jobs left."""
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
    """Whether Slurm has none of the points' jobs; False where it does not answer."""
    try:
        queue = queue_of(study, points)
    except Silent:
        return False
    note_losses(study, queue, points)
    return not any(jobs for _, jobs in queue)
