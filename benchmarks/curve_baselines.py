"""Baselines for extrapolating learning curves: M4, a broken neural scaling law (BNSL), and the last value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, least_squares, nnls

Floats = npt.NDArray[np.float64]
Curve = tuple[Floats, Floats]
"""Steps and errors of the known part of a curve."""

MARGIN = 1e-3
"""Least distance of M4's limits e_inf and e_0 from the errors."""
DESCENTS, NEWTONS = 100, 10_000
STARTS, CANDIDATES = 12, 400


def last_value(known: Curve, at: Floats) -> Floats:
    """Predict the last known error for all later steps."""
    return np.full(len(at), known[1][-1])


def m4(curves: Sequence[Curve], at: Sequence[Floats], iterations: int = NEWTONS) -> list[Floats]:
    """M4 of Alabdulmohsin et al. 2022 (arXiv:2209.06640), fitted to many curves of errors in 0 to 1 at once.

    (e - e_inf) / (e_0 - e)^alpha = beta x^c, fitted with the steps, rates and stopping rule of the authors'
    code (google-research/revisiting_neural_scaling_laws, starting from e_0 = 0.999 as in its README):
    non-negative least squares for log beta, -c and alpha alternates with updates of e_inf and e_0, which are
    1,000 small steps of gradient descent in the first 100 iterations and 100 damped Newton steps in later
    ones. Minimising the same objective to convergence extrapolates worse.
    """
    length = max(len(x) for x, _ in curves)
    mask = np.array([np.arange(length) < len(x) for x, _ in curves])
    count = mask.sum(axis=1)
    y = np.array([np.pad(y, (0, length - len(y)), mode="edge") for _, y in curves])
    log_x = np.array([np.pad(np.log(x), (0, length - len(x)), mode="edge") for x, _ in curves])
    lowest, highest = y.min(axis=1) - MARGIN, y.max(axis=1) + MARGIN
    e_inf, e_0 = np.maximum(lowest, 0), np.maximum(0.999, highest)
    log_rest = np.log(e_0[:, None] - y)  # the authors' code, too, keeps the initial e_0 here
    law, old, active = np.zeros((len(curves), 3)), np.ones(len(curves)), np.ones(len(curves), dtype=bool)
    for iteration in range(iterations):
        rows = np.flatnonzero(active)
        for row in rows:
            m = mask[row]
            columns = np.stack([np.ones(count[row]), -log_x[row, m], log_rest[row, m]], axis=1)
            law[row] = nnls(columns, np.log(y[row, m] - e_inf[row]))[0]
        e_inf[rows], e_0[rows] = _improve(
            (y[rows], mask[rows], count[rows], law[rows, 0, None] - law[rows, 1, None] * log_x[rows]),
            law[rows, 2],
            (e_inf[rows], e_0[rows]),
            (lowest[rows], highest[rows]),
            newton=iteration >= DESCENTS,
        )
        beta = np.exp(law[:, 0])
        if iteration > DESCENTS + 1:
            active &= np.abs(beta - old) >= 1e-10
        old = np.where(active, beta, old)
        if not active.any():
            break
    return [
        _m4_value(e_inf[i], e_0[i], law[i, 0] - law[i, 1] * np.log(at[i]), law[i, 2])
        for i in range(len(curves))
    ]


def _improve(
    data: tuple[Floats, Floats, Floats, Floats],
    alpha: Floats,
    limits: tuple[Floats, Floats],
    bounds: tuple[Floats, Floats],
    *,
    newton: bool,
) -> tuple[Floats, Floats]:
    """e_inf and e_0 after 1,000 gradient or 100 Newton steps, each projected onto its bounds."""
    y, mask, count, log_f = data
    e_inf, e_0 = limits
    for _ in range(100 if newton else 1000):
        over, under = y - e_inf[:, None], e_0[:, None] - y
        residual = mask * (np.log(over) - alpha[:, None] * np.log(under) - log_f)
        step_inf = -(residual / over).sum(axis=1) / count
        step_0 = -alpha * (residual / under).sum(axis=1) / count
        if newton:
            curve_inf = (mask * (1 - residual) / over**2).sum(axis=1) / count
            curve_0 = alpha * (mask * (alpha[:, None] + residual) / under**2).sum(axis=1) / count
            step_inf = _newton(step_inf, curve_inf)
            step_0 = _newton(step_0, curve_0)
        rate = 0.1 if newton else 1e-8
        e_inf = np.minimum(np.maximum(e_inf - rate * step_inf, 0), bounds[0])
        e_0 = np.maximum(e_0 - rate * step_0, bounds[1])
    return e_inf, e_0


def _newton(gradient: Floats, curvature: Floats) -> Floats:
    usable = np.abs(curvature) > 1e-5
    return np.where(usable, gradient / np.where(usable, curvature, 1), 0)


def _m4_value(e_inf: float, e_0: float, log_f: Floats, alpha: float) -> Floats:
    """Solve M4 for the error at each value of log_f = log beta + c log x."""
    if alpha < 1e-5:
        return np.asarray(e_inf + np.exp(log_f))
    span = e_0 - e_inf

    def excess(each: float) -> float:
        return brentq(
            lambda w: np.log(w) - alpha * np.log(span - w) - each, 1e-300 * span, span * (1 - 1e-12)
        )

    return np.array([e_inf + excess(each) for each in log_f])


def bnsl(known: Curve, at: Floats) -> Floats:
    """A broken neural scaling law with one break (Caballero et al. 2022, arXiv:2210.14891).

    y = a + b x^-c0 (1 + (x/d)^(1/f))^(-c1 f), fitted by least squares on log y with a >= 0. The best STARTS
    of CANDIDATES random parameter vectors are refined, and the best fit is kept. (Fitting log(1 + y), as in
    the authors' code, or keeping c0 and c1 positive extrapolates no better.)
    """
    x, y = known
    middle = np.log(x).mean()
    u, generator = np.log(x) - middle, np.random.default_rng(0)

    def law(p: Floats, u: Floats) -> Floats:
        a, log_b, c0, c1, d, log_f = p
        f = np.exp(log_f)
        return a + np.exp(log_b - c0 * u - c1 * f * np.logaddexp(0, (u - d) / f))

    def residual(p: Floats) -> Floats:
        return np.log(np.maximum(law(p, u), 1e-9 * y.min())) - np.log(y)

    low = np.array([0, np.log(y.min()) - 20, -2, -10, u[0] - 1, np.log(0.02)])
    high = np.array([y.min() * 0.9999, np.log(y.max()) + 10, 10, 10, u[-1] + 1, np.log(8)])
    drawn = np.stack(
        [
            generator.uniform(0, 0.95, CANDIDATES) * y.min(),
            np.log(y.mean()) + 0.7 * generator.normal(size=CANDIDATES),
            generator.uniform(0, 0.8, CANDIDATES),
            generator.uniform(-0.1, 1, CANDIDATES),
            generator.uniform(u[0], u[-1], CANDIDATES),
            np.log(generator.uniform(0.05, 3, CANDIDATES)),
        ],
        axis=1,
    )
    order = np.argsort([np.sum(residual(p) ** 2) for p in drawn])[:STARTS]
    fits = [
        least_squares(
            residual,
            np.clip(drawn[i], low + 1e-7, high - 1e-7),
            bounds=(low, high),
            max_nfev=400,
            x_scale=[0.05, 1, 0.3, 0.3, 1, 1],
        )
        for i in order
    ]
    best = min(fits, key=lambda fit: float(fit.cost))
    return np.maximum(law(best.x, np.log(at) - middle), 1e-9)
