"""A rate: the share of trials with an outcome, with its Clopper-Pearson interval."""

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
        """The rate of true answers; trials without an answer (NaN) do not count."""
        known = answers.dropna().astype(bool)
        return cls(int(known.sum()), len(known))

    @property
    def ci95(self) -> tuple[float, float]:
        """95 % Clopper-Pearson interval, in percent."""
        interval = binomtest(self.count, self.n).proportion_ci(0.95, method="exact")
        return 100 * interval.low, 100 * interval.high

    @property
    def text(self) -> str:
        """`95.2 (93.7, 96.4)`, in percent."""
        low, high = self.ci95
        return f"{100 * self.count / self.n:.1f} ({low:.1f}, {high:.1f})"

    def distance(self, asked: tuple[float, float], touches: bool) -> float:
        """Distance of the rate, or with `touches` of its interval, from the range `asked`, in percentage
        points; 0 or negative inside."""
        low, high = self.ci95 if touches else (100 * self.count / self.n,) * 2
        return max(asked[0] - high, low - asked[1])

    def marked(self, asked: tuple[float, float] | None, touches: bool) -> str:
        """The text, with ` !` where the rate misses the range `asked`; None asks for nothing."""
        return f"{self.text}{' !' if asked and self.distance(asked, touches) > 0 else ''}"
