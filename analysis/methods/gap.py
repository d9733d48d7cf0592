"""A gap: the planned results of a rung or a cell that are missing, by reason."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from scaling.quantity import counted, listed


@dataclass(frozen=True, kw_only=True)
class Gap:
    label: str
    num_planned: int
    num_done: int
    reasons: dict[str, int]
    """Number of missing results, by failure or status."""

    @property
    def text(self) -> str:
        """The gap as text: `+ dropout has 3 of 5 results (2 diverged)`."""
        named = [f"{count} {reason.replace('_', ' ')}" for reason, count in self.reasons.items()]
        return f"{self.label} has {self.num_done} of {counted(self.num_planned, 'result')} ({listed(named)})"


def gap_of(label: str, rows: pd.DataFrame) -> Gap | None:
    """The gap of these rows of a table; None where all have a result."""
    out = rows[rows["left_out"].notna()]
    if out.empty:
        return None
    counts = out["failure"].fillna(out["left_out"]).value_counts().sort_index()
    return Gap(
        label=label,
        num_planned=len(rows),
        num_done=len(rows) - len(out),
        reasons={str(reason): int(count) for reason, count in counts.items()},
    )
