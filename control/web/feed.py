"""A feed: looks at a study at intervals, and tells every connected browser what has changed."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future
from typing import Any, TypeVar

from control.web.learner import learn, no_rule
from control.web.news import News, Reporter, event
from scaling.errors import Refused
from scaling.study.store import Study

STILL_HERE_S = 15.0
"""Interval of the comments on an idle stream, by which a browser that has left is noticed."""
LOOKING_SHARE = 0.05
"""Largest share of a core for looks: those at a large study are further apart, but at most LOOKS_APART_S."""
LOOKS_APART_S = 10.0
LEARN_EVERY_S = 15.0
"""Least time between two computations of the rules."""
LEARNING_SHARE = 0.2
"""Largest share of a core for the rules: those of a large study are computed less often."""
NOTHING = {
    "num_completed": 0,
    "frontier": [],
    **no_rule("No point is completed yet: there is nothing to learn from."),
}

log = logging.getLogger(__name__)
Value = TypeVar("Value")


class Feed:
    """Looks while a browser is connected. Everything but the looks happens on one event loop."""

    def __init__(self, study: Study, every_s: float) -> None:
        self._study = study
        self._every_s = every_s
        self._reporter = Reporter(study)
        self.news: News | None = None
        """None before the first look."""
        self._latest: dict[str, bytes] = {}
        """The last event by name, except those of `news`."""
        self._learned = NOTHING | no_rule("The rules are being worked out.")
        self._told = asyncio.Event()
        self._somebody = asyncio.Event()
        self._num_listeners = 0
        self._is_closed = False

    async def follow(self) -> None:
        """Look for ever while a browser is connected; the first look needs none."""
        while True:
            cost_s = await self._look()
            await asyncio.sleep(max(self._every_s, min(cost_s / LOOKING_SHARE, LOOKS_APART_S)))
            await self._somebody.wait()

    async def learn(self) -> None:
        """Recompute the rules for ever, as points complete and while a browser is connected."""
        known: object = None
        while True:
            while self.news is None or known == (basis := _basis(self.news)):
                await self._told.wait()
            known, cost_s = basis, _children_s()
            if not self.news.status["counts"]["completed"]:
                self._learn(NOTHING)
                continue
            async for part in learn(self._study):
                self._learn(part)
            cost_s = _children_s() - cost_s
            await asyncio.sleep(max(LEARN_EVERY_S, cost_s / LEARNING_SHARE))
            await self._somebody.wait()

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield events until the feed is closed: first everything that is known, then what changes."""
        version, sent = 0, dict[str, bytes]()
        self._num_listeners += 1
        self._somebody.set()
        try:
            while not self._is_closed:
                told, news, latest = self._told, self.news, dict(self._latest)
                if news is not None and news.version != version:
                    is_next = version and news.version == version + 1
                    yield news.change if is_next else await beside(lambda news=news: news.all)  # type: ignore[misc]
                    version = news.version
                for name, data in latest.items():
                    if sent.get(name) is not data:
                        yield data
                sent = latest
                if not await _is_set(told, STILL_HERE_S):
                    yield b": still here\n\n"
        finally:
            self._num_listeners -= 1
            if not self._num_listeners:
                self._somebody.clear()

    def has(self, point_id: str) -> bool:
        """Whether the last look saw a point with this id."""
        return self.news is not None and point_id in self.news.rows

    def close(self) -> None:
        """End all streams."""
        self._is_closed = True
        self._ring()

    async def _look(self) -> float:
        """Look and tell what is new; return the cost in CPU seconds."""
        try:
            news, cost_s = await beside(self._timed_look)
        except Exception as error:  # a study that cannot be read now may be readable at the next look
            log.debug("a look", exc_info=True)
            is_told = isinstance(error, Refused)
            text = str(error) if is_told else f"{self._study.path} cannot be read: {error}"
            self._tell("problem", {"text": text})
            return 0.0
        if "problem" in self._latest:
            self._tell("problem", {"text": None})
        if news is self.news:
            return cost_s
        self.news = news
        self._tell("curves", news.curves)
        self._ring()
        return cost_s

    def _timed_look(self) -> tuple[News, float]:
        began = time.thread_time()
        return self._reporter.look(), time.thread_time() - began

    def _learn(self, part: Mapping[str, Any]) -> None:
        self._learned = {**self._learned, **part}
        self._tell("learned", self._learned)

    def _tell(self, name: str, data: Mapping[str, Any]) -> None:
        """Send an event to all streams, unless it equals the last of its name."""
        said = event(name, data)
        if self._latest.get(name) != said:
            self._latest[name] = said
            self._ring()

    def _ring(self) -> None:
        self._told.set()
        self._told = asyncio.Event()


def _basis(news: News) -> object:
    """What the rules depend on: they are recomputed when this changes."""
    return news.status["counts"]["completed"], news.status["num_damaged"]


def _children_s() -> float:
    """CPU seconds used by all ended child processes."""
    times = os.times()
    return times.children_user + times.children_system


async def beside(work: Callable[[], Value]) -> Value:
    """Run `work` in a daemon thread, for which the end of the process does not wait; return its result."""
    outcome = Future[Value]()
    outcome.set_running_or_notify_cancel()
    threading.Thread(target=_do, args=(work, outcome), daemon=True).start()
    return await asyncio.wrap_future(outcome)


def _do(work: Callable[[], Value], outcome: Future[Value]) -> None:
    try:
        outcome.set_result(work())
    except Exception as error:
        outcome.set_exception(error)


async def _is_set(event: asyncio.Event, within_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_s)
    except TimeoutError:
        return False
    return True
