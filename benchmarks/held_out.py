"""The published grid of 350 epochs: laws fitted to its cheaper half predict its expensive half.

    python -m benchmarks.held_out

Rows are halved by the FLOPs of the network: all rows, and again those without a flag (a hidden marker or a
doubtful assignment). `choose` sees only the cheaper half, and the other laws are fitted to it in the same
way. A law predicts by its formula plus the trend of its residuals; the formula alone is shown beside it.
Intervals are bootstraps over the rows of the expensive half, paired where two laws are compared.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import dataclass

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.law.average import Average, average
from analysis.law.candidates import interacting, of_odds
from analysis.law.choose import choose
from analysis.law.fitted import fit_law
from analysis.law.form import Form, additive, power_law, product, term
from analysis.law.law import Law
from analysis.noise import Floats, Interval, Noise, group_seeds, run_sd
from analysis.noise_estimate import noise_of
from analysis.source.published import read_published
from analysis.table import Table as Published

SOURCE = "published:resnet_rs_2021"
EPOCHS = 350
KNOBS = ("depth", "width", "resolution")
RESAMPLES = 10_000
FLOPS_ALONE = power_law("flops")
SIZE_OVERFITS = Form(
    "sum with overfitting of width and depth",
    (*additive(KNOBS).terms, term("O", depth="+o_depth", width="+o_width")),
)
"""An obvious alternative: the part of the error that grows with the size of the network is overfitting."""
OTHERS = (
    FLOPS_ALONE,
    *(power_law(knob) for knob in KNOBS),
    additive(KNOBS),
    SIZE_OVERFITS,
    product(KNOBS),
    of_odds(interacting(KNOBS)),
)


@dataclass(frozen=True)
class Halves:
    name: str
    cheaper: pd.DataFrame
    dearer: pd.DataFrame
    noise: Noise


@dataclass(frozen=True)
class Score:
    miss: Floats
    """[n], predicted minus measured error of the expensive half, in points."""

    @property
    def rmse(self) -> float:
        return float(np.sqrt(np.mean(self.miss**2)))

    def interval(self) -> Interval:
        return _percentiles(_resampled(self.miss))

    def less_than(self, other: Score) -> Interval:
        """95 % interval of how much lower the RMSE is than another's."""
        return _percentiles(_resampled(other.miss) - _resampled(self.miss))


def halves() -> tuple[Halves, Halves]:
    """The halves of all rows, and of those without a flag."""
    table = read_published(SOURCE)
    rows = table.usable[table.usable["epochs"] == EPOCHS]
    return _halved("all rows", rows, table), _halved("no flagged rows", rows[rows["flag"].isna()], table)


def _halved(name: str, rows: pd.DataFrame, table: Published) -> Halves:
    groups = group_seeds(rows).sort_values("flops", kind="stable", ignore_index=True)
    half = len(groups) // 2
    return Halves(name, groups[:half], groups[half:].reset_index(drop=True), noise_of(table, groups))


def scores(law: Law, data: Halves) -> tuple[Score, Score]:
    """Scores on the expensive half: of the formula alone, and with the trend of its residuals."""
    error = data.dearer["error"].to_numpy(dtype=float)
    return Score(law.formula_error(data.dearer) - error), Score(law.error(data.dearer) - error)


def fitted(form: Form, data: Halves) -> Law:
    """The law of this form, fitted to the cheaper half."""
    return fit_law(form, data.cheaper, data.noise, replicates=1)


def chosen(data: Halves) -> tuple[Law, str]:
    """The law that `choose` selects on the cheaper half, and its reason."""
    choice = choose(data.cheaper, data.noise)
    if choice.law is None:
        raise RuntimeError(choice.reason)
    return choice.law, choice.reason


def averaged(data: Halves) -> tuple[Average, Score]:
    """The average of laws that predicts families, fitted to the cheaper half, and its score."""
    laws = average(data.cheaper, data.noise)
    return laws, Score(laws.error(data.dearer) - data.dearer["error"].to_numpy(dtype=float))


def coverage(law: Law | Average, data: Halves) -> tuple[int, int]:
    """Number of measured errors of the expensive half in the law's 95 % intervals, and in those that
    include the noise of a run."""
    error, draws = data.dearer["error"].to_numpy(dtype=float), law.draws(data.dearer)
    noise = run_sd(data.dearer, data.noise) * np.random.default_rng(1).standard_normal(draws.shape)
    inside = []
    for each in (draws, draws + noise):
        low, high = np.quantile(each, [0.025, 0.975], axis=0)
        inside.append(int(((low <= error) & (error <= high)).sum()))
    return inside[0], inside[1]


def _resampled(miss: Floats) -> Floats:
    """[RESAMPLES], bootstrapped RMSEs; always of the same rows, so that two laws are compared in pairs."""
    rows = np.random.default_rng(0).integers(0, len(miss), (RESAMPLES, len(miss)))
    return np.asarray(np.sqrt((miss[rows] ** 2).mean(axis=1)))


def _percentiles(values: Floats) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    console = Console(width=120)
    for data in halves():
        law, reason = chosen(data)
        ours, ours_trend = scores(law, data)
        inside, inside_runs = coverage(law, data)
        table = Table(
            title=f"{data.name}: fitted on {len(data.cheaper)}, RMSE in points on {len(data.dearer)}"
        )
        for column in (
            "law",
            "formula",
            "95 %",
            "with trend",
            "95 %",
            "bias",
            "formula: chosen less by",
            "trend: by",
        ):
            table.add_column(column, justify="left" if column == "law" else "right")
        table.add_row(f"{law.form.name} (chosen)", *_cells(ours, ours_trend), "", "")
        laws, guess = averaged(data)
        row = ("average of laws", "", "", *_cells(guess), "", _text(*ours_trend.less_than(guess)))
        table.add_row(*row)
        for form in OTHERS:
            formula, trend = scores(fitted(form, data), data)
            less = (_text(*each) for each in (ours.less_than(formula), ours_trend.less_than(trend)))
            table.add_row(form.name, *_cells(formula, trend), *less)
        console.print(table)
        console.print(reason)
        console.print(law.formula_text())
        console.print(
            f"Of {len(data.dearer)} measured errors {inside} lie in the intervals of the law, "
            f"{inside_runs} in those of one run; in those of the average, "
            f"{' and '.join(map(str, coverage(laws, data)))}."
        )
    console.print(f"{platform.machine()}, numpy {np.__version__}, Python {platform.python_version()}")


def _cells(*scores: Score) -> tuple[str, ...]:
    """RMSE and interval of each score, and the bias of the last."""
    texts = [text for each in scores for text in (f"{each.rmse:.2f}", _text(*each.interval()))]
    return (*texts, f"{scores[-1].miss.mean():+.2f}")


def _text(low: float, high: float) -> str:
    return f"{low:.2f}, {high:.2f}"


if __name__ == "__main__":
    main()
