"""Spending: an upper bound on the train FLOPs that the points of a plan have used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scaling.study.files import Corrupt
from scaling.study.plan import Plan, Planned
from scaling.study.result import State, read_result
from scaling.study.store import Study


class Spending:
    """Calling `of` again is cheap: each completed point is read only once."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._of_completed: dict[str, float] = {}

    def of(self, plan: Plan) -> float:
        """Train FLOPs used by the points of a plan, without dropped ones.

        Completed, failed and running points, and those left to a job, count in full; interrupted and
        dominated points count by their completed epochs. A branch counts as if it were trained alone, and a
        result taken over from another study counts nothing.
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
