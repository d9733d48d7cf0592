"""How often 95 % intervals of laws cover the truth, on simulated grids of many kinds.

    python -m benchmarks.law_coverage --grids 1000

Every grid has 4 depths x 3 widths x 3 resolutions x 3 epochs, 3 seeds, and its own random truth: for some
kinds a sum of power laws, one per knob, which is among the fitted forms, and for others none of these. In
each grid, the average of laws is checked at one measured cell and at one network beyond the grid, and where
the truth is a sum also for one exponent. Grids thus count as independent trials for the Clopper-Pearson
interval of the coverage.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.law.average import average
from analysis.law.fitted import fit_law
from analysis.law.form import additive
from analysis.noise import Floats
from analysis.noise_estimate import seed_noise
from analysis.table import AXES
from benchmarks.law_truths import (
    BEYOND,
    VALUES,
    Truth,
    breaking,
    fading,
    flops,
    scaled,
    sum_of_powers,
    turning,
    with_overfitting,
    with_regimes,
)
from benchmarks.rates import Rate
from scaling.errors import Refused

NUM_SEEDS = 3
NOISE = 0.2
"""Standard deviation of a run in the middle of a grid, in points."""
FRESH = 1
"""First part of the seeds: the constants of discrepancies and averages were chosen on other grids."""
REPLICATES = 200
ALLOWED = (93.0, 97.0)
"""Range that the interval of a coverage must touch, in percent."""
ASKED = ("measured cell", "exponent", "beyond the grid")


@dataclass(frozen=True)
class Kind:
    """How the grids of a kind are made."""

    truth: Callable[[np.random.Generator], tuple[Truth, Mapping[str, float]]]
    """Draws a truth, in percent error, with its exponents by name, if it has any."""
    growth: float = 0.0
    """Noise is proportional to this power of the network's size."""
    missing: float = 0.0
    """Share of cells that are missing."""
    diverged: float = 0.0
    """Share of cells of which all seeds diverged without being marked as such."""


KINDS = {
    "constant noise": Kind(sum_of_powers),
    "noise grows with size": Kind(sum_of_powers, growth=0.4),
    "noise shrinks with size": Kind(sum_of_powers, growth=-0.4),
    "30 % of cells missing": Kind(sum_of_powers, missing=0.3),
    "5 % of cells diverged": Kind(sum_of_powers, diverged=0.05),
    "truth overfits": Kind(with_overfitting),
    "truth has regimes": Kind(with_regimes),
    "gains fade": Kind(fading),
    "gains turn into losses": Kind(turning),
}
UNFORESEEN = {"gains break off": Kind(breaking)}
"""Kinds of which a grid tells too little: coverage is reported, without a requirement."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--grids", type=int, default=1000, help="grids of each kind")
    parser.add_argument("--replicates", type=int, default=REPLICATES)
    parser.add_argument("--kinds", default="", help="only kinds whose name contains this")
    arguments = parser.parse_args()
    console, start = Console(width=150), time.process_time()
    table = Table("kind", *(f"{each}, %" for each in ASKED), "refused", "width inside", "width beyond")
    kinds = [name for name in KINDS | UNFORESEEN if arguments.kinds in name]
    if not kinds:
        parser.error(f"--kinds {arguments.kinds}: there are {', '.join(KINDS | UNFORESEEN)}.")
    for name in kinds:
        told = answers(name, arguments.grids, arguments.replicates)
        allowed = None if name in UNFORESEEN else ALLOWED
        row = [
            name,
            *(Rate.of(told[each]).marked(allowed, touches=True) if each in told else "-" for each in ASKED),
            f"{arguments.grids - len(told)}",
            f"{told['width inside'].median():.2f}",
            f"{told['width beyond'].median():.2f}",
        ]
        console.print("; ".join(row), style="dim")
        table.add_row(*row)
    table.caption = (
        f"{arguments.grids} grids a kind, {arguments.replicates} replicates, "
        f"{time.process_time() - start:.0f} s of one core ({platform.machine()}, {os.cpu_count()} cores); "
        "95 % Clopper-Pearson intervals; widths in points, median"
    )
    console.print(table)


def answers(name: str, num_grids: int, replicates: int = REPLICATES) -> pd.DataFrame:
    """One row per grid whose law was not refused, one column per question."""
    kinds = KINDS | UNFORESEEN
    number = list(kinds).index(name)
    told = (
        answered(kinds[name], np.random.default_rng((FRESH, number, grid)), replicates)
        for grid in range(num_grids)
    )
    return pd.DataFrame([each for each in told if each])


def answered(kind: Kind, generator: np.random.Generator, replicates: int) -> Mapping[str, float] | None:
    """Whether each interval of one grid covers the truth; None where the law was refused."""
    truth, exponents = kind.truth(generator)
    cells = pd.DataFrame(list(product(*VALUES)), columns=list(AXES), dtype=float)
    cells = cells.assign(data="", setting="", flops=flops(cells))
    groups = simulated(cells, truth(cells), kind, generator)
    noise = seed_noise(groups)
    try:
        laws = average(groups, noise, replicates=replicates)
    except Refused:
        return None
    inside = groups.iloc[[generator.integers(len(groups))]]
    largest = cells.iloc[[generator.integers(len(cells))]]
    knobs = [knob for knob in AXES if generator.random() < 0.5] or [AXES[generator.integers(4)]]
    asked = pd.concat([inside[list(AXES)], largest.assign(**{knob: BEYOND[knob] for knob in knobs})])
    low, high = laws.interval(asked)
    held = (low <= truth(asked)) & (truth(asked) <= high)
    answers: dict[str, float] = {ASKED[0]: held[0], ASKED[2]: held[1]}
    if exponents:
        name = list(exponents)[generator.integers(len(exponents))]
        law = fit_law(additive(AXES), groups, noise, replicates=replicates)
        row = law.parameters.set_index("name").loc[name]
        answers[ASKED[1]] = row["low"] <= exponents[name] <= row["high"]
    return answers | {"width inside": high[0] - low[0], "width beyond": high[1] - low[1]}


def simulated(cells: pd.DataFrame, error: Floats, kind: Kind, generator: np.random.Generator) -> pd.DataFrame:
    """Group means of noisy runs, with some cells missing and some diverged."""
    size = scaled(cells)[:, 0] * scaled(cells)[:, 1] ** 2
    spread = NOISE * (size / np.exp(np.log(size).mean())) ** kind.growth
    runs = error[:, None] + spread[:, None] * generator.standard_normal((len(cells), NUM_SEEDS))
    runs += np.where(generator.random((len(cells), 1)) < kind.diverged, generator.uniform(10, 50), 0)
    groups = cells.assign(error=runs.mean(axis=1), variance=runs.var(axis=1, ddof=1), num_seeds=NUM_SEEDS)
    groups["reading_variance"] = 0.0
    return groups[generator.random(len(cells)) >= kind.missing].reset_index(drop=True)


if __name__ == "__main__":
    main()
