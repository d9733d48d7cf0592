"""Speed-ups in rules.json: plain values, with None for NaN and for an open end of an interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
        "top1": None if each.common_top1 is None else _rounded(each.common_top1),
        "times": _round(each.times),
        "ci95": None if each.ci95 is None else _rounded(each.ci95),
        "verdict": each.verdict,
        "at": [
            {
                "model": model.title,
                "top1": _round(model.top1),
                "times": _round(model.times),
                "ci95": None if model.ci95 is None else _rounded(model.ci95),
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
        "times": _round(each.times),
        "top1_lead": _round(each.top1_lead),
        "at_slow": _round(each.at_slow),
        "at_slow_ci95": None if each.at_slow_ci95 is None else _rounded(each.at_slow_ci95),
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


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [_round(each) for each in values]


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4) + 0.0
