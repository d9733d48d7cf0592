"""Variances: a log-linear model of the variances of repeats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from analysis.noise import Floats


@dataclass(frozen=True)
class Slopes:
    """Slopes of log variance in k features."""

    estimate: Floats
    """[k], estimate."""
    scatter: Floats
    """[k, k], covariance of the estimate over hypothetical repeats and, with several priors, between these.
    It covers only what repeats can inform: without repeats the estimate is the prior's mean and the scatter
    0."""


def weigh_slopes(variance: Floats, df: Floats, features: Floats, prior: Floats, prior_sds: Floats) -> Slopes:
    """The mean of `fit_slopes` under the priors of prior_sds [m, k], each weighted by its evidence.

    A prior that allows a slope which the repeats do not show loses against one that does not allow it
    (Hoeting et al. 1999, Bayesian Model Averaging), so that a few repeats are not mistaken for slopes.
    """
    found = [fit_slopes(variance, df, features, prior, prior_sd) for prior_sd in prior_sds]
    fits, evidence = [fit for fit, _ in found], np.array([evidence for _, evidence in found])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    estimates = np.stack([fit.estimate for fit in fits])
    estimate = weights @ estimates
    within = np.tensordot(weights, np.stack([fit.scatter for fit in fits]), axes=1)
    between = ((estimates - estimate).T * weights) @ (estimates - estimate)
    return Slopes(estimate=estimate, scatter=np.asarray(within + between))


def fit_slopes(
    variance: Floats, df: Floats, features: Floats, prior: Floats, prior_sd: Floats
) -> tuple[Slopes, float]:
    """The slopes [k] with the highest posterior density of variance = scale * exp(features @ slopes), and the
    evidence: the log probability of the repeats under the prior, up to a constant, by Laplace's method.

    variance [n] are scaled chi-squares with df [n] degrees of freedom, at features [n, k]; the scale is
    profiled out, and the prior of the slopes is normal, [k] each. The loss is convex: a log-sum-exp, a linear
    and a quadratic term.
    """
    total, pull = df.sum(), np.diag(prior_sd**-2.0)

    def shares(slopes: Floats) -> tuple[float, Floats]:
        """Logarithm of the sum of squares relative to those expected, and the groups' shares in it."""
        with np.errstate(divide="ignore"):
            logs = np.log(df * variance) - features @ slopes
        parts = np.exp(logs - logs.max())
        return float(logs.max() + np.log(parts.sum())), parts / parts.sum()

    def loss(slopes: Floats) -> float:
        line, away = df @ features @ slopes, (slopes - prior) / prior_sd
        return float(0.5 * (total * shares(slopes)[0] + line + away @ away))

    def gradient(slopes: Floats) -> Floats:
        left = df - total * shares(slopes)[1]
        return np.asarray(0.5 * left @ features + pull @ (slopes - prior))

    def hessian(slopes: Floats) -> Floats:
        return np.asarray(total * _information(features, shares(slopes)[1]) + pull)

    found = optimize.minimize(loss, prior, jac=gradient, hess=hessian, method="trust-exact")
    told = total * _information(features, df / total)
    inverse = np.linalg.inv(told + pull)
    shrunk = np.linalg.slogdet(np.eye(len(prior)) + told * prior_sd**2)[1]
    slopes = Slopes(estimate=np.asarray(found.x), scatter=np.asarray(inverse @ told @ inverse))
    return slopes, -float(found.fun) - 0.5 * float(shrunk)


def _information(features: Floats, weights: Floats) -> Floats:
    """[k, k], half the covariance of the features [n, k] under weights [n] whose sum is 1."""
    away = features - weights @ features
    return np.asarray(0.5 * (away.T * weights) @ away)
