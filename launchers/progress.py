"""The progress of a launch: a bar on a terminal, or an occasional line in a log."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from launchers.watch import Tally
from scaling.quantity import clock_text

LINE_EVERY_S = 15.0
"""Time between two lines in a log."""
WINDOW_S = 120.0
"""Past time that the estimate of the remaining time is based on."""


class Display:
    """A context manager that displays progress; `show` may be called at any rate."""

    def __init__(self, console: Console, num_points: int) -> None:
        self._console = console
        self._num_points = num_points
        self._pace = Pace()
        self._next_line = time.monotonic() + LINE_EVERY_S
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=30),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(f"0 of {num_points} points done", total=1.0)

    def show(self, tally: Tally) -> None:
        self._pace.note(tally.work_done)
        text = self._sentence(tally)
        self._bar.update(self._task, completed=tally.work_done, description=text)
        if not self._console.is_terminal and time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_EVERY_S
            self._console.print(text, highlight=False)

    def _sentence(self, tally: Tally) -> str:
        done, failed, running = (tally.count(status) for status in ("completed", "failed", "running"))
        left = self._num_points - done - failed
        remaining = self._pace.remaining_s()
        ahead = f"about {clock_text(remaining)} to go" if remaining is not None else "estimating the time"
        counts = f"{done} of {self._num_points} points done, {failed} failed, {left} left"
        return f"{counts} ({running} running), {ahead}"

    def __enter__(self) -> Display:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


class Pace:
    """Share of the work done per second, over the last WINDOW_S."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def note(self, work_done: float) -> None:
        now = time.monotonic()
        if not self._seen or work_done > self._seen[-1][1]:
            self._seen.append((now, work_done))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    def remaining_s(self) -> float | None:
        """Seconds until the work is done at this pace; None while the pace is unknown."""
        if len(self._seen) < 2:
            return None
        (first_time, first), (last_time, last) = self._seen[0], self._seen[-1]
        pace = (last - first) / max(last_time - first_time, 1e-9)
        return max(0.0, (1 - last) / pace - (time.monotonic() - last_time))
