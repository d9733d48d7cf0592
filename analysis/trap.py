"""A trap: a way in which these data could mislead, told as a warning with a code."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.noise import Noise
from analysis.table import Table


@dataclass(frozen=True)
class Trap:
    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What a warning about the data may look at."""

    table: Table
    groups: pd.DataFrame
    diverged: pd.DataFrame
    """The groups that are left out as such."""
    noise: Noise
