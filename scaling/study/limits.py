"""Limits on what a launch may cost, and which points are kept under them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from scaling.errors import Refused
from scaling.study.labelling_cost import LabellingCost
from scaling.study.point import KNOBS, Point


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits on all points of a command line together, completed ones included, so that repeating it is free.

    The labels that students learn from are charged to the first of these students that is kept.
    """

    device_hours: float | None = None
    train_flops: float | None = None
    memory_gb: float | None = None
    """Limit on each point by itself."""
    points: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and not 0 < value < math.inf:
                raise Refused(f"limit.{field.name}={value:g} should be positive, or null for none.")


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a point takes from the limits."""

    point: Point
    hours: float | None
    memory_gb: float
    is_settled: bool
    """Whether the point is completed, running or skipped: it takes its share but cannot be dropped."""
    labelling: LabellingCost | None = None
    """Cost of the labels that it learns from, perhaps shared with other points."""


def over(limits: Limits, shares: Sequence[Share]) -> dict[str, str]:
    """The points to drop, by id, each with the reason.

    Points are kept while they fit, ordered by the number of axes in which they differ from the cheapest point
    of their setting (another seed counts as two axes), then by cost. Each axis thus keeps its values while
    the other axes are at their cheapest, then pairs of axes keep their combinations: main effects and
    two-way interactions stay estimable (effect hierarchy: Wu and Hamada, Experiments, ch. 4), and the range
    of costs stays wide.
    """
    reasons: dict[str, str] = {}
    spent = _Spent(limits)
    for share in shares:
        if share.is_settled:
            spent.add(share)
    for share in _by_priority(shares):
        if share.is_settled:
            continue
        reason = spent.why_not(share)
        if reason is None:
            spent.add(share)
        else:
            reasons[share.point.id] = reason
    return reasons


def _by_priority(shares: Sequence[Share]) -> list[Share]:
    bases: dict[str, Point] = {}
    cheapest_first = sorted(shares, key=lambda share: share.point.cost.train_flops)
    for share in cheapest_first:
        bases.setdefault(share.point.setting, share.point)

    def num_moved(share: Share) -> int:
        base = bases[share.point.setting]
        moved = [knob for knob in KNOBS if getattr(share.point, knob) != getattr(base, knob)]
        return len(moved) + ("seed" in moved)

    return sorted(cheapest_first, key=num_moved)


class _Spent:
    """Running totals over the points that are kept."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._hours = 0.0
        self._train_flops = 0.0
        self._num_points = 0
        self._labels: set[Path] = set()

    def add(self, share: Share) -> None:
        hours, train_flops = self._price(share)
        self._hours += hours or 0.0
        self._train_flops += train_flops
        self._num_points += 1
        if share.labelling is not None:
            self._labels.add(share.labelling.labels)

    def _price(self, share: Share) -> tuple[float | None, float]:
        """Hours and FLOPs of its training, and of its labels unless a kept point has the same labels."""
        hours, train_flops = share.hours, float(share.point.cost.train_flops)
        labelling = self._labelling(share)
        if labelling is None:
            return hours, train_flops
        train_flops += labelling.flops
        if hours is None or labelling.hours is None:
            return None, train_flops
        return hours + labelling.hours, train_flops

    def _labelling(self, share: Share) -> LabellingCost | None:
        """Cost of its labels; None if it has none or a kept point has the same labels."""
        cost = share.labelling
        return None if cost is None or cost.labels in self._labels else cost

    def why_not(self, share: Share) -> str | None:
        """Why the point does not fit beside the kept ones; None if it does."""
        limits = self._limits
        hours, train_flops = self._price(share)
        besides = " with its labels" if self._labelling(share) else ""
        if limits.memory_gb is not None and share.memory_gb > limits.memory_gb:
            return f"limit.memory_gb={limits.memory_gb:g}: it takes {share.memory_gb:.3g}"
        if limits.points is not None and self._num_points + 1 > limits.points:
            return f"limit.points={limits.points} is used up"
        if limits.train_flops is not None and self._train_flops + train_flops > limits.train_flops:
            left = max(0.0, limits.train_flops - self._train_flops)
            limit = f"limit.train_flops={limits.train_flops:.4g}"
            return f"{limit}: it takes {train_flops:.3g}{besides}, {left:.3g} are left"
        if limits.device_hours is not None:
            limit = f"limit.device_hours={limits.device_hours:g}"
            if hours is None:
                return f"{limit}: its hours are unknown, try probe=true"
            if self._hours + hours > limits.device_hours:
                left = max(0.0, limits.device_hours - self._hours)
                return f"{limit}: it takes {hours:.3g}{besides}, {left:.3g} are left"
        return None
