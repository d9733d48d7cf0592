"""The additive study of training methods: what each method adds to those before it, and their total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from analysis.contrast import Cells, Effect, Ratio, cells_of, judged
from analysis.methods.gap import Gap, gap_of
from analysis.methods.methods import Order, Place, place_of, whole_place_of
from analysis.noise import Interval
from analysis.table import Table
from scaling.errors import Refused
from scaling.quantity import counted


@dataclass(frozen=True, kw_only=True)
class Rung:
    label: str
    number: int
    """Number of methods that it has, in the order of the paper."""
    num_seeds: int
    top1: float
    """Mean over the seeds, in percent."""
    ci95: Interval | None
    step: Effect | None
    """Gain over the rung before in points; None for the first rung, and where the two share no seed. The
    verdicts of all steps share a 5 % error rate."""
    so_far: Effect | None
    """Gain over the first rung in points."""
    paper_top1: float | None
    paper_step: float | None


@dataclass(frozen=True, kw_only=True)
class Share:
    """How the gain of the whole ladder divides between training methods and architecture."""

    training: Effect
    architecture: Effect
    together: Effect
    ratio: Ratio | None
    """Ratio of training to together."""
    verdict: Literal["training", "architecture", "undecided"]
    """Which of the two gives more than half of the gain, beyond noise."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    order: Order
    metric: str
    """`test_top1`, or `top1` where no test images were evaluated."""
    rungs: list[Rung]
    """The rungs with results, in the order of the paper."""
    gaps: list[Gap]
    share: Share | None
    no_share: str
    """Why there is no share, as a clause."""

    @property
    def is_the_papers(self) -> bool:
        return all(
            rung.paper_top1 is not None and abs(rung.top1 - rung.paper_top1) < 1e-6 for rung in self.rungs
        )


def climb(table: Table) -> Ladder:
    """The ladder in a table. Raises `Refused` where fewer than two rungs have results."""
    place = place_of(table)
    ladder = _ladder(table, place)
    if len(ladder.rungs) < 2:
        raise Refused(
            f"{table.source} has results of {counted(len(ladder.rungs), 'rung')} of the ladder, and two are "
            f"needed: python sweep.py study={place.order.study} trains all of them."
        )
    return ladder


def additive_study(table: Table) -> Ladder | None:
    """The ladder of a table that consists of one, finished or not; None for other tables."""
    place = whole_place_of(table)
    return None if place is None else _ladder(table, place)


def _ladder(table: Table, place: Place) -> Ladder:
    usable = place.rows[place.rows["left_out"].isna()]
    cells = cells_of(table, usable, usable["rung"])
    numbers = [int(rung) for rung in cells.top1.columns if cells.top1[rung].notna().any()]
    steps = [cells.effect({b: 1, a: -1}) for a, b in pairwise(numbers)]
    share, no_share = _share(cells, numbers, place)
    return Ladder(
        order=place.order,
        metric=cells.metric,
        rungs=[
            _rung(cells, place.order, numbers, at, step)
            for at, step in enumerate([None, *judged(steps)][: len(numbers)])
        ],
        gaps=[gap for number in place.planned if (gap := _gap(place, number)) is not None],
        share=share,
        no_share=no_share,
    )


def _rung(cells: Cells, order: Order, numbers: Sequence[int], at: int, step: Effect | None) -> Rung:
    number = numbers[at]
    own = cells.effect({number: 1})
    assert own is not None  # the rung has results
    so_far = cells.effect({number: 1, numbers[0]: -1}) if at else None
    (so_far,) = judged([so_far])
    paper, before = order.paper_top1[number], order.paper_top1[numbers[at - 1]] if at else None
    return Rung(
        label=order.label(number),
        number=number,
        num_seeds=own.num_seeds,
        top1=own.points,
        ci95=own.ci95,
        step=step,
        so_far=so_far,
        paper_top1=paper,
        paper_step=None if before is None or paper is None else round(paper - before, 1),
    )


def _gap(place: Place, number: int) -> Gap | None:
    return gap_of(place.order.label(number), place.rows[place.rows["rung"] == number])


def _share(cells: Cells, numbers: Sequence[int], place: Place) -> tuple[Share | None, str]:
    """The share and an empty text, or None and why there is none."""
    kinds = {place.order.methods[position].kind for position in place.methods}
    if len(kinds) < 2:
        return None, f"the ladder has {kinds.pop() if kinds else 'no'} steps only"
    middle = max(number for number in place.planned if number <= place.order.num_training)
    if middle not in numbers:
        return None, f"{place.order.label(middle)} has no result"
    first, last = numbers[0], numbers[-1]
    if not first < middle < last:
        side = "training" if first == middle else "architecture"
        return None, f"no step of {side} has a result"
    part, whole = {middle: 1.0, first: -1.0}, {last: 1.0, first: -1.0}
    complete = cells.top1.dropna(subset=[first, middle, last])  # so that the parts add up to the whole
    same = replace(cells, top1=complete)
    effects = judged([same.effect(each) for each in (part, {last: 1.0, middle: -1.0}, whole)], together=False)
    training, architecture, together = effects
    if training is None or architecture is None or together is None:
        return None, "no seed has a result of all its ends"
    ratio = same.ratio(part, whole)
    verdict = _more_than_half(together, ratio)
    share = Share(
        training=training, architecture=architecture, together=together, ratio=ratio, verdict=verdict
    )
    return share, ""


def _more_than_half(
    together: Effect, ratio: Ratio | None
) -> Literal["training", "architecture", "undecided"]:
    if together.verdict != "helps" or ratio is None or ratio.ci95 is None:
        return "undecided"
    low, high = ratio.ci95
    return "training" if low > 0.5 else "architecture" if high < 0.5 else "undecided"
