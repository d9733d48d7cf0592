"""The states of the points of one launch, read from the study's files as they change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.study import lease
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study


@dataclass(frozen=True)
class Tally:
    """The progress of a launch."""

    states: dict[str, State]
    """Last known state of every point, by id."""
    work_done: float
    """Share of the launch's work that is done, from 0 to 1."""

    def count(self, status: str) -> int:
        return sum(state.status == status for state in self.states.values())


class Watch:
    """Follows the points of a launch; a file is read again only if it has changed."""

    def __init__(self, study: Study, points: Sequence[Point], launch: str) -> None:
        self._study = study
        self._launch = launch
        self._points = {point.id: point for point in points}
        self._states = {point_id: State() for point_id in self._points}
        self._stamps: dict[str, int] = {}
        self._work = {point.id: work_of(point) for point in points}

    def look(self) -> Tally:
        """The current progress."""
        for point_id in self.open_ids():
            file = self._study.directory(point_id) / "status.json"
            stamp = _stamp(file)
            if stamp != self._stamps.get(point_id):
                self._stamps[point_id] = stamp
                noted = self._study.noted(point_id)
                completed = noted.status == "completed"  # trusted only with its result
                self._states[point_id] = self._study.state(point_id) if completed else noted
        total = sum(self._work.values())
        done = sum(self._work[point_id] * self._share(point_id) for point_id in self._points)
        return Tally(dict(self._states), done / total if total else 1.0)

    def open_ids(self) -> list[str]:
        """Ids of the points that have not ended in this launch, in order."""
        return [point_id for point_id in self._points if not self._ended(point_id)]

    def free(self) -> dict[str, State]:
        """Open points that nobody works on, by id; one whose status is running has lost its worker."""
        directory = self._study.directory
        idle = [point_id for point_id in self.open_ids() if lease.live_holder(directory(point_id)) is None]
        self.look()  # a worker notes the end of a point before it releases the lease
        for point_id in idle:  # or it died between the result and that note
            if self._study.state(point_id).status == "completed":
                self._states[point_id] = replace(self._states[point_id], status="completed")
        return {point_id: self._states[point_id] for point_id in idle if not self._ended(point_id)}

    def ended(self) -> list[State]:
        """States of the points that have ended in this launch."""
        return [state for point_id, state in self._states.items() if self._ended(point_id)]

    def num_attempts(self) -> int:
        """Number of starts of all points, in this launch and earlier ones."""
        return sum(state.attempt for state in self._states.values())

    def _ended(self, point_id: str) -> bool:
        state = self._states[point_id]
        return state.status == "completed" or self._is_ours_and("failed", point_id)

    def _is_ours_and(self, status: str, point_id: str) -> bool:
        state = self._states[point_id]
        return state.status == status and state.launch == self._launch

    def _share(self, point_id: str) -> float:
        if self._ended(point_id):
            return 1.0
        return self._states[point_id].epoch / self._points[point_id].epochs


def work_of(point: Point) -> float:
    """Expected training time of a point in equivalent FLOPs: its own and a toll for each call of a layer."""
    num_layers = point.network.num_layers
    return point.cost.train_flops + TOLL * num_layers * point.num_steps


TOLL = 1e8
"""Overhead of a layer per step, in FLOPs that a core could have done meanwhile: measured on small ResNets on
one core of an AMD EPYC, 1.6e-11 s per FLOP and 1.8 ms per layer."""


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
