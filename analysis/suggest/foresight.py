"""Foresight: what the rules would say if the whole grid were measured, and how certain that is already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis.noise import Floats, Interval
from analysis.replicates import interval

CONFIDENCE = 0.95
"""Probability with which all rules together are settled: the whole grid would give the same verdict on
each."""
DRAWS = 480
"""Number of surfaces drawn."""
MOSTLY_KNOWN = 0.95
"""Share of the surfaces that must have a value, such as a crossover, for an estimate to be reported."""
LARGEST_ERROR = 99.0

Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class Foresight:
    rule: str
    """Key of the rule, such as `depth_or_width@350`, `crossover`, `resolution`, `exponent@depth` or
    `family@4e+09`."""
    name: str
    """Name of the rule in sentences, such as `depth or width at 350 epochs`."""
    verdict: str
    """The verdict that the whole grid is most likely to give."""
    probability: float
    """Probability that it gives this verdict."""
    settled: bool = False
    """Whether the probability suffices, given that all rules asked about share 1 - CONFIDENCE; False while
    the noise of a run is only assumed and repeats could measure it."""
    estimate: float | None
    """Median of the true value over the surfaces: points, epochs, or pixels."""
    ci95: Interval | None
    true: Floats
    """[draws], true values on surfaces that agree with the measurements; NaN where there is none."""
    slopes: Floats
    """[numbers, cells], slopes of the numbers that decide the rule in the log errors of the cells."""

    @property
    def kind(self) -> str:
        """The rule without its subject: `depth_or_width`."""
        return self.rule.partition("@")[0]


def of_draws(rule: str, name: str, verdicts: Texts, true: Floats, slopes: Floats) -> Foresight:
    """The foresight with the most frequent verdict of the draws, and the estimate from their true values."""
    (verdict, count), *_ = Counter(verdicts.tolist()).most_common(1)
    known = true[np.isfinite(true)]
    is_known = len(known) >= MOSTLY_KNOWN * len(true)
    return Foresight(
        rule=rule,
        name=name,
        verdict=str(verdict),
        probability=count / len(verdicts),
        estimate=float(np.median(known)) if is_known else None,
        ci95=interval(known) if is_known else None,
        true=true,
        slopes=slopes,
    )


def judged(found: Sequence[Foresight], smallest: float = 0.0) -> tuple[Foresight, ...]:
    """The foresights, each marked as settled or not.

    Depth and width that are very likely less than `smallest` points apart are settled as `alike`, whatever
    the whole grid would say; if all regimes are settled then, so is the crossover.
    """
    needed = settled_at(len(found))
    judged = [replace(each, settled=each.probability >= needed) for each in found]
    for place, each in enumerate(judged):
        near = float(np.mean(np.abs(each.true) < smallest))
        if each.kind == "depth_or_width" and not each.settled and near >= needed:
            judged[place] = replace(each, verdict="alike", probability=near, settled=True)
    regimes = [each for each in judged if each.kind == "depth_or_width"]
    if any(each.verdict == "alike" for each in regimes) and all(each.settled for each in regimes):
        judged = [replace(each, settled=each.settled or each.kind == "crossover") for each in judged]
    return tuple(judged)


def settled_at(num_rules: int) -> float:
    """The probability that settles a rule when this number of rules share 1 - CONFIDENCE."""
    return 1 - (1 - CONFIDENCE) / max(num_rules, 1)
