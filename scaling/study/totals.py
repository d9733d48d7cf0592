"""Totals of a plan: what all its points cost together, and when the last one ends."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from scaling.profile.forecast import Source
from scaling.study.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Of the points to train, as far as they are not trained yet."""

    num_points: int
    train_flops: float
    device_hours: float
    """Of the points whose hours are known."""
    sources: Counter[Source]
    """Points by where their hours come from."""
    slots: int
    """Points that train at a time."""
    wall_hours: float | None
    """From the first start to the last end, dearest points first; None where some hours are unknown."""

    @property
    def waves(self) -> int:
        """Rounds in which `slots` points train side by side."""
        return ceil(self.num_points / self.slots)

    @property
    def num_unknown(self) -> int:
        """Points of which nothing tells the hours."""
        return self.num_points - self.sources.total()


def totals(plan: Plan) -> Totals:
    """The sums over the points that `plan` trains."""
    entries = [entry for entry in plan.entries if entry.is_to_train]
    known = [(entry.hours, entry.share_left) for entry in entries if entry.hours is not None]
    hours = [each.hours * share_left for each, share_left in known]
    return Totals(
        num_points=len(entries),
        train_flops=sum(entry.share_left * entry.point.cost.train_flops for entry in entries),
        device_hours=sum(hours),
        sources=Counter(each.source for each, _ in known),
        slots=plan.slots,
        wall_hours=makespan(hours, plan.slots) if len(known) == len(entries) else None,
    )


def makespan(hours: Sequence[float], slots: int) -> float:
    """When the last of these ends if each, longest first, goes to the slot that is free first."""
    free_at = [0.0] * min(slots, len(hours))
    heapq.heapify(free_at)
    for each in sorted(hours, reverse=True):
        heapq.heapreplace(free_at, free_at[0] + each)
    return max(free_at, default=0.0)
