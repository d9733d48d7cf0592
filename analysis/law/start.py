"""Starts of a fit, by variable projection: given its exponents, a form is linear in its coefficients."""

from __future__ import annotations

import numpy as np

from analysis.law.form import Form
from analysis.noise import Floats

NUM_TRIED = 256
"""Number of sets of exponents; a power of two, as Sobol sequences require."""
RANGE = (0.05, 2.5)
"""Range of the exponents tried, spread evenly in their logarithm."""
NUM_SWEEPS = 40


def starts(form: Form, x: Floats, y: Floats, num_starts: int) -> Floats:
    """The best of NUM_TRIED sets of exponents, each with its coefficients, as theta [num_starts, p].

    The coefficients are the non-negative least squares solution for relative error, by coordinate descent
    over all sets at once. x [n, knobs] are centred logarithms, y [n] is log error.
    """
    exponents = _exponents(len(form.exponents))
    theta = np.hstack([np.zeros((len(exponents), len(form.terms))), exponents])
    terms = np.zeros((len(theta), len(form.terms), len(x)))
    for k, exponent, knob, sign in form.links:
        terms[:, k] += (sign * theta[:, exponent, None]) * x[:, knob]
    total = form.log_sum(y)
    shares = np.exp(np.clip(terms, -50, 50) - total)
    coefficients = _not_negative(shares)
    misfit = ((np.einsum("gk,gkn->gn", coefficients, shares) - 1) ** 2).sum(axis=1)
    theta[:, : len(form.terms)] = np.log(np.maximum(coefficients, 1e-3 * np.exp(total.mean())))
    return np.asarray(theta[np.argsort(misfit, kind="stable")[:num_starts]])


def _exponents(count: int) -> Floats:
    from scipy.stats import qmc  # importing it takes half a second

    points = qmc.Sobol(count, scramble=False).random(NUM_TRIED)
    low, high = np.log(RANGE)
    return np.asarray(np.exp(low + (high - low) * points))


def _not_negative(shares: Floats) -> Floats:
    """[G, terms], non-negative least squares coefficients of the shares with a target of ones."""
    normal = shares @ shares.transpose(0, 2, 1)
    target = shares.sum(axis=2)
    diagonal = np.maximum(np.einsum("gkk->gk", normal), 1e-300)
    coefficients = np.zeros_like(target)
    for _ in range(NUM_SWEEPS):
        for k in range(target.shape[1]):
            rest = target[:, k] - np.einsum("gj,gj->g", normal[:, k], coefficients)
            coefficients[:, k] = np.maximum(0, coefficients[:, k] + rest / diagonal[:, k])
    return np.asarray(coefficients)
