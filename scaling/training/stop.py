"""Requests to stop a worker: by a signal, a stop file, the deadline of its job or the end of its launcher."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from scaling.study.lease import Process
from scaling.study.result import Failure

POLL_S = 0.5
"""Pause between two checks of stop file, launcher and deadline."""
EARLY_S = 60.0
"""Slurm may send the requested signal up to 60 seconds early (sbatch, --signal)."""


Handler = Callable[[int, FrameType | None], object] | signal.Handlers


@contextmanager
def handled(handler: Handler, *signals: signal.Signals) -> Iterator[None]:
    """Handle `signals` with `handler` in the body of the `with`; in the main thread only.

    If SIGHUP is ignored it stays so, since a process started with `nohup` should outlive its terminal.
    """
    before = {
        number: signal.signal(number, handler)
        for number in signals
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextmanager
def held_back(*signals: signal.Signals) -> Iterator[None]:
    """Let this thread get `signals` only after the body of the `with`; processes started in it never get
    them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # which, unlike SIG_IGN, loses none
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Stop:
    """A request to stop. `requested` is cheap: a background thread polls file, launcher and deadline."""

    def __init__(
        self, *, file: Path | None = None, launcher: Process | None = None, deadline: float | None = None
    ) -> None:
        self.failure: Failure | None = None
        """The failure that stopped points are noted with; None if a person asked to stop."""
        self._event = threading.Event()
        self._file = file
        self._launcher = launcher
        self._deadline = deadline
        """Seconds since 1970."""
        self._parent = os.getppid()
        if file is not None or launcher is not None or deadline is not None:
            threading.Thread(target=self._watch, daemon=True).start()

    def requested(self) -> bool:
        return self._event.is_set()

    def tell(self, failure: Failure | None) -> None:
        """Request to stop because another process of the same point was told to."""
        self.failure = failure
        self._event.set()

    @contextmanager
    def on_signals(self, *signals: signal.Signals) -> Iterator[None]:
        """Stop on any of these signals, as `handled` installs them. A second SIGINT interrupts at once."""
        with handled(self._heed, *signals):
            yield

    def _heed(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number == signal.SIGINT and self._event.is_set():
            raise KeyboardInterrupt
        if number in (signal.SIGTERM, signal.SIGUSR2):
            is_late = self._deadline is not None and time.time() >= self._deadline - EARLY_S
            self.failure = "timeout" if is_late else "preempted"
        self._event.set()

    def _watch(self) -> None:
        while not self._event.wait(POLL_S):
            told = self._file is not None and self._file.exists()
            orphaned = self._launcher is not None and (
                self._launcher.is_gone() or os.getppid() != self._parent
            )
            if self._deadline is not None and time.time() >= self._deadline:
                self.failure = "timeout"
                self._event.set()
            if told or orphaned:
                self._event.set()
