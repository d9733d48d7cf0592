"""An agreement: what the law says of the pairs of a regime, beside what they say themselves."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.law.choose import largest_setting
from analysis.law.law import Law
from analysis.noise import Interval
from analysis.pairs.pairs import Pairs

MATERIAL = 0.2
"""Points below which a difference does not matter to a choice between depth and width, however small the
noise."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    epochs: float
    pairs_points: float
    """Mean advantage of depth over width at equal cost, from the pairs."""
    pairs_ci95: Interval
    law_points: float
    """The same mean over the same pairs, with the error of every model from the formula."""

    @property
    def agree(self) -> bool:
        """Whether the law is inside the interval of the pairs or within MATERIAL of their mean. Since it was
        fitted to the same errors, anything outside is what its form cannot follow."""
        inside = self.pairs_ci95[0] <= self.law_points <= self.pairs_ci95[1]
        return inside or abs(self.law_points - self.pairs_points) < MATERIAL


def agreements(law: Law | None, pairs: Pairs, groups: pd.DataFrame) -> tuple[Agreement, ...]:
    """One agreement per regime of the law's setting (that of the most models); none without a law or
    intervals."""
    if law is None:
        return ()
    setting = str(largest_setting(groups)["setting"].iloc[0])
    points = pairs.comparisons.advantage(law.formula_error(groups))
    table = pairs.table
    return tuple(
        Agreement(
            epochs=regime.epochs,
            pairs_points=regime.advantage_points,
            pairs_ci95=regime.ci95,
            law_points=float(
                points[(table["counted"] & (table["epochs"] == regime.epochs)).to_numpy()].mean()
            ),
        )
        for regime in pairs.regimes
        if regime.setting == setting and regime.ci95 is not None
    )
