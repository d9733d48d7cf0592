"""An attended launch: the process stays in the foreground, shows progress, and reports the outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from launchers.outcome import tell_outcome
from launchers.progress import Display
from launchers.request import Launching
from launchers.watch import Tally
from scaling.tracking.process import WITHIN_S, start
from scaling.tracking.tracker import LOG


def attend(launching: Launching, run: Callable[[Callable[[Tally], None]], object]) -> Counter[str]:
    """Call `run` with a progress callback while the tracker works; return the number of points by status."""
    study, tracker, num_points = launching.study, launching.tracker, len(launching.plan.to_run)
    mirror = start(study.path, tracker)
    try:
        if num_points:
            with Display(launching.console, num_points) as display:
                run(display.show)
    finally:
        if mirror is not None and not mirror.finish(WITHIN_S[tracker.mode]):
            launching.console.print(
                f"W&B runs are missing: python -m control sync {study.typed} sends them, and the "
                f"same line typed again writes them; {study.typed}/{LOG} says why.",
                markup=False,
            )
    return tell_outcome(launching.console, study, launching.plan.wanted_now)
