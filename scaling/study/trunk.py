"""A trunk: the steps that points of different length have in common, trained once.

Under warmup-stable-decay a longer run begins step by step as a shorter one does, until that one cools down
(Hägele et al. 2024, arXiv 2405.18392): a branch. A step's randomness is a function of its number, so on a CPU
a branch ends bit for bit as the same point trained alone, and which of the two it was is no part of its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scaling.study.point import Point


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Where a point leaves a trunk."""

    step: int
    """Steps that the point does not train itself."""
    carrier: str | None
    """Id of the point of the same plan that trains them; None where their state is on disk."""


def num_steps(point: Point) -> int:
    """Steps of the whole point."""
    return point.epochs * point.steps_per_epoch


def trunk_steps(point: Point) -> int:
    """Number of steps that the point shares with a longer one; 0 where it can share none."""
    return point.schedule.trunk_steps(num_steps(point))


def trunk_directory(study: Path, point: Point) -> Path:
    """Where the states of its trunk are: one place for all points that differ only in the epochs."""
    return study / "trunks" / replace(point, epochs=1).id


def state_file(directory: Path, step: int) -> Path:
    return directory / f"step-{step}.pt"


def last_state(directory: Path, at_most: int) -> int:
    """The last step, up to `at_most`, whose state is in the directory; 0 where there is none."""
    names = (file.stem.removeprefix("step-") for file in directory.glob("step-*.pt"))
    return max((step for step in map(int, names) if step <= at_most), default=0)


def carriers(points: Iterable[Point]) -> dict[str, Point]:
    """For each point that can branch off another of these, by its id, the longest such."""
    alike: defaultdict[Path, list[Point]] = defaultdict(list)
    for point in points:
        if trunk_steps(point):
            alike[trunk_directory(Path(), point)].append(point)
    longest = {key: max(group, key=trunk_steps) for key, group in alike.items()}
    return {
        point.id: longest[key] for key, group in alike.items() for point in group if point is not longest[key]
    }


def states_to_keep(points: Sequence[Point]) -> dict[str, tuple[int, ...]]:
    """Steps at which a trunk's state is kept, for each point that no longer one carries, by its id: those at
    which others of these branch off, and the end of its own trunk, for a longer point to come."""
    carried = carriers(points)
    ends = {point.id: [trunk_steps(point)] for point in points if point.id not in carried}
    for point in points:
        if point.id in carried:
            ends[carried[point.id].id].append(trunk_steps(point))
    return {each: tuple(sorted(steps)) for each, steps in ends.items() if any(steps)}
