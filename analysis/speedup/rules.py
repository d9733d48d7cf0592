"""Speed-ups in rules.json: plain values, with None for NaN and for an open end of an interval."""

from __future__ import annotations

from typing import Any

from analysis.rounding import rounded, rounded_each
from analysis.speedup.at_equal_accuracy import AtEqualAccuracy
from analysis.speedup.printed import PrintedPair
from analysis.speedup.slow_resolution import Ladders
from analysis.speedup.speedup import Speedup


def equal_json(found: AtEqualAccuracy) -> dict[str, Any]:
    """All comparisons, under their keys in rules.json."""
    return {
        "speedups": [speedup_json(each) for each in found.speedups],
        "printed_speedups": [printed_json(each) for each in found.printed],
        "ladders": [ladders_json(each) for each in found.ladders],
    }


def speedup_json(each: Speedup) -> dict[str, Any]:
    """One comparison as plain values."""
    return {
        "data": each.data,
        "epochs": each.epochs,
        "cost": each.cost.name,
        "of": each.cost.detail or None,
        "base": each.base,
        "family": each.family,
        "num_models": {"base": each.num_models[0], "family": each.num_models[1]},
        "top1": rounded_each(each.common_top1),
        "times": rounded(each.times),
        "ci95": rounded_each(each.ci95),
        "verdict": each.verdict,
        "at": [
            {
                "model": model.title,
                "top1": rounded(model.top1),
                "times": rounded(model.times),
                "ci95": rounded_each(model.ci95),
            }
            for model in each.at
        ],
    }


def printed_json(each: PrintedPair) -> dict[str, Any]:
    """One printed pair as plain values."""
    return {
        "cost": each.cost.name,
        "of": each.cost.detail or None,
        "fast": each.fast,
        "slow": each.slow,
        "printed": each.printed,
        "times": rounded(each.times),
        "top1_lead": rounded(each.top1_lead),
        "at_slow": rounded(each.at_slow),
        "at_slow_ci95": rounded_each(each.at_slow_ci95),
    }


def ladders_json(found: Ladders) -> dict[str, Any]:
    """The ladders of one regime and cost as plain values."""
    return {
        "data": found.data,
        "epochs": found.epochs,
        "cost": found.cost.name,
        "of": found.cost.detail or None,
        "prefer": found.best or "undecided",
        "ladders": [
            {"name": each.name, "pixels": list(each.pixels), "beaten_by": list(each.beaten_by)}
            for each in found.ladders
        ],
        "pairs": [speedup_json(each) for each in found.pairs],
    }
