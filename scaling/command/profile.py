"""`python -m scaling profile`: the speed of networks on this machine, measured once and stored."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from scaling.command.output import print_json
from scaling.command.profile_table import as_json_value, print_profile, study_rows
from scaling.command.wanted import Line, Wanted, wanted
from scaling.errors import INTERRUPTED, Refused
from scaling.profile.profiles import Profile
from scaling.profile.study_table import write_study_table
from scaling.profile.workload import Workload
from scaling.training.stop import handled

LINE_EVERY_S = 15.0
"""Seconds between lines of progress where there is no terminal for a bar."""


def profile(words: Sequence[str], *, again: bool, as_json: bool) -> None:
    """Measure what `words` ask for and print it; stored measurements are reused, unless `again`.

    Each measurement is stored as soon as it is made. Ctrl-C prints those made so far and ends with exit code
    130.
    """
    want = wanted(words)
    os.environ["OMP_NUM_THREADS"] = str(want.threads)  # read when torch is first imported
    from scaling.profile.attempt import attempt  # torch takes seconds to import
    from scaling.profile.measure import name_of
    from scaling.training.device import use_device

    device = use_device(want.device, num_threads=want.threads)
    known = Profile(name_of(device, threads=want.threads), want.threads)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    failures: dict[Workload, str] = {}
    interrupted = False
    try:
        _measure_all(
            want,
            known,
            failures,
            lambda workload: attempt(workload, device, known),
            again=again,
            console=console,
        )
    except KeyboardInterrupt:
        interrupted = True
    if as_json:
        print_json(as_json_value(want, known, failures))
    else:
        print_profile(want, known, failures)
    if want.study and (rows := study_rows(want, known)):
        console.print(f"Written to {write_study_table(want.study, rows)}.", markup=False)
    if failures and not any(
        known.of(workload) for line in want.lines for workload in line.workloads(want.works)
    ):
        sys.exit(1)
    if interrupted:
        console.print("Stopped; measurements so far are kept, and the same line continues from there.")
        sys.exit(INTERRUPTED)


def _measure_all(
    want: Wanted,
    known: Profile,
    failures: dict[Workload, str],
    attempt: Callable[[Workload], str | None],
    *,
    again: bool,
    console: Console,
) -> None:
    """Measure what is not stored yet; the reason for each failed workload is put into `failures`."""
    workloads = {workload: line for line in want.lines for workload in line.workloads(want.works)}
    todo = {workload: line for workload, line in workloads.items() if again or known.of(workload) is None}
    remembered = len(workloads) - len(todo)
    console.print(
        f"{known.device}: {len(todo)} of {len(workloads)} to measure, {remembered} from the cache "
        f"({known.path}).",
        markup=False,
    )
    _warn_if_busy(want, console)
    with _Steps(console, len(todo)) as steps, _interrupts_remembered() as interrupted:
        for workload, line in todo.items():
            if interrupted.is_set():
                raise KeyboardInterrupt
            steps.begin(_what(line, workload))
            try:
                reason = attempt(workload)
            except Refused:
                if want.study is None:
                    raise
                # points of other precisions can still be measured
                reason = f"no {workload.step.precision} here"
            if reason is not None:
                failures[workload] = reason
            steps.end()


@contextmanager
def _interrupts_remembered() -> Iterator[threading.Event]:
    """Remember a Ctrl-C besides raising it, since Python swallows exceptions in garbage collection."""
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.default_int_handler(number, frame)

    with handled(interrupt, signal.SIGINT):
        yield interrupted


def _what(line: Line, workload: Workload) -> str:
    work = "training step" if workload.work == "training" else "inference"
    return f"{line.title} resolution={workload.step.resolution}, {work}, batch {workload.batch_size}"


def _warn_if_busy(want: Wanted, console: Console) -> None:
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    if want.device == "cpu" and load > max(0, cores - want.threads) + 0.5:
        console.print(
            f"This machine is busy (load {load:.1f} on {cores} cores), so times will be too long.",
            style="yellow",
        )


class _Steps:
    """Progress: a bar on a terminal, or else lines 15 s apart."""

    def __init__(self, console: Console, count: int) -> None:
        self._console = console
        self._done, self._count = 0, count
        self._next_line = time.monotonic()
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal or not count,
        )
        self._task = self._bar.add_task("", total=count)

    def begin(self, what: str) -> None:
        self._bar.update(self._task, description=what)
        if not self._console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            self._console.print(f"{self._done + 1} of {self._count}: {what}", markup=False)

    def end(self) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done)

    def __enter__(self) -> _Steps:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
