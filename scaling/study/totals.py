"""Totals of a plan: what all its points cost together, and when the last one ends."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from scaling.profile.forecast import Source
from scaling.study.plan import Plan, Planned
from scaling.study.stages import predecessors


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Totals over the points to train, as far as they are not trained yet."""

    num_points: int
    train_flops: float
    device_hours: float
    """Hours of the points for which they are known."""
    sources: Counter[Source]
    """Points by where their hours come from."""
    slots: int
    """Points that train at a time."""
    wall_hours: float | None
    """From the first start to the last end, with what is labelled, each point after those that it needs;
    None where some hours are unknown."""

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
    return Totals(
        num_points=len(entries),
        train_flops=sum(entry.share_left * entry.point.cost.train_flops for entry in entries),
        device_hours=sum(each.hours * share_left for each, share_left in known),
        sources=Counter(each.source for each, _ in known),
        slots=plan.slots,
        wall_hours=_wall_hours(plan, entries) if len(known) == len(entries) else None,
    )


def _wall_hours(plan: Plan, entries: Sequence[Planned]) -> float:
    """From first start to last end, of points whose hours are known; who learns from the same labels shares
    the hours of making them equally."""
    by_id = {entry.point.id: entry for entry in entries}
    sharing = Counter(entry.labelling.labels for entry in entries if entry.labelling)

    def hours(entry: Planned) -> float:
        training = entry.share_left * entry.hours.hours if entry.hours else 0.0
        cost = entry.labelling
        return training + (cost.hours_left / sharing[cost.labels] if cost else 0.0)

    in_turn = {point.id: hours(by_id[point.id]) for point in plan.to_run}
    return makespan(in_turn, plan.slots, predecessors(plan.to_run))


def makespan(hours: Mapping[str, float], slots: int, before: Mapping[str, Sequence[str]]) -> float:
    """When the last of these ends if each in turn goes to the slot that is free first, and waits there for
    those that come `before` it, whose turn was earlier."""
    free_at = [0.0] * min(slots, len(hours))
    ends: dict[str, float] = {}
    for each, its_hours in hours.items():
        start = max([free_at[0], *(ends.get(other, 0.0) for other in before[each])])
        ends[each] = start + its_hours
        heapq.heapreplace(free_at, ends[each])
    return max(free_at, default=0.0)
