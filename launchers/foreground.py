"""One point in this very process: for a first try, and for a debugger."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

from launchers.attended import attend
from launchers.request import Launching
from launchers.site import check_here, device_gb
from launchers.watch import Tally, Watch
from scaling.study.launch import launch_name
from scaling.study.plan import Plan
from scaling.study.snapshot import Snapshot
from scaling.study.store import Study
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import run_point
from scaling.training.worklist import Terms


class Foreground:
    """Trains the points of a plan one after another, here."""

    is_slurm: ClassVar[bool] = False

    def num_slots(self, runtime: Runtime) -> int:
        """One point at a time."""
        del runtime
        return 1

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may take, in 1e9 bytes."""
        return device_gb(runtime, 1)

    def check(self, runtime: Runtime) -> None:
        """Refused where this machine lacks the device."""
        check_here(runtime)

    def launch(self, launching: Launching) -> Counter[str]:
        """As LocalPool.launch does."""
        each = launching
        return attend(each, lambda show: self.run(each.study, each.plan, each.snapshot, each.runtime, show))

    def run(
        self,
        study: Study,
        plan: Plan,
        snapshot: Snapshot,
        runtime: Runtime,
        show: Callable[[Tally], None],
    ) -> Tally:
        """As LocalPool.run does, from the code that this process has imported: the snapshot is its record."""
        terms = Terms(launch=launch_name(), runtime=runtime, snapshot=snapshot.hash)
        watch = Watch(study, plan.to_run, terms.launch)
        stop = Stop()
        with stop.on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for point in plan.to_run:
                run_point(study, point.id, terms, stop, on_epoch=lambda _: show(watch.look()))
                if stop.requested():
                    raise KeyboardInterrupt
        return watch.look()
