"""A match: one axis is solved so that a cost of each point meets a budget, as for isoFLOP curves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from scaling.errors import Refused
from scaling.models.families import Family
from scaling.models.scaled import WIDEST
from scaling.study.point import Point
from scaling.study.size import LARGEST_SIDE
from scaling.study.spelling import nearest

MatchedCost = Literal["flops", "train_flops", "params"]
SolvedAxis = Literal["depth", "width", "resolution", "epochs"]

_DEPENDS: dict[MatchedCost, tuple[SolvedAxis, ...]] = {
    "flops": ("depth", "width", "resolution"),
    "train_flops": ("depth", "width", "resolution", "epochs"),
    "params": ("depth", "width"),
}
"""Axes that each cost depends on."""

WIDTH_DIGITS = 3
"""Decimal places of the searched widths; the result has the fewest places that give the same network."""

MOST_EPOCHS = 1_000_000
"""Largest number of epochs that is searched."""


@dataclass(frozen=True, kw_only=True)
class Match:
    """The axis to solve, and the cost and budgets that it has to meet."""

    cost: MatchedCost
    budgets: tuple[float, ...]
    solve: SolvedAxis
    tolerance: float = 0.1
    """Largest relative error that rounding to whole channels, blocks, pixels or epochs may leave."""

    def __post_init__(self) -> None:
        if self.solve not in get_args(SolvedAxis):
            raise Refused(f"match.solve={self.solve}: {nearest(str(self.solve), get_args(SolvedAxis))}.")
        if self.solve not in _DEPENDS[self.cost]:
            raise Refused(
                f"match.solve={self.solve} cannot meet match.{self.cost}, which depends on "
                f"{', '.join(_DEPENDS[self.cost])}: solve one of these."
            )
        if not self.budgets or not all(0 < budget < math.inf for budget in self.budgets):
            raise Refused(f"match.{self.cost}={list(self.budgets)} should be positive numbers.")
        if not 0 < self.tolerance < math.inf:
            raise Refused(f"match.tolerance={self.tolerance:g} should be a positive share, such as 0.1.")


class Matched(NamedTuple):
    """A cost and the budget that it should meet."""

    cost: MatchedCost
    budget: float

    def error(self, point: Point) -> float:
        """Relative error of the point's cost against the budget; negative if the cost is below."""
        return float(getattr(point.cost, self.cost)) / self.budget - 1


def solve(match: Match, budget: float, model: Family, at: Callable[[float], Point]) -> Point:
    """The point whose cost is nearest to `budget` among all values of the solved axis.

    `at` makes the point at a value. Costs grow along every axis, so a binary search over a lattice of values
    finds it. Raises Refused, naming the nearest point, if its error exceeds the tolerance.
    """
    error_of = Matched(match.cost, budget).error
    low, high, value_at = _lattice(match.solve, model)
    below = None
    while low < high:
        middle = (low + high) // 2
        point = _try(at, value_at(middle))
        if point is None or error_of(point) < 0:
            low = middle + 1
            below = point or below
        else:
            high = middle
    above = _try(at, value_at(low))
    found = [point for point in (below, above) if point is not None]
    if not found:
        at(value_at(low))  # raises the reason why nothing can be built
    nearest = min(found, key=lambda point: _distance(error_of(point), match.tolerance))
    error = error_of(nearest)
    if abs(error) > match.tolerance:
        raise Refused(_no_solution(match, budget, nearest, error))
    return _plainest(nearest, at) if match.solve == "width" else nearest


def _distance(error: float, tolerance: float) -> tuple[bool, float]:
    """Sort key: errors within the tolerance first, then by log ratio, in which -10 % is larger than +10 %."""
    return abs(error) > tolerance, abs(math.log1p(error))


def _no_solution(match: Match, budget: float, nearest: Point, error: float) -> str:
    others = " ".join(
        f"{axis}={value:g}" for axis, value in nearest.axes.items() if axis not in (match.solve, "seed")
    )
    cost = getattr(nearest.cost, match.cost)
    return (
        f"match.{match.cost}={budget:.4g} has no {match.solve} at {others}: the nearest, "
        f"{match.solve}={getattr(nearest, match.solve):g}, gives {cost:.4g} ({error:+.1%}), beyond "
        f"match.tolerance={match.tolerance:g}."
    )


def _lattice(axis: SolvedAxis, model: Family) -> tuple[int, int, Callable[[int], float]]:
    """Lowest and highest index of the values of an axis, and the value at an index."""
    match axis:
        case "depth":
            return 0, len(model.depths) - 1, lambda index: model.depths[index]
        case "width":
            return 1, WIDEST * 10**WIDTH_DIGITS, lambda index: index / 10**WIDTH_DIGITS
        case "resolution":
            return 1, LARGEST_SIDE, lambda index: index
        case "epochs":
            return 1, MOST_EPOCHS, lambda index: index


def _try(at: Callable[[float], Point], value: float) -> Point | None:
    """The point at `value`; None if it cannot be built because the value is too small."""
    try:
        return at(value)
    except Refused:
        return None


def _plainest(point: Point, at: Callable[[float], Point]) -> Point:
    """The point with the same network whose width has the fewest digits."""
    for digits in range(WIDTH_DIGITS):
        for width in _rounded(point.width, digits):
            plain = _try(at, width)
            if plain is not None and plain.network == point.network:
                return plain
    return point


def _rounded(width: float, digits: int) -> list[float]:
    """The two neighbours of the width with that many decimal places, the nearer one first."""
    step, nearest = 10**-digits, round(width, digits)
    return [nearest, round(nearest + math.copysign(step, width - nearest), digits)]
