"""The minimiser: sums of Huber losses of log error, for many data sets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.law.form import Form
from analysis.noise import Floats

EXPONENT_BOUNDS = (0.0, 6.0)
COEFFICIENT_BOUNDS = (-30.0, 8.0)
"""Bounds of the log coefficients relative to the mean log error; a term at the lower bound is negligible."""
CHUNK = 200_000
"""Numbers in the largest array of a chunk of replicates, chosen to fit the cache of a core."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """B data sets of n rows with the same knobs."""

    x: Floats
    """[n, knobs], centred logarithms of the knobs."""
    y: Floats
    """[B or 1, n], log error."""
    scale: Floats
    """[B or 1, n], scale by which the residuals are divided."""
    weight: Floats
    """[B or 1, n], how often each row counts."""
    delta: float
    """Huber's delta, for a residual over its scale."""
    target: Floats
    """[B or 1, p], values to which theta is pulled by the loss pull * (theta - target)^2 / 2."""
    pull: Floats
    """[p], strength of the pull."""

    def take(self, which: npt.NDArray[np.intp]) -> Data:
        """The data sets at these indices."""

        def some(values: Floats) -> Floats:
            return values if len(values) == 1 else values[which]

        return Data(
            x=self.x,
            y=some(self.y),
            scale=some(self.scale),
            weight=some(self.weight),
            delta=self.delta,
            target=some(self.target),
            pull=self.pull,
        )


@dataclass(frozen=True, kw_only=True)
class Minima:
    theta: Floats
    """[B, p], parameters at the minima."""
    objective: Floats
    """[B], sum over rows of weight * Huber(residual / scale), plus the loss of the pull on theta."""
    gradient: Floats
    """[B], norm of the gradient with respect to theta, without parameters held at a bound."""


@dataclass(kw_only=True)
class _State:
    theta: Floats
    objective: Floats
    gradient: Floats
    curvature: Floats

    def put(self, which: npt.NDArray[np.bool_], other: _State) -> None:
        for name in ("theta", "objective", "gradient", "curvature"):
            getattr(self, name)[which] = getattr(other, name)[which]


def bounds(form: Form, middle: float) -> tuple[Floats, Floats]:
    """Lower and upper bounds of theta, [p] each; `middle` is the mean log error."""
    num_terms, num_exponents = len(form.terms), len(form.exponents)
    low, high = (
        np.array([middle + of_terms] * num_terms + [of_exponents] * num_exponents)
        for of_terms, of_exponents in zip(COEFFICIENT_BOUNDS, EXPONENT_BOUNDS, strict=True)
    )
    return low, high


def minimise(
    form: Form, data: Data, start: Floats, *, tolerance: float = 1e-10, num_steps: int = 300
) -> Minima:
    """Levenberg-Marquardt with Huber weights from start [B, p], in chunks of bounded memory."""
    size = max(1, CHUNK // (len(data.x) * len(form.parameters)))
    pieces = [
        _minimise(form, data.take(which), start[which], tolerance, num_steps)
        for which in np.array_split(np.arange(len(start)), -(-len(start) // size))
    ]
    return Minima(
        theta=np.concatenate([piece.theta for piece in pieces]),
        objective=np.concatenate([piece.objective for piece in pieces]),
        gradient=np.concatenate([piece.gradient for piece in pieces]),
    )


def _minimise(form: Form, data: Data, start: Floats, tolerance: float, num_steps: int) -> Minima:
    low, high = bounds(form, float(data.y.mean()))
    best = _state(form, data, np.clip(start, low, high))
    damping = np.full(len(start), 1e-3)
    running = np.ones(len(start), dtype=bool)
    for _ in range(num_steps):
        which = np.flatnonzero(running)
        if not len(which):
            break
        now = _State(
            theta=best.theta[which],
            objective=best.objective[which],
            gradient=best.gradient[which],
            curvature=best.curvature[which],
        )
        trial = _state(form, data.take(which), _step(now, damping[which], low, high))
        gain = now.objective - trial.objective
        better = gain > 0
        small = gain <= tolerance * now.objective
        now.put(better, trial)
        best.theta[which], best.objective[which] = now.theta, now.objective
        best.gradient[which], best.curvature[which] = now.gradient, now.curvature
        running[which[small & (better | (damping[which] > 1e6))]] = False
        damping[which] = np.clip(np.where(better, damping[which] / 5, damping[which] * 4), 1e-9, 1e7)
    free = _free(best, low, high)
    norm = np.sqrt((best.gradient**2 * free).sum(axis=1))
    return Minima(theta=best.theta, objective=best.objective, gradient=norm)


def _state(form: Form, data: Data, theta: Floats) -> _State:
    log_error, shares = form.evaluate(theta, data.x)
    slopes = form.jacobian(shares, data.x)
    residual = (log_error - data.y) / data.scale
    size = np.abs(residual)
    inside = np.minimum(size, data.delta)
    off = theta - data.target
    objective = (data.weight * inside * (size - 0.5 * inside)).sum(axis=1) + 0.5 * off**2 @ data.pull
    weight = data.weight / data.scale * inside / np.maximum(size, 1e-300)
    weighted = slopes * (weight / data.scale)[:, None]
    return _State(
        theta=theta,
        objective=objective,
        gradient=(slopes @ (weight * residual)[:, :, None])[:, :, 0] + off * data.pull,
        curvature=weighted @ slopes.transpose(0, 2, 1) + np.diag(data.pull),
    )


def _free(state: _State, low: Floats, high: Floats) -> npt.NDArray[np.bool_]:
    """[B, p], which parameters the gradient does not hold at a bound."""
    held = ((state.theta <= low) & (state.gradient > 0)) | ((state.theta >= high) & (state.gradient < 0))
    return ~held


def _step(state: _State, damping: Floats, low: Floats, high: Floats) -> Floats:
    free = _free(state, low, high)
    curvature = state.curvature * (free[:, :, None] & free[:, None, :])
    diagonal = np.einsum("bpp->bp", curvature)
    ridge = damping[:, None] * diagonal + 1e-12 * diagonal.max(axis=1, keepdims=True) + ~free + 1e-300
    places = np.arange(curvature.shape[1])
    curvature[:, places, places] += ridge
    step = np.linalg.solve(curvature, (state.gradient * free)[:, :, None])[:, :, 0]
    return np.asarray(np.clip(state.theta - np.clip(step, -3.0, 3.0), low, high))
