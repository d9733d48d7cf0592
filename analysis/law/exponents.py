"""Exponents: how each knob grows with cost along a law's optimal path, d log knob / d log FLOPs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.law.law import Law
from analysis.law.optimal_path import OptimalPath, fit_surface
from analysis.noise import Interval
from analysis.rounding import rounded, rounded_each
from scaling.quantity import counted

KNOBS = ("depth", "width", "resolution")
COMPOUND = {"depth": 0.263, "width": 0.138, "resolution": 0.202}
"""EfficientNet's exponents: depth 1.2^phi, width 1.1^phi, resolution 1.15^phi at FLOPs 2^phi (Tan and Le
2019, arXiv 1905.11946, section 3.3)."""
NUM_BUDGETS = 25
"""Number of budgets over the measured FLOPs, evenly spaced in their logarithm; NUM_SLOPE give the slope."""
NUM_SLOPE = 5
LEAST_SPAN = 3.0
"""Smallest ratio of FLOPs over which the best networks must lie inside the measured range to report a
slope."""
SLACK = 64.0
"""Factor by which a replicate's best network may lie beyond the measured range: large enough to exclude
hardly any, since excluding them would make the interval too narrow."""
SURE = 0.9
"""Share of the replicates that must have a slope."""


@dataclass(frozen=True, kw_only=True)
class Exponent:
    estimate: float | None
    ci95: Interval | None
    status: Literal["determined", "undetermined"]


UNDETERMINED = Exponent(estimate=None, ci95=None, status="undetermined")


@dataclass(frozen=True, kw_only=True)
class Exponents:
    depth: Exponent = UNDETERMINED
    width: Exponent = UNDETERMINED
    resolution: Exponent = UNDETERMINED
    epochs: float | None = None
    """Epochs of the path."""
    flops: Interval | None = None
    """Budgets between which the best network is inside the measured range of every knob."""
    reason: str = ""
    """Why something is undetermined, as a clause; empty where nothing is."""


def exponents(law: Law | None, rows: pd.DataFrame) -> Exponents:
    """The slopes of the law's optimal path, at the most epochs of its rows.

    rows: the models that the law is about, with the columns of `noise.group_seeds`. For each budget of FLOPs
    the network with the lowest error is sought. Where the formula puts it inside the measured range of every
    knob, the knobs are regressed on the budget, for the formula and for each replicate of its parameters.
    """
    if law is None:
        return Exponents(reason="no law is fitted")
    knobs = tuple(knob for knob in KNOBS if knob in law.form.knobs and rows[knob].nunique() > 1)
    known = rows[np.isfinite(rows["flops"])]
    if len(knobs) < 2 or len(known) <= len(knobs) + 1:
        return Exponents(reason="the law does not separate depth, width and resolution")
    path = OptimalPath(law, fit_surface(knobs, known), _others(rows, knobs))
    budgets = np.linspace(np.log(known["flops"].min()), np.log(known["flops"].max()), NUM_BUDGETS)
    inside = budgets[[bool(np.isfinite(path.best(budget, law.fit.theta[None])).all()) for budget in budgets]]
    epochs = path.others["epochs"]
    if not len(inside) or np.ptp(inside) < np.log(LEAST_SPAN):
        return Exponents(epochs=epochs, reason="the best networks lie at the edge of the measured range")
    ends = float(np.exp(inside[0])), float(np.exp(inside[-1]))
    budgets = np.linspace(inside[0], inside[-1], NUM_SLOPE)
    slopes = path.slopes(budgets, law.fit.theta[None])[0]
    replicates = replace(path, surface=path.surface.wider(SLACK)).slopes(budgets, law.theta_draws)
    sure = np.isfinite(replicates).all(axis=1)
    if sure.mean() < SURE:
        return Exponents(epochs=epochs, flops=ends, reason="the law leaves the best networks too uncertain")
    low, high = np.quantile(replicates[sure], [0.025, 0.975], axis=0)
    leaning = [knob for knob in knobs if f"a_{knob}" in law.undecided]
    found = {
        knob: Exponent(
            estimate=float(slopes[place]),
            ci95=(float(low[place]), float(high[place])),
            status="determined",
        )
        for place, knob in enumerate(knobs)
        if knob not in leaning
    }
    fixed = [knob for knob in KNOBS if knob not in knobs]
    reasons = [f"the law does not have {' and '.join(fixed)}"] if fixed else []
    if leaning:
        reasons.append(
            f"the data say little about {' and '.join(leaning)}, so the law rests on its prior there"
        )
    return Exponents(**found, epochs=epochs, flops=ends, reason="; ".join(reasons))


def exponents_sentence(found: Exponents) -> str:
    """`Along the best networks at 350 epochs the knobs grow with cost: depth as FLOPs^0.30 (0.21, 0.42; …),
    …`"""
    parts = []
    for knob in KNOBS:
        power, usual = power_text(getattr(found, knob)), f"EfficientNet {COMPOUND[knob]:.3f}"
        parts.append(f"{knob} as {power[:-1]}; {usual})" if power else f"{knob} undetermined ({usual})")
    where = "" if found.epochs is None else f" at {counted(found.epochs, 'epoch')}"
    why = f": {found.reason}" if found.reason else ""
    return f"Along the best networks{where} the knobs grow with cost: {', '.join(parts)}{why}."


def power_text(exponent: Exponent) -> str:
    """An exponent as text: `FLOPs^0.48 (−0.02, 1.04)`; empty where it is undetermined."""
    if exponent.estimate is None or exponent.ci95 is None:
        return ""
    low, high = exponent.ci95
    return f"FLOPs^{exponent.estimate:.2f} ({low:.2f}, {high:.2f})".replace("-", "−")


def exponents_json(found: Exponents) -> dict[str, dict[str, Any]]:
    """Estimate, ci95 and status by knob, as in rules.json."""
    return {
        knob: {
            "estimate": rounded(each.estimate),
            "ci95": rounded_each(each.ci95),
            "status": each.status,
        }
        for knob, each in ((knob, getattr(found, knob)) for knob in KNOBS)
    }


def _others(rows: pd.DataFrame, knobs: tuple[str, ...]) -> dict[str, float]:
    """The values of the axes that stay fixed along the path."""
    fixed = {knob: float(rows[knob].median()) for knob in KNOBS if knob not in knobs}
    return fixed | {"epochs": float(rows["epochs"].max())}
