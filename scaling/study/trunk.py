"""A trunk: the steps that points of different length have in common, trained once.

Under warmup-stable-decay, a longer run takes the same steps as a shorter one until the shorter one cools down
(Hägele et al. 2024, arXiv 2405.18392); the shorter one is then a branch. The randomness of a step depends
only on its number, so on a CPU a branch ends bit-identical to the same point trained alone, and branching is
not part of its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.study.point import Point


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Where a point branches off a trunk."""

    step: int
    """Number of first steps that the point does not train itself."""
    carrier: str | None
    """The point of the same plan that trains them; None if their state is on disk."""


def trunk_steps(point: Point) -> int:
    """Number of first steps that the point shares with any longer one; 0 if it can share none."""
    return point.schedule.trunk_steps(point.num_steps)


def trunk_directory(study: Path, point: Point) -> Path:
    """Directory of the states of its trunk, common to all points that differ only in epochs."""
    return study / "trunks" / replace(point, epochs=1).id


def state_file(directory: Path, step: int) -> Path:
    return directory / f"step-{step}.pt"


def last_state(directory: Path, at_most: int) -> int:
    """The last step, up to `at_most`, whose state is in the directory; 0 if there is none."""
    names = (file.stem.removeprefix("step-") for file in directory.glob("step-*.pt"))
    return max((step for step in map(int, names) if step <= at_most), default=0)


def carriers(points: Iterable[Point]) -> dict[str, Point]:
    """By id of each point that can branch off another of `points`, the longest such point."""
    alike: defaultdict[Path, list[Point]] = defaultdict(list)
    for point in points:
        if trunk_steps(point):
            alike[trunk_directory(Path(), point)].append(point)
    longest = {key: max(group, key=trunk_steps) for key, group in alike.items()}
    return {
        point.id: longest[key] for key, group in alike.items() for point in group if point is not longest[key]
    }


def states_to_keep(points: Sequence[Point]) -> dict[str, tuple[int, ...]]:
    """Steps whose state to keep, by id of each point that does not branch off a longer one.

    These are the steps at which other points branch off, and the end of its own trunk for later points.
    """
    carried = carriers(points)
    ends = {point.id: [trunk_steps(point)] for point in points if point.id not in carried}
    for point in points:
        if point.id in carried:
            ends[carried[point.id].id].append(trunk_steps(point))
    return {each: tuple(sorted(steps)) for each, steps in ends.items() if any(steps)}
