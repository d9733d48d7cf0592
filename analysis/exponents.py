"""Exponents: how each knob grows with cost along a law's optimal path, d log knob / d log FLOPs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.law.law import Law
from analysis.noise import Floats, Interval

KNOBS = ("depth", "width", "resolution")
COMPOUND = {"depth": 0.263, "width": 0.138, "resolution": 0.202}
"""EfficientNet's: depth 1.2^phi, width 1.1^phi, resolution 1.15^phi at FLOPs 2^phi (Tan and Le 2019, arXiv
1905.11946, section 3.3)."""
NUM_BUDGETS = 25
"""Over the measured FLOPs, evenly in their logarithm; NUM_SLOPE of them carry the slope."""
NUM_SLOPE = 5
NUM_STEPS = 40
"""Values of a knob, evenly in its logarithm, among which the best is looked for."""
NUM_ZOOMS = 3
"""Each to a quarter of a step."""
LEAST_SPAN = 3.0
"""Times the FLOPs over which the best networks must lie inside the measured range for a slope to be told."""
SLACK = 64.0
"""Times beyond the measured range that a replicate's best network may lie: so far that hardly any is left
out, which would make the interval too narrow."""
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
    """Of the path."""
    flops: Interval | None = None
    """The budgets between which the best network is inside the measured range of every knob."""
    reason: str = ""
    """Why something is undetermined, a clause; empty where nothing is."""


@dataclass(frozen=True)
class _Surface:
    """Networks of equal FLOPs: all knobs but the last on a lattice, the last one solved for each budget."""

    knobs: tuple[str, ...]
    low: Floats
    """Logarithms of the smallest and largest values measured, [knobs]."""
    high: Floats
    powers: Floats
    """FLOPs are exp(constant) times the product of knobs to these powers, as fitted to the rows."""
    constant: float

    def wider(self, times: float) -> _Surface:
        return replace(self, low=self.low - np.log(times), high=self.high + np.log(times))

    def last(self, budget: float, others: Floats) -> Floats:
        """The last knob at log FLOPs `budget`, given the others [..., knobs - 1]."""
        return np.asarray((budget - self.constant - others @ self.powers[:-1]) / self.powers[-1])


def exponents(law: Law | None, rows: pd.DataFrame) -> Exponents:
    """The slopes of the law's optimal path, at the most epochs of its rows.

    rows: the models that the law is about, the columns of `noise.group_seeds`. For each budget of FLOPs the
    network of the least error is looked for. Where the formula puts it inside the measured range of every
    knob, the knobs are regressed on the budget, by the formula and by each replicate of its parameters.
    """
    if law is None:
        return Exponents(reason="no law is fitted")
    knobs = tuple(knob for knob in KNOBS if knob in law.form.knobs and rows[knob].nunique() > 1)
    known = rows[np.isfinite(rows["flops"])]
    if len(knobs) < 2 or len(known) <= len(knobs) + 1:
        return Exponents(reason="the law does not tell depth, width and resolution apart")
    path = _Path(law, _surface(knobs, known), _others(rows, knobs))
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
        return Exponents(epochs=epochs, flops=ends, reason="the law is too uncertain of where the best lie")
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
        reasons.append(f"of {' and '.join(leaning)} the models say little, the law leans on its prior there")
    return Exponents(**found, epochs=epochs, flops=ends, reason="; ".join(reasons))


def exponents_sentence(found: Exponents) -> str:
    """`Along the best networks at 350 epochs they grow: depth as FLOPs^0.30 (0.21, 0.42); …`"""
    parts = []
    for knob in KNOBS:
        power, usual = power_text(getattr(found, knob)), f"EfficientNet {COMPOUND[knob]:.3f}"
        parts.append(f"{knob} as {power[:-1]}; {usual})" if power else f"{knob} undetermined ({usual})")
    where = "" if found.epochs is None else f" at {found.epochs:g} epochs"
    why = f": {found.reason}" if found.reason else ""
    return f"Along the best networks{where} the knobs grow with cost: {', '.join(parts)}{why}."


def power_text(exponent: Exponent) -> str:
    """`FLOPs^0.48 (−0.02, 1.04)`; empty where it is undetermined."""
    if exponent.estimate is None or exponent.ci95 is None:
        return ""
    low, high = exponent.ci95
    return f"FLOPs^{exponent.estimate:.2f} ({low:.2f}, {high:.2f})".replace("-", "−")


def exponents_json(found: Exponents) -> dict[str, dict[str, Any]]:
    """By knob: estimate, ci95 and status, as rules.json has them."""
    return {
        knob: {
            "estimate": None if each.estimate is None else round(each.estimate, 4),
            "ci95": None if each.ci95 is None else [round(bound, 4) for bound in each.ci95],
            "status": each.status,
        }
        for knob, each in ((knob, getattr(found, knob)) for knob in KNOBS)
    }


def _surface(knobs: tuple[str, ...], rows: pd.DataFrame) -> _Surface:
    logs = np.log(rows[list(knobs)].to_numpy(dtype=float))
    design = np.column_stack([logs, np.ones(len(rows))])
    solution = np.linalg.lstsq(design, np.log(rows["flops"].to_numpy(dtype=float)), rcond=None)[0]
    return _Surface(knobs, logs.min(axis=0), logs.max(axis=0), solution[:-1], float(solution[-1]))


def _others(rows: pd.DataFrame, knobs: tuple[str, ...]) -> dict[str, float]:
    """The axes that stay as they are."""
    fixed = {knob: float(rows[knob].median()) for knob in KNOBS if knob not in knobs}
    return fixed | {"epochs": float(rows["epochs"].max())}


@dataclass(frozen=True)
class _Path:
    """The best networks of a law, by budget."""

    law: Law
    surface: _Surface
    others: dict[str, float]

    def slopes(self, budgets: Floats, theta: Floats) -> Floats:
        """d log knob / d log FLOPs by least squares, [B, knobs], of parameters theta [B, p]."""
        best = np.array([self.best(budget, theta) for budget in budgets])
        off = budgets - budgets.mean()
        return np.asarray(np.einsum("f,fbk->bk", off, best) / (off**2).sum())

    def best(self, budget: float, theta: Floats) -> Floats:
        """Log knobs of the network of the least error, [B, knobs]; NaN where it is at an end of a range."""
        surface = self.surface
        ends = zip(surface.low[:-1].tolist(), surface.high[:-1].tolist(), strict=True)
        axes = [np.linspace(low, high, NUM_STEPS) for low, high in ends]
        lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        error = self._error(budget, theta, lattice.reshape(-1, len(axes))).reshape(-1, *lattice.shape[:-1])
        step = np.array([values[1] - values[0] for values in axes])
        best = np.array(
            [self._zoomed(budget, each, own, lattice, step) for each, own in zip(theta, error, strict=True)]
        )
        return np.column_stack([best, surface.last(budget, best)])

    def _error(self, budget: float, theta: Floats, others: Floats) -> Floats:
        """What grows with the error, [B, n], at log knobs `others` [n, knobs - 1] and the last one that the
        budget leaves; infinite where that is beyond its range."""
        surface, form = self.surface, self.law.form
        last = surface.last(budget, others)
        inside = (last >= surface.low[-1]) & (last <= surface.high[-1])
        logs = dict(zip(surface.knobs, [*others.T, last], strict=True))
        x = np.column_stack(
            [
                logs.get(knob, np.full(len(last), np.log(self.others.get(knob, 1.0))))
                - np.log(self.law.fit.centre[knob])
                for knob in form.knobs
            ]
        )
        return np.where(inside, form.evaluate(theta, x)[0], np.inf)

    def _zoomed(self, budget: float, theta: Floats, error: Floats, lattice: Floats, step: Floats) -> Floats:
        """The least of error [steps, …], [knobs - 1], found ever closer; NaN at an end of the lattice."""
        place = np.unravel_index(int(error.argmin()), error.shape)
        around = error[tuple(slice(max(at - 1, 0), at + 2) for at in place)]
        if around.shape != (3,) * error.ndim or not np.isfinite(around).all():
            return np.full(len(step), np.nan)
        near = np.stack(np.meshgrid(*[np.linspace(-1, 1, 9)] * len(step), indexing="ij"), axis=-1)
        best = lattice[place]
        for zoom in range(NUM_ZOOMS):
            spots = best + near.reshape(-1, len(step)) * step / 4**zoom
            best = spots[self._error(budget, theta[None], spots)[0].argmin()]
        return np.asarray(best)
