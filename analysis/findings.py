"""Findings: everything that is learned from one table, from the groups to the warnings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from analysis.frontier import Frontier, frontier
from analysis.metric import COSTS, LATENCY
from analysis.noise import Floats, Noise, draw_errors, group_seeds, interaction_noise, seed_noise
from analysis.pairs import Pairs, depth_against_width
from analysis.prediction import Prediction, prediction
from analysis.resolution import Resolution, resolution_rule
from analysis.table import Table
from analysis.traps import Evidence, Trap, traps
from scaling.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Findings:
    table: Table
    groups: pd.DataFrame
    """One row a model (setting, depth, width, resolution, epochs), the mean over its seeds."""
    noise: Noise
    """Behind all intervals."""
    replicates: int
    """Bootstrap replicates behind all intervals; 0 when the noise is unknown."""
    frontiers: dict[str, Frontier]
    """By the name of the cost."""
    pairs: Pairs
    resolution: Resolution
    traps: tuple[Trap, ...]
    prediction: Prediction | None
    """Of the hours; None where none were predicted."""


def find(table: Table) -> Findings:
    """Learn all there is from the usable rows. Raises `Refused` when there are none."""
    if table.usable.empty:
        raise Refused(f"{table.source} has no completed point{_why(table)}: there is nothing to report yet.")
    groups = group_seeds(table.usable)
    noise = seed_noise(groups)
    if not noise.known:
        noise = interaction_noise(groups)
    draws = draw_errors(groups, noise)
    pairs = depth_against_width(groups, noise, draws)
    return Findings(
        table=table,
        groups=groups,
        noise=noise,
        replicates=0 if draws is None else len(draws),
        frontiers=_frontiers(table, groups, noise, draws),
        pairs=pairs,
        resolution=resolution_rule(groups, noise, draws),
        traps=traps(Evidence(table=table, groups=groups, noise=noise, pairs=pairs)),
        prediction=prediction(table),
    )


def _frontiers(table: Table, groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> dict[str, Frontier]:
    costs = COSTS | {LATENCY.name: replace(LATENCY, detail=table.latency_of)}
    known = {name: cost for name, cost in costs.items() if groups[cost.column].notna().any()}
    return {name: frontier(groups, noise, draws, cost) for name, cost in known.items()}


def _why(table: Table) -> str:
    counts = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in table.left_out().items())
    rows = table.rows[table.rows["status"] == "failed"]
    classes = ", ".join(f"{n} {name}" for name, n in rows["failure"].fillna("unknown").value_counts().items())
    return f" ({counts}{f'; failures: {classes}' if classes else ''})" if counts else ""
