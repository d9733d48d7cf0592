"""All comparisons at equal accuracy: of families, of resolution ladders, and of the pairs that a source
prints."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.noise import Floats, Noise
from analysis.speedup.printed import PrintedPair, printed_pairs
from analysis.speedup.slow_resolution import Ladders, compare_ladders
from analysis.speedup.speedup import Speedup, regimes, speedups
from analysis.table import Table
from scaling.errors import Refused
from scaling.quantity import listed


@dataclass(frozen=True, kw_only=True)
class AtEqualAccuracy:
    speedups: tuple[Speedup, ...]
    """Every family against a base; empty where there is only one family."""
    printed: tuple[PrintedPair, ...]
    ladders: tuple[Ladders, ...]
    """Comparisons of the same networks on several resolution ladders."""

    def at(self, cost: str) -> AtEqualAccuracy:
        """The comparisons in one cost, of `metric.SPEEDUPS`."""
        return AtEqualAccuracy(
            speedups=tuple(each for each in self.speedups if each.cost.name == cost),
            printed=tuple(each for each in self.printed if each.cost.name == cost),
            ladders=tuple(each for each in self.ladders if each.cost.name == cost),
        )


def at_equal_accuracy(
    table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None, base: str | None = None
) -> AtEqualAccuracy:
    """Make all comparisons; `base` is the family that the others are compared with (default: the first by
    name)."""
    return AtEqualAccuracy(
        speedups=speedups(table, groups, noise, draws, base),
        printed=printed_pairs(table, groups, noise, draws),
        ladders=compare_ladders(table, groups, noise, draws),
    )


def check_families(table: Table, groups: pd.DataFrame, base: str | None) -> None:
    """Raise `Refused` where there are no two families to compare, or `base` is not among them."""
    names = sorted({each.name for families in regimes(table, groups, base) for each in families})
    if not names:
        raise Refused(
            f"{table.source} has no two families trained on the same data for equally long: python sweep.py "
            "study=speed_accuracy trains some, and a file names them in its column model."
        )
    if base is not None and base not in names:
        raise Refused(f"--base {base}: {table.source} has no such family: choose from {listed(names)}.")
