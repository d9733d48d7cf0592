"""Aims: the questions put to a grid: its rules, the exponents, and the best model for a budget."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.family.buildable import SIZE
from analysis.law.choose import largest_setting
from analysis.law.fit import logs
from analysis.model import UNITS
from analysis.noise import Floats, Rows
from analysis.suggest.foresight import Foresight, of_draws
from analysis.suggest.measured import Measured
from analysis.suggest.whole import Whole
from analysis.table import AXES
from scaling.errors import Refused
from scaling.quantity import count_text, listed

WITHIN = 0.1
"""Relative error up to which an exponent counts as known."""
MAX_RIVALS = 6
"""Models of a budget that may be best, at most, whose differences from the pick are tracked."""
RULES = ("depth_or_width", "crossover", "resolution")


@dataclass(frozen=True)
class Aims:
    """The questions to be settled."""

    rules: tuple[str, ...] = RULES
    """Any of RULES, and `exponent`."""
    flops: tuple[float, ...] = ()
    """Budgets in FLOPs whose best model is wanted."""
    smallest: float = 0.0
    """Difference in top-1 points below which depth and width count as alike and need not be distinguished."""

    def __post_init__(self) -> None:
        for rule in self.rules:
            if rule not in (*RULES, "exponent"):
                raise Refused(f"--rules {rule} should be one of {listed([*RULES, 'exponent'])}.")
        for budget in self.flops:
            if not 0 < budget < np.inf:
                raise Refused(f"--flops {budget:g} should be a number above 0.")
        if not 0 <= self.smallest < 100:
            raise Refused(f"--smallest {self.smallest:g} should be a number of points, 0 or more.")
        if not self.rules and not self.flops:
            raise Refused("Neither a rule nor a budget is named: give --rules or --flops.")

    def of(self, whole: Whole, measured: Measured) -> list[Foresight]:
        """The foresight of each question. Raises `Refused` where the grid cannot answer any of them."""
        every = [*whole.foresights(), *exponents(whole), *family(whole, measured, self.flops)]
        found = [each for each in every if each.kind in (*self.rules, "family")]
        if not found:
            told = listed([*dict.fromkeys(each.kind for each in every)])
            raise Refused(f"The grid cannot decide {listed(self.rules)}: it can decide {told}.")
        return found


def exponents(whole: Whole) -> Iterator[Foresight]:
    """Slopes of log error in the logarithm of each knob, by least squares over the cells of the longest
    regime.

    The verdict is `known` where the exponent is within WITHIN of the median.
    """
    cells = whole.layout.cells
    longest = _longest(whole)
    knobs = [axis for axis in AXES if cells.iloc[longest][axis].nunique() > 1]
    if len(longest) <= len(knobs) + 1:
        return
    design = np.column_stack([np.ones(len(longest)), logs(knobs, cells.iloc[longest])])
    weights = np.zeros((len(knobs), len(cells)))
    weights[:, longest] = -np.linalg.pinv(design)[1:]
    true = np.log(whole.surfaces) @ weights.T
    for place, knob in enumerate(knobs):
        middle = np.median(true[:, place])
        known = np.abs(true[:, place] - middle) <= WITHIN * abs(middle)
        verdicts = np.where(known, "known", "not known")
        name = f"the exponent of the error in {knob}"
        yield of_draws(f"exponent@{knob}", name, verdicts, true[:, place], weights[[place]])


def family(whole: Whole, measured: Measured, budgets: Sequence[float]) -> Iterator[Foresight]:
    """The best model for each budget in FLOPs among the cells of the longest regime.

    The verdict is the model with the lowest mean error over the surfaces wherever it is within the noise of
    one run of the best model; otherwise it is the best model. Raises `Refused` for a budget below all models.
    """
    flops = whole.layout.cells["flops"].to_numpy(dtype=float)
    longest = _longest(whole)
    for budget in budgets:
        cells = longest[flops[longest] <= budget]
        if not len(cells):
            least = count_text(flops[longest].min())
            raise Refused(
                f"--flops {budget:g} is below all models of the longest runs: the smallest has {least}."
            )
        errors = whole.surfaces[:, cells]
        pick = int(np.argmin(errors.mean(axis=0)))
        best = np.argmin(errors, axis=1)
        noise = float((measured.level[cells] * measured.noise.sd(errors.mean(axis=0)))[pick])
        close = errors[:, pick] - errors.min(axis=1) <= noise
        names = [_name(whole, cell) for cell in cells]
        verdicts = np.where(close, names[pick], np.array(names)[best])
        yield of_draws(
            f"family@{budget:.3g}",
            f"the best model for {count_text(budget)} FLOPs",
            verdicts,
            100 - errors[:, pick],
            _differences(whole, cells, pick, best),
        )


def _differences(whole: Whole, cells: Rows, pick: int, best: Rows) -> Floats:
    """[rivals, cells], slopes of the pick's error minus the error of each model that is most often the
    best."""
    counts = np.bincount(best, minlength=len(cells))
    counts[pick] = 0
    rivals = np.argsort(-counts, kind="stable")[: min(MAX_RIVALS, int((counts > 0).sum()))]
    errors = whole.surfaces[:, cells].mean(axis=0)
    slopes = np.zeros((len(rivals), whole.surfaces.shape[1]))
    slopes[:, cells[pick]] = errors[pick]
    slopes[np.arange(len(rivals)), cells[rivals]] = -errors[rivals]
    return slopes


def _longest(whole: Whole) -> Rows:
    """The cells with the most epochs in the setting with the most cells."""
    mine = largest_setting(whole.layout.cells.reset_index(drop=True))
    return np.asarray(mine.index[mine["epochs"] == mine["epochs"].max()], dtype=np.intp)


def _name(whole: Whole, cell: int) -> str:
    """Name of a model, such as `depth 101, width 1, 160 px`."""
    row = whole.layout.cells.iloc[cell]
    return ", ".join(UNITS[axis](row[axis]) for axis in SIZE)
