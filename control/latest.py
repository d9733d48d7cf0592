"""The latest frontier, computed in the background so that the screen does not wait for it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TYPE_CHECKING

from control.status import Glance

if TYPE_CHECKING:
    from control.frontier import Member

EVERY_S = 10.0
"""Least time between two computations."""


class LatestFrontier:
    """A context manager. Calling `members` often is cheap: it computes at most every EVERY_S seconds."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._asked: Future[list[Member]] | None = None
        self._members: Sequence[Member] | None = None
        self._num_completed = 0
        self._asked_at = -EVERY_S

    def members(self, glance: Glance, *, wait: bool = False) -> Sequence[Member] | None:
        """The last computed frontier, None before the first; with `wait`, the frontier of this glance."""
        num_completed = glance.status.counts["completed"]
        is_time = wait or (self._asked is None and time.monotonic() - self._asked_at >= EVERY_S)
        if is_time and num_completed != self._num_completed:
            self._num_completed, self._asked_at = num_completed, time.monotonic()
            self._asked = self._thread.submit(_frontier, glance)
        if self._asked is not None and (wait or self._asked.done()):
            self._members, self._asked = self._asked.result(), None
        return self._members

    def __enter__(self) -> LatestFrontier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


def _frontier(glance: Glance) -> list[Member]:
    from control.frontier import frontier_so_far  # pandas and scipy take more than a second to import

    return frontier_so_far([now.point for now in glance.points], glance.study.name)
