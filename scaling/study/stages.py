"""Stages: the order in which points can start, given that some need others to be trained first."""

from __future__ import annotations

from collections.abc import Sequence

from scaling.study.point import Point
from scaling.study.trunk import carriers


def predecessors(points: Sequence[Point]) -> dict[str, tuple[str, ...]]:
    """By id, the points that each point needs and the one among `points` whose trunk it branches off."""
    carried = carriers(points)
    return {
        point.id: (*point.needs, *([carried[point.id].id] if point.id in carried else [])) for point in points
    }


def stages(points: Sequence[Point]) -> dict[str, int]:
    """By id, the length of the longest chain of `points` that must precede each; 0 if none must."""
    before = predecessors(points)
    found: dict[str, int] = {}

    def stage(each: str) -> int:
        if each not in found:
            found[each] = max((1 + stage(other) for other in before[each] if other in before), default=0)
        return found[each]

    return {each: stage(each) for each in before}
