"""Uneven noise: variances that differ between models by more than chance, for no reason that is known.

Noise that is far larger at one width than at all others, or in one model of which a run nearly diverged, does
not follow from the error, the size and the regime. Pooled with all others, such models look far more certain
than they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaln

from analysis.noise import Floats, Rows

DEGREES = 2.0 ** np.arange(7)
"""Degrees of freedom of the inverse chi-square distribution of variances around what is expected: at 1 they
differ by factors of hundreds, at 64 by a fifth."""
SCALES = np.exp(np.linspace(-7, 1.5, 86))[:, None]
"""Scales of that distribution, relative to what is expected."""
EVEN = 0.8
"""Prior probability of even noise, so that few repeats are not mistaken for uneven noise."""


def draw_factors(
    squares: Floats, df: Floats, parts: Sequence[Rows], replicates: int, generator: np.random.Generator
) -> Floats | None:
    """[replicates, n], factors by which variances may differ from what is expected; None where noise is more
    likely even.

    squares [n] are sums of squares relative to their expected variance, with df [n] degrees of freedom. Each
    of the parts [n] numbers sets of models that may have a factor in common, such as those of one width. A
    factor is c d / chi-square(d), so the mean square of a set is c F(df, d), and leaves (c d + squares) /
    chi-square(d + df) for its factor: its means are moderated t statistics (Smyth 2004, Linear models and
    empirical Bayes methods). Each replicate has its own part and d, drawn by their likelihood at the best c.
    """
    pooled = [(_sums(part, squares), _sums(part, df)) for part in parts]
    odds, scales = (np.stack(each) for each in zip(*(_weigh(*sums) for sums in pooled), strict=True))
    odds += np.log((1 - EVEN) / EVEN / odds.size)
    weights = np.exp(odds - odds.max()).ravel()
    if odds.max() + np.log(weights.sum()) < 0:
        return None
    factors = np.empty((replicates, len(df)))
    drawn = generator.choice(odds.size, size=replicates, p=weights / weights.sum())
    for choice in np.unique(drawn):
        part, place = np.unravel_index(choice, odds.shape)
        degrees, rows = DEGREES[place], np.flatnonzero(drawn == choice)
        of_set, df_of_set = pooled[part]
        chi_square = generator.chisquare(degrees + df_of_set, size=(len(rows), len(df_of_set)))
        factors[rows] = ((scales[part, place] * degrees + of_set) / chi_square)[:, parts[part]]
    return factors


def _sums(part: Rows, values: Floats) -> Floats:
    """[sets], the sums of the values [n] over the sets of a part."""
    return np.bincount(part, values).astype(np.float64)


def _weigh(squares: Floats, df: Floats) -> tuple[Floats, Floats]:
    """[DEGREES] each: the log likelihood ratio to even noise at the best scale, and that scale."""
    logs = np.empty((len(DEGREES), len(SCALES)))
    for place, degrees in enumerate(DEGREES):
        norms = gammaln((df + degrees) / 2) - gammaln(degrees / 2) - df / 2 * np.log(SCALES * degrees / 2)
        tails = (df + degrees) / 2 * np.log1p(squares / (SCALES * degrees))
        logs[place] = (norms - tails + squares / 2).sum(axis=1)
    return logs.max(axis=1), SCALES[logs.argmax(axis=1), 0]
