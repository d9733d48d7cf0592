"""Totals of a plan: the cost of all its points together, and the time until the last one ends."""

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
    """Totals over what remains to be trained of the points to train."""

    num_points: int
    train_flops: float
    device_hours: float
    """Sum over the points whose hours are known."""
    sources: Counter[Source]
    """Number of points by the source of their hours."""
    slots: int
    """Number of points that train at a time."""
    wall_hours: float | None
    """Hours from the first start to the last end, including labelling and with each point after its needs;
    None if some hours are unknown."""

    @property
    def waves(self) -> int:
        """Rounds in which `slots` points train side by side."""
        return ceil(self.num_points / self.slots)

    @property
    def num_unknown(self) -> int:
        """Number of points whose hours are unknown."""
        return self.num_points - self.sources.total()


def totals(plan: Plan) -> Totals:
    """Totals over the points that `plan` trains."""
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
    """Hours from the first start to the last end; points with the same labels share their hours equally."""
    by_id = {entry.point.id: entry for entry in entries}
    sharing = Counter(entry.labelling.labels for entry in entries if entry.labelling)

    def hours(entry: Planned) -> float:
        training = entry.share_left * entry.hours.hours if entry.hours else 0.0
        cost = entry.labelling
        return training + (cost.hours_left / sharing[cost.labels] if cost else 0.0)

    in_turn = {point.id: hours(by_id[point.id]) for point in plan.to_run}
    return makespan(in_turn, plan.slots, predecessors(plan.to_run))


def makespan(hours: Mapping[str, float], slots: int, before: Mapping[str, Sequence[str]]) -> float:
    """Time at which the last job ends if each in turn takes the first free slot and waits there for its
    predecessors in `before`, which must come earlier in `hours`."""
    free_at = [0.0] * min(slots, len(hours))
    ends: dict[str, float] = {}
    for each, its_hours in hours.items():
        start = max([free_at[0], *(ends.get(other, 0.0) for other in before[each])])
        ends[each] = start + its_hours
        heapq.heapreplace(free_at, ends[each])
    return max(free_at, default=0.0)
