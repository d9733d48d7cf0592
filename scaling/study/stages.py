"""Stages: the order in which points can start, where some need others to be trained before them."""

from __future__ import annotations

from collections.abc import Sequence

from scaling.study.point import Point
from scaling.study.trunk import carriers


def predecessors(points: Sequence[Point]) -> dict[str, tuple[str, ...]]:
    """What each point needs, by id, and the point among these whose trunk it branches off."""
    carried = carriers(points)
    return {
        point.id: (*point.needs, *([carried[point.id].id] if point.id in carried else [])) for point in points
    }


def stages(points: Sequence[Point]) -> dict[str, int]:
    """The stage of each point, by id: the longest chain of these points that must come before it; 0 for
    none."""
    before = predecessors(points)
    found: dict[str, int] = {}

    def stage(each: str) -> int:
        if each not in found:
            found[each] = max((1 + stage(other) for other in before[each] if other in before), default=0)
        return found[each]

    return {each: stage(each) for each in before}
