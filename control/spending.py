"""Spending: the train FLOPs that the points of a plan have taken, counted so that no bill is larger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling.study.files import Corrupt
from scaling.study.plan import Plan, Planned
from scaling.study.result import State, read_result
from scaling.study.store import Study


class Spending:
    """Counts as often as it is asked; a completed point is read once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._of_completed: dict[str, float] = {}

    def of(self, plan: Plan) -> float:
        """Train FLOPs of the points of a plan, dropped ones aside.

        In full for what is completed, has failed, runs, or is left to a job; the epochs behind it for a point
        that was stopped, for good or not. A branch counts as if it were trained alone, and what was taken
        over from another study not at all.
        """
        entries = [entry for entry in plan.entries if entry.action != "drop"]
        states = self._study.states([entry.point.id for entry in entries])
        return sum(self._of(entry, states) for entry in entries)

    def _of(self, entry: Planned, states: Mapping[str, State]) -> float:
        point, state = entry.point, states[entry.point.id]
        if state.status == "completed":
            if point.id not in self._of_completed:
                own = self._result(point.id).get("origin") is None
                self._of_completed[point.id] = point.cost.train_flops if own else 0.0
            return self._of_completed[point.id]
        is_lost = state.status == "failed" and state.failure != "dominated"
        if is_lost or state.status == "running" or entry.action == "wait":
            return point.cost.train_flops
        return point.cost.train_flops * state.epoch / point.epochs

    def _result(self, point_id: str) -> dict[str, Any]:
        try:
            return read_result(self._study.directory(point_id) / "result.json") or {}
        except Corrupt:
            return {}
