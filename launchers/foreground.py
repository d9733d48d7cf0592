"""The foreground launcher: trains in this process and those that torchrun started, as for debugging."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from launchers.attended import attend
from launchers.request import Launching, Request
from launchers.site import check_here, device_gb
from launchers.slots import number_as_driver
from launchers.watch import Tally, Watch
from scaling.study.launch import launch_name
from scaling.study.precision import Precision
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.together import follow, leading
from scaling.training.worker import run_point
from scaling.training.worklist import Policy

if TYPE_CHECKING:
    from scaling.training.processes import Processes


def run_along(request: Request, here: Meeting) -> None:
    """Join the training of the first process from another one, which plans, writes and prints nothing."""
    number_as_driver()  # as in the first process; otherwise two of them might take one GPU
    if request.show == "launch":
        (study,) = request.studies
        follow(study, request.runtime, Stop(), here)


@dataclass(frozen=True)
class Foreground:
    """Trains the points of a plan one by one in this process, together with the processes of its meeting."""

    meeting: Meeting
    is_slurm: ClassVar[bool] = False
    answers: ClassVar[None] = None

    def num_slots(self, runtime: Runtime) -> int:
        """1: points train one at a time."""
        del runtime
        return 1

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may use, in 1e9 bytes; None if unknown."""
        return device_gb(runtime, 1)

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Raise Refused if this machine lacks the device, or the device a precision."""
        check_here(runtime, precisions)

    def launch(self, launching: Launching) -> Counter[str]:
        """Train the points of the plan and report the outcome, with progress shown."""
        plan = launching.plan
        for point in plan.to_run:
            point.recipe.norm_batches_each(self.meeting.size)  # refuses a size that cannot share them
        with leading(self.meeting, launching.runtime) as processes:
            return attend(launching, lambda show: self._run(launching, show, processes))

    def _run(self, launching: Launching, show: Callable[[Tally], None], processes: Processes | None) -> Tally:
        """Train the points with the code that this process has imported, which the snapshot records.

        Raises KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, once the checkpoint is saved.
        """
        study, to_run = launching.study, launching.plan.to_run
        terms = launching.terms(launch_name(), Policy())
        watch = Watch(study, to_run, terms.launch)
        stop = Stop()
        with stop.on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for point in to_run:
                run_point(
                    study,
                    point.id,
                    terms,
                    stop,
                    on_epoch=lambda _: show(watch.look()),
                    processes=processes,
                )
                if stop.requested():
                    raise KeyboardInterrupt
        return watch.look()
