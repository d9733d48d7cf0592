"""A timing: how long one pass takes, as a median with an interval. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

FEWEST = 6
"""Repeats below which even the whole range holds the median with less than 95 %."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One pass over a batch, repeated `num_repeats` times.

    `low_ms` to `high_ms` holds the true median with at least 95 %: two of the n = `num_repeats` measured
    values, chosen by their rank from the binomial distribution, whatever the distribution of the times. It
    takes the repeats to be independent, which on a busy machine they are not quite.
    """

    latency_ms: float
    """The median."""
    low_ms: float
    high_ms: float
    num_repeats: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of one kind of pass on one device."""

    timing: Timing
    images_per_second: float
    """Images, or clips, of a batch by its median time."""
    peak_memory_gb: float | None
    """At the fullest moment of a pass beyond what was in use before the network was built, in 1e9 bytes;
    None where the system does not tell."""


def timing_of(seconds: Sequence[float]) -> Timing:
    """The timing of these repeats; ValueError for fewer than 6, which decide no 95 % interval."""
    if len(seconds) < FEWEST:
        raise ValueError(f"{len(seconds)} repeats decide no 95 % interval of a median: take {FEWEST} or more")
    ordered = sorted(seconds)
    rank = _rank(len(ordered))
    return Timing(
        latency_ms=1e3 * median(ordered),
        low_ms=1e3 * ordered[rank - 1],
        high_ms=1e3 * ordered[-rank],
        num_repeats=len(ordered),
    )


def _rank(count: int) -> int:
    """The largest k for which the median lies below the k-th of `count` values with at most 2.5 %.

    That chance is P(X < k) for X ~ Binomial(count, 1/2), in whole numbers; the other side is its mirror.
    """
    below, ways, rank = 0, 1, 0
    whole = 2**count
    while 40 * (below + ways) <= whole:
        below += ways
        ways = ways * (count - rank) // (rank + 1)
        rank += 1
    return rank
