"""Foresights as a table for people, and as plain values for programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.sheet import Sheet
from analysis.suggest.foresight import CONFIDENCE, Foresight
from analysis.suggest.suggest import Suggestion


def foresight_sheet(found: Suggestion, budget: float = np.inf) -> Sheet:
    """One row per rule: the verdict of the whole grid, and how likely the budget (train FLOPs) is to settle
    it."""
    rows = [
        (
            each.name,
            each.verdict.replace("_", " "),
            f"{each.probability:.0%}",
            _estimate(each),
            _settled(each, found.chances.get(each.rule) if budget < np.inf else None),
        )
        for each in found.foresights
    ]
    later = f", or how likely it is to be once the budget of {budget:.3g} train FLOPs is spent"
    note = (
        "Sure: probability that the whole grid, once measured, gives this verdict. Settled: sure enough for "
        f"all rules together to be right with {CONFIDENCE:.0%}{later if budget < np.inf else ''}. Estimate: "
        "points of top-1, epochs, or pixels, with its 95 % interval. Compared at equal FLOPs."
    )
    head = ("rule", "verdict", "sure", "estimate", "settled")
    return Sheet("What the whole grid would say", note, head, rows, topic="foreseen")


def _settled(each: Foresight, chance: float | None) -> str:
    if each.settled:
        return "yes"
    return "no" if chance is None else f"{chance:.0%} with it"


def foresights_json(found: Suggestion) -> list[dict[str, Any]]:
    """The foresights as plain values, with None in the place of NaN."""
    return [
        {
            "rule": each.rule,
            "name": each.name,
            "verdict": each.verdict,
            "probability": each.probability,
            "estimate": each.estimate,
            "ci95": None if each.ci95 is None else list(each.ci95),
            "settled": each.settled,
            "chance": found.chances.get(each.rule),
        }
        for each in found.foresights
    ]


def _estimate(each: Foresight) -> str:
    if each.estimate is None:
        return "-"
    interval = "" if each.ci95 is None else f" ({each.ci95[0]:.3g}, {each.ci95[1]:.3g})"
    unit = {"crossover": " epochs", "resolution": " px"}.get(each.kind, "")
    return f"{each.estimate:.3g}{unit}{interval}"
