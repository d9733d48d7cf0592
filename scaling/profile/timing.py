"""A timing: the duration of one pass, as a median with an interval. No torch import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FEWEST = 6
"""Least number of repeats: below it, even their whole range covers the median with less than 95 %."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The times of one pass over a batch, repeated `num_repeats` times.

    `low_ms` to `high_ms` covers the true median with at least 95 %, whatever the distribution of the times:
    both are order statistics, with ranks from the binomial distribution. This assumes that repeats are
    independent, which is not quite true on a busy machine.
    """

    latency_ms: float
    """Median of the times."""
    low_ms: float
    high_ms: float
    num_repeats: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The measurement of a workload on one device."""

    timing: Timing
    images_per_second: float
    """Images, or clips, of a batch divided by its median time."""
    peak_memory_gb: float | None
    """Peak memory beyond what was in use before the network was built, in 1e9 bytes; None if the system does
    not report it."""


def timing_of(seconds: Sequence[float]) -> Timing:
    """The timing of these repeats; ValueError for fewer than 6, too few for a 95 % interval."""
    if len(seconds) < FEWEST:
        raise ValueError(f"{len(seconds)} repeats give no 95 % interval of a median: take {FEWEST} or more")
    ordered = sorted(seconds)
    rank = _rank(len(ordered))
    return Timing(
        latency_ms=1e3 * median(ordered),
        low_ms=1e3 * ordered[rank - 1],
        high_ms=1e3 * ordered[-rank],
        num_repeats=len(ordered),
    )


def _rank(count: int) -> int:
    """The largest k for which the median lies below the k-th of `count` values with probability at most 2.5
    %.

    That probability is P(X < k) for X ~ Binomial(count, 1/2), computed in integers; the upper side is
    symmetric.
    """
    below, ways, rank = 0, 1, 0
    whole = 2**count
    while 40 * (below + ways) <= whole:
        below += ways
        ways = ways * (count - rank) // (rank + 1)
        rank += 1
    return rank
