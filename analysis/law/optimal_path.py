"""The optimal path of a law: for each budget of FLOPs, the network with the lowest error."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.law.law import Law
from analysis.noise import Floats

NUM_STEPS = 40
"""Number of values of a knob, evenly spaced in its logarithm, among which the best is searched."""
NUM_ZOOMS = 3
"""Number of refinements, each to a quarter of a step."""


@dataclass(frozen=True)
class Surface:
    """Networks of equal FLOPs: all knobs but the last on a lattice, the last one solved for each budget."""

    knobs: tuple[str, ...]
    low: Floats
    """[knobs], logarithms of the smallest and of the largest measured values."""
    high: Floats
    powers: Floats
    """[knobs], exponents in FLOPs = exp(constant) times the product of the knobs to these powers, fitted to
    the rows."""
    constant: float

    def wider(self, times: float) -> Surface:
        return replace(self, low=self.low - np.log(times), high=self.high + np.log(times))

    def last(self, budget: float, others: Floats) -> Floats:
        """The last knob at log FLOPs `budget`, given the others [..., knobs - 1]."""
        return np.asarray((budget - self.constant - others @ self.powers[:-1]) / self.powers[-1])


def fit_surface(knobs: tuple[str, ...], rows: pd.DataFrame) -> Surface:
    logs = np.log(rows[list(knobs)].to_numpy(dtype=float))
    design = np.column_stack([logs, np.ones(len(rows))])
    solution = np.linalg.lstsq(design, np.log(rows["flops"].to_numpy(dtype=float)), rcond=None)[0]
    return Surface(knobs, logs.min(axis=0), logs.max(axis=0), solution[:-1], float(solution[-1]))


@dataclass(frozen=True)
class OptimalPath:
    """The best networks of a law, by budget."""

    law: Law
    surface: Surface
    others: dict[str, float]

    def slopes(self, budgets: Floats, theta: Floats) -> Floats:
        """[B, knobs], d log knob / d log FLOPs by least squares, for parameters theta [B, p]."""
        best = np.array([self.best(budget, theta) for budget in budgets])
        off = budgets - budgets.mean()
        return np.asarray(np.einsum("f,fbk->bk", off, best) / (off**2).sum())

    def best(self, budget: float, theta: Floats) -> Floats:
        """[B, knobs], log knobs of the network with the lowest error; NaN where it is at an end of a
        range."""
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
        """[B, n], log sum of the form, which grows with the error, at log knobs `others` [n, knobs - 1] and
        the last knob that the budget leaves; infinite where that is beyond its range."""
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
        """[knobs - 1], place of the lowest error on the lattice [steps, …], refined; NaN at an end of the
        lattice."""
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
