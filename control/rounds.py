"""Sentences on the rounds of an adaptive launch: what was learned, what runs next, what is spent."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.suggest.sentences import NOTHING_DIFFERS, flops_text, verdict_text
from analysis.suggest.suggest import Suggestion
from scaling.quantity import counted, listed
from scaling.study.point import Point

NAMED_AT_MOST = 6


def learned_text(number: int, found: Suggestion) -> str:
    """`Round 3. Settled: …. Open: depth or width at 10 epochs: depth, +0.4 points (0.2, 0.7), 71 %.`"""
    settled = [f"{each.name}: {verdict_text(each)}" for each in found.foresights if each.settled]
    still_open = [
        f"{each.name}: {verdict_text(each)}, {each.probability:.0%}"
        for each in sorted(found.foresights, key=lambda each: each.probability)
        if not each.settled
    ]
    parts = [f"Round {number}."]
    parts += [f"Settled: {'; '.join(settled)}."] if settled else []
    parts += [f"Open: {'; '.join(still_open)}."] if still_open else []
    return " ".join(parts)


def next_text(points: Sequence[Point], price: float, rules: Sequence[str]) -> str:
    """`  2 runs for 3.2e11 train FLOPs, for depth or width at 10 epochs: 8x0.5@14:10 seed 1, …`"""
    named = [
        f"{each.depth:g}x{each.width:g}@{each.resolution}:{each.epochs} seed {each.seed}" for each in points
    ]
    more = f" and {len(named) - NAMED_AT_MOST} more" if len(named) > NAMED_AT_MOST else ""
    return (
        f"  {counted(len(points), 'run')} for {flops_text(price)} train FLOPs, for "
        f"{listed(list(dict.fromkeys(rules)))}: "
        f"{', '.join(named[:NAMED_AT_MOST])}{more}."
    )


def spent_text(spent: float, budget: float | None, whole: float) -> str:
    """`Spent 1.2e12 of 5e12 train FLOPs, 11 % of the whole grid's 1.1e13.`"""
    of_budget = "" if budget is None else f" of {flops_text(budget)}"
    return (
        f"Spent {flops_text(spent)}{of_budget} train FLOPs, {spent / whole:.1%} of the whole grid's "
        f"{flops_text(whole)}."
    )


def end_text(found: Suggestion | None, budget: float | None, left: float) -> str:
    """Why there is no further round."""
    if found is None:
        return "All points of the grid have ended."
    if found.is_flat:
        return NOTHING_DIFFERS
    still_open = listed([each.name for each in found.foresights if not each.settled])
    match found.status:
        case "settled":
            assumed = (
                " The noise of a run is assumed: there are too few repeats to estimate it."
                if found.is_assumed
                else ""
            )
            return f"Every rule is settled: {'; '.join(_told(found))}.{assumed}"
        case "too_dear":
            return (
                f"Of the budget of {flops_text(budget or 0.0)}, {flops_text(max(left, 0.0))} is left, and "
                f"the cheapest run that would tell more about {still_open} takes "
                f"{flops_text(found.cheapest or 0.0)}."
            )
    return f"No run that is left would tell more about {still_open}: add seeds, or widen the grid."


def _told(found: Suggestion) -> list[str]:
    return [f"{each.name}: {verdict_text(each)}" for each in found.foresights]
