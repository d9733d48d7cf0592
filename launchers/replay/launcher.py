"""The replay launcher: fills a study's files from a table instead of training its points."""

from __future__ import annotations

import math
import signal
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import ClassVar

from launchers.attended import attend
from launchers.replay.answers import Answers
from launchers.replay.read_table import FIGURES, read_table
from launchers.request import Launching
from launchers.site import device_gb
from launchers.slots import num_at_full_speed
from launchers.watch import Tally, Watch
from scaling.errors import Refused
from scaling.study.launch import launch_name
from scaling.study.precision import Precision
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import run_point
from scaling.training.worklist import Policy

SHOW_EVERY_S = 0.5
"""Time between two updates of the display."""
POLL_S = 0.05
"""Time between two looks at points that another launch has taken."""


@dataclass(frozen=True, kw_only=True)
class Replay:
    """Answers the points of a plan from a table; its fields are the options of `hydra.launcher`."""

    is_slurm: ClassVar[bool] = False

    table: str | None = None
    """A CSV file, or `published:resnet_rs_2021`."""
    noise_sd: float | None = None
    """Standard deviation between runs, in points of top-1; None for what the table declares."""
    noise_seed: int = 0
    """Seed of the noise."""
    slots: int | str = "auto"
    """Points at a time for which the plan computes hours, as if they were trained."""

    def __post_init__(self) -> None:
        if self.slots != "auto" and (isinstance(self.slots, str) or self.slots < 1):
            raise Refused(f"hydra.launcher.slots={self.slots} should be auto or a number of at least 1.")
        if self.noise_sd is not None and not (math.isfinite(self.noise_sd) and 0 <= self.noise_sd <= 100):
            raise Refused(f"hydra.launcher.noise_sd={self.noise_sd:g} should be 0 to 100 points.")
        if not self.table:
            raise Refused(
                f"hydra/launcher=replay needs a table: add hydra.launcher.table=FILE.csv, or {FIGURES}."
            )

    @cached_property
    def answers(self) -> Answers:
        """The table with its noise. Raises Refused if the table cannot be read."""
        assert self.table is not None
        return Answers(table=read_table(self.table), noise_sd=self.noise_sd, noise_seed=self.noise_seed)

    def num_slots(self, runtime: Runtime) -> int:
        """Number of points that would train at a time."""
        return num_at_full_speed(self.slots, device=runtime.device, threads=runtime.threads)

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point could use if it were trained, in 1e9 bytes; None if unknown."""
        return device_gb(runtime, self.num_slots(runtime))

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Do nothing, as no device is used."""

    def launch(self, launching: Launching) -> Counter[str]:
        """Answer the points of the plan and report the outcome.

        Runs are mirrored to W&B if the tracker is online. Offline runs, the default, would take a second each
        and are left to `control sync`.
        """
        tracker = launching.tracker
        if tracker.mode == "offline":
            launching = replace(launching, tracker=replace(tracker, mode="none"))
        return attend(launching, lambda show: self._run(launching, show))

    def _run(self, launching: Launching, show: Callable[[Tally], None]) -> Tally:
        """Answer points until none is left, including those that another launch has taken.

        Raises KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP.
        """
        study, to_run = launching.study, launching.plan.to_run
        terms = launching.terms(launch_name(), Policy())
        watch, stop, shown = Watch(study, to_run, terms.launch), Stop(), time.monotonic()
        with stop.on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            while open_ids := set(watch.open_ids()):
                for point in (each for each in to_run if each.id in open_ids):
                    run_point(study, point.id, terms, stop, answer=partial(self.answers.answer, point))
                    if stop.requested():
                        raise KeyboardInterrupt
                    if time.monotonic() - shown >= SHOW_EVERY_S:
                        show(watch.look())
                        shown = time.monotonic()
                watch.free()  # notices ends too that a worker died before noting
                if watch.open_ids():
                    time.sleep(POLL_S)
        return watch.look()
