"""A decision, read from the measured part of a grid by the report's own code, in milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.noise import Floats, Noise, Rows
from analysis.noise_estimate import interaction_noise, seed_noise
from analysis.pairs.crossover import Crossover
from analysis.pairs.pairs import judge
from analysis.replicates import draw_errors
from analysis.resolution.resolution import RivalVerdict, judge_rivals
from benchmarks.decision_layout import lay_out
from benchmarks.decision_sources import Grid

REPLICATES = 1000
"""Bootstrap replicates: for speed, a quarter of those of a report and of a full grid's decision."""
BUDGETS = (1 / 3, 2 / 3, 1.0)
"""Budgets of a family, as quantiles of the networks' FLOPs."""
UNDECIDED = ("undecided", "undetermined")


@dataclass(frozen=True, kw_only=True)
class Decision:
    verdicts: Mapping[str, str]
    """Verdicts by rule: depth_or_width@EPOCHS for each number of epochs, crossover, resolution."""
    crossover: float | None
    """Estimate in epochs; None without one."""
    cap: float | None
    """Estimate in pixels; None without one."""
    family: Rows
    """The recommended cell for each of BUDGETS, at its longest training."""


def read_pairs(grid: Grid, errors: Floats, replicates: int = REPLICATES) -> Decision:
    """The decision by the measured pairs; `errors` is [cells, seeds], NaN where a run has not been made."""
    groups, noise = measured_groups(grid, errors)
    verdicts = dict.fromkeys(rules_of(grid), "undecided") | {"crossover": "undetermined"}
    draws = draw_errors(groups, noise, replicates) if len(groups) else None
    turn: Crossover | None = None
    resolution: RivalVerdict | None = None
    if draws is not None:
        layout = lay_out(grid, np.isfinite(errors).any(axis=1).tobytes())
        values = groups["error"].to_numpy(dtype=float)
        pairs = judge(layout.selections, values, noise, draws)
        verdicts |= {rule_at(regime.epochs): regime.prefer for regime in pairs.regimes}
        turn = pairs.crossover
        resolution = judge_rivals(layout.rivals, values, noise, draws)
        verdicts |= {"crossover": turn.status, "resolution": resolution.prefer}
    return Decision(
        verdicts=verdicts,
        crossover=None if turn is None else turn.estimate,
        cap=None if resolution is None else resolution.cap,
        family=family(grid, errors),
    )


def rules_of(grid: Grid) -> list[str]:
    """Names of all rules of a decision."""
    return [*(rule_at(epochs) for epochs in sorted(grid.cells["epochs"].unique())), "crossover", "resolution"]


def rule_at(epochs: float) -> str:
    return f"depth_or_width@{epochs:g}"


def measured_groups(grid: Grid, errors: Floats) -> tuple[pd.DataFrame, Noise]:
    """The runs as groups, as by `noise.group_seeds`, and their noise, as by `noise_estimate.noise_of`."""
    count = np.isfinite(errors).sum(axis=1)
    made = count > 0
    some, n = errors[made], count[made]
    mean = np.nanmean(some, axis=1)
    squares = np.nansum((some - mean[:, None]) ** 2, axis=1)
    variance = np.where(n > 1, squares / np.maximum(n - 1, 1), np.nan)
    groups = grid.cells[made].reset_index(drop=True).assign(error=mean, variance=variance, num_seeds=n)
    noise = seed_noise(groups)
    return groups, noise if noise.known else grid.declared or interaction_noise(groups)


def family(grid: Grid, errors: Floats) -> Rows:
    """For each budget, the network of lowest mean error among the longest-trained measured ones within it, or
    the cheapest network if there are none, as its cell of longest training."""
    flops, epochs = (grid.cells[name].to_numpy(dtype=float) for name in ("flops", "epochs"))
    made = np.flatnonzero(np.isfinite(errors).any(axis=1))
    mean = np.nanmean(errors[made], axis=1)
    chosen = []
    for limit in budgets(grid):
        inside = flops[made] <= limit
        if not inside.any():
            chosen.append(int(np.argmin(flops)))
            continue
        longest = inside & (epochs[made] == epochs[made][inside].max())
        chosen.append(int(made[longest][np.argmin(mean[longest])]))
    return grid.finals[chosen]


def regret(grid: Grid, truth: Floats, chosen: Rows) -> float:
    """Excess of the family's true error over that of the best family, in points, mean over the budgets."""
    flops, finals = grid.cells["flops"].to_numpy(dtype=float), np.unique(grid.finals)
    best = [truth[finals][flops[finals] <= limit].min() for limit in budgets(grid)]
    return float(np.mean(truth[chosen] - best))


def budgets(grid: Grid) -> Floats:
    """BUDGETS in FLOPs."""
    flops = grid.cells["flops"].to_numpy(dtype=float)[np.unique(grid.finals)]
    return np.asarray(np.quantile(flops, BUDGETS, method="inverted_cdf"))
