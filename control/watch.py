"""A watch: the status of a study as it changes, until all of its points have ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.live import Live

from control.keys import Keys
from control.latest import LatestFrontier
from control.screen import View, full, once
from control.status import Glance, Watcher
from control.table import tabulate
from control.terminal import headline
from scaling.study.store import Study
from scaling.training.stop import handled

EVERY_S = 2.0
LINE_EVERY_S = 15.0
"""Interval between lines where there is no terminal."""
RESTARTED_WITHIN_S = 30.0
"""Time in which a point whose process is gone is started again, if its launch lives."""
_REDRAW_S = 1.0
"""How soon the screen follows a change of its size."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the user wants to watch, and how."""

    view: View
    every_s: float | None
    """Seconds between looks; None for the default of the terminal or of lines."""
    stay: bool
    """Whether to go on after all points have ended."""


def watch(study: Study, wish: Wish, console: Console) -> None:
    """Show the study until all points have ended or q is typed."""
    if console.is_terminal:
        with _ended_by_signals():
            _on_screen(study, wish, console)
    else:
        _as_lines(study, wish, console)


def watch_once(study: Study, view: View, console: Console) -> None:
    """Print once what `watch` would show, however long."""
    with LatestFrontier() as latest:
        _print(Watcher(study).look(), view, latest, console)


def _print(glance: Glance, view: View, latest: LatestFrontier, console: Console) -> None:
    table = tabulate(glance, view.filtered, view.by)
    console.print(once(glance, table, latest.members(glance, wait=True), console.width))


def _as_lines(study: Study, wish: Wish, console: Console) -> None:
    watcher, end = Watcher(study), End()
    while True:
        glance = watcher.look()
        tabulate(glance, wish.view.filtered)  # refuses a filter that no point can pass
        words = " ".join(line.plain.strip("━─╸ ") for line in headline(glance.status, console.width))
        console.print(f"{time.strftime('%H:%M:%S')} {words}", markup=False, soft_wrap=True)
        if end.has_come(glance) and not wish.stay:
            return
        time.sleep(wish.every_s or LINE_EVERY_S)


def _on_screen(study: Study, wish: Wish, console: Console) -> None:
    watcher = Watcher(study)
    glance = watcher.look()
    tabulate(glance, wish.view.filtered, wish.view.by)  # raises Refused before the screen is taken over
    with LatestFrontier() as latest:
        glance, view = _until_end(watcher, glance, latest, wish, console)
        _print(glance, view, latest, console)


def _until_end(
    watcher: Watcher, glance: Glance, latest: LatestFrontier, wish: Wish, console: Console
) -> tuple[Glance, View]:
    """Redraw the screen until the study ends or `q` is typed; return what it showed last."""
    end, view, every_s = End(), wish.view, wish.every_s or EVERY_S
    next_look = time.monotonic() + every_s
    with (
        Keys() as keys,
        Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live,
    ):
        while wish.stay or not end.has_come(glance):
            table = tabulate(glance, view.filtered, view.by)
            picture, page = full(glance, table, latest.members(glance), view, console.size)
            live.update(picture, refresh=True)
            typed = keys.wait(max(0.0, min(_REDRAW_S, next_look - time.monotonic())))
            if "q" in typed:
                break
            for key in typed:
                view = view.typed(key, page, len(table.rows))
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + every_s
                glance = glance if view.is_paused else watcher.look()
    return glance, view


class End:
    """Detects that all points have ended."""

    def __init__(self) -> None:
        self._gone_since: float | None = None

    def has_come(self, glance: Glance) -> bool:
        """Whether all have ended; gone points have after RESTARTED_WITHIN_S without a restart."""
        counts = glance.status.counts
        if counts["running"] or counts["pending"]:
            self._gone_since = None
            return False
        if not any(now.word == "gone" for now in glance.points):
            return True
        self._gone_since = self._gone_since or time.monotonic()
        return time.monotonic() - self._gone_since >= RESTARTED_WITHIN_S


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """End the watch by SIGTERM and SIGHUP as by Ctrl-C, so that the terminal is restored; Ctrl-C works even
    where a shell's `&` had it ignored, and SIGHUP stays ignored under `nohup`."""

    def interrupt(number: int, frame: object) -> None:
        del number, frame
        raise KeyboardInterrupt

    with handled(interrupt, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield
