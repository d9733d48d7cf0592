"""A rate: how many of so many trials had an outcome, with its Clopper-Pearson interval."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from scipy.stats import binomtest


@dataclass(frozen=True)
class Rate:
    count: int
    n: int

    @classmethod
    def of(cls, answers: pd.Series) -> Rate:
        """Of true and false; trials without an answer (NaN) do not count."""
        known = answers.dropna().astype(bool)
        return cls(int(known.sum()), len(known))

    @property
    def ci95(self) -> tuple[float, float]:
        """In percent."""
        interval = binomtest(self.count, self.n).proportion_ci(0.95, method="exact")
        return 100 * interval.low, 100 * interval.high

    @property
    def text(self) -> str:
        """`95.2 (93.7, 96.4)`, in percent."""
        low, high = self.ci95
        return f"{100 * self.count / self.n:.1f} ({low:.1f}, {high:.1f})"

    def distance(self, asked: tuple[float, float], touches: bool) -> float:
        """Percent from what is asked to the rate, or to its interval where it suffices that this `touches`;
        0 or less inside, the farther the safer."""
        low, high = self.ci95 if touches else (100 * self.count / self.n,) * 2
        return max(asked[0] - high, low - asked[1])

    def marked(self, asked: tuple[float, float] | None, touches: bool) -> str:
        """The text, with a mark where it is not as asked; where nothing is asked (None) without."""
        return f"{self.text}{' !' if asked and self.distance(asked, touches) > 0 else ''}"
