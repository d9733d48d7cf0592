"""The local pool: the launcher that trains several points at a time on this machine."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import ClassVar

from launchers.attended import attend
from launchers.local_launch import LocalLaunch
from launchers.request import Launching
from launchers.site import check_here, device_gb
from launchers.slots import num_at_full_speed
from launchers.watch import Tally
from scaling.errors import Refused
from scaling.study.precision import Precision
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worklist import Policy


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Trains the points of a plan on this machine."""

    is_slurm: ClassVar[bool] = False
    answers: ClassVar[None] = None

    slots: int | str = "auto"
    """Points that train at a time; `auto` is one per GPU, or one for every `device.threads` cores."""
    max_requeues: int = Policy.max_requeues
    """How often a point is restarted after its worker was killed."""
    same_failure_limit: int = Policy.same_failure_limit
    """The launch stops if this many points, the first to end, all failed with the same traceback."""

    def __post_init__(self) -> None:
        if self.slots != "auto" and (isinstance(self.slots, str) or self.slots < 1):
            raise Refused(f"hydra.launcher.slots={self.slots} should be auto or a number of at least 1.")
        assert self.policy  # raises Refused for bad values

    @property
    def policy(self) -> Policy:
        return Policy(max_requeues=self.max_requeues, same_failure_limit=self.same_failure_limit)

    def num_slots(self, runtime: Runtime) -> int:
        """Number of points that train at a time, each at full speed."""
        return num_at_full_speed(self.slots, device=runtime.device, threads=runtime.threads)

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may use, in 1e9 bytes; None if unknown."""
        return device_gb(runtime, self.num_slots(runtime))

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Raise Refused if this machine lacks the device, or the device a precision."""
        check_here(runtime, precisions)

    def launch(self, launching: Launching) -> Counter[str]:
        """Train the points of the plan and report the outcome, with progress shown; raises as `run` does."""
        return attend(launching, lambda show: self.run(launching, show))

    def run(self, launching: Launching, show: Callable[[Tally], None]) -> Tally:
        """Train the points of the plan; return when nothing is left to do.

        Raises KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, once the workers have saved their checkpoints
        and ended, and Refused if continuing would be pointless.
        """
        stop = Stop()
        with stop.on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            launch = LocalLaunch(launching, self.slots, self.policy)
            try:
                return launch.until_done(show, stop.requested)
            finally:
                launch.end()
