"""Stages: points in the order in which they can start, where some need others to be trained before."""

from __future__ import annotations

from collections.abc import Sequence

from scaling.study.point import Point


def stages(points: Sequence[Point]) -> dict[str, int]:
    """By id, the longest chain of others of these points that come before each; 0 where it needs none."""
    needs = {point.id: point.needs for point in points}
    found: dict[str, int] = {}

    def stage(each: str) -> int:
        if each not in found:
            found[each] = max((1 + stage(need) for need in needs[each] if need in needs), default=0)
        return found[each]

    return {each: stage(each) for each in needs}
