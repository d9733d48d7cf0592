"""A trap: a way in which these data could mislead, reported as a warning with a code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from analysis.noise import Noise
from analysis.table import Table


@dataclass(frozen=True)
class Trap:
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class DataEvidence:
    """What a warning about the data may use."""

    table: Table
    groups: pd.DataFrame
    diverged: pd.DataFrame
    """The groups that are left out as diverged."""
    noise: Noise


GRAVITY = (
    "replayed_points",
    "no_pairs",
    "flops_missing",
    "flops_too_few",
    "identical_repeats",
    "no_repeats",
    "mixed_evaluation",
    "regularisation_changes_along_axis",
    "short_runs_only",
    "pairs_disagree",
    "verdict_depends_on_base",
    "verdict_depends_on_cost",
    "law_and_pairs_disagree",
    "suspect_runs",
    "diverged_models_left_out",
    "few_seeds",
    "noise_larger_than_effect",
    "small_images",
    "small_range",
    "one_base_architecture",
    "mixed_settings",
    "stopped_early",
    "failed_points_left_out",
    "no_accuracy",
    "students_without_baseline",
    "missing_cells",
    "optimum_at_edge",
    "no_law_fitted",
    "law_not_converged",
    "law_at_bound",
    "law_undecided",
    "law_left_out",
    "degenerate_floor",
    "extrapolation",
    "thinned",
    "duplicate_rows",
)
"""All codes, gravest first: whether anything was trained and why there is no rule, then what could reverse a
rule, then what a rule does not cover."""


def by_gravity(traps: Iterable[Trap]) -> list[Trap]:
    """The traps, gravest first."""
    return sorted(traps, key=lambda trap: GRAVITY.index(trap.code))
