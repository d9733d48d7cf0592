"""A layout: the cells of a whole grid that each rule rests on, and the numbers that decide its verdict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, Metric
from analysis.noise import Floats, Rows
from analysis.pairs.comparisons import Comparisons
from analysis.pairs.ladder import compare
from analysis.pairs.selection import Selections, select
from analysis.resolution.steps import StepLayout, lay_out_steps
from analysis.suggest.surrogate import Space

Columns = tuple[int, ...]
"""Indices of a rule's numbers among all (`Layout.numbers`)."""


@dataclass(frozen=True)
class Layout:
    """What the rules read of a grid: the same before and after it is measured."""

    cells: pd.DataFrame
    """One row per cell: data, setting, the axes, flops and num_seeds, the number of its runs once all are
    made."""
    selections: Selections
    """Comparisons of depth with width."""
    steps: StepLayout

    @classmethod
    def of(cls, cells: pd.DataFrame, cost: Metric = FLOPS) -> Layout:
        """The layout of cells (columns of `noise.GROUP`, costs, num_seeds)."""
        return cls(cells, select(compare(cells, "depth", "width", cost)), lay_out_steps(cells))

    @cached_property
    def space(self) -> Space:
        return Space.of(self.cells)

    @cached_property
    def epochs(self) -> tuple[float, ...]:
        """Epochs of the regimes in which depth and width are compared."""
        return tuple(each.epochs for each in self.selections.regimes)

    @cached_property
    def has_common(self) -> bool:
        """Whether the regimes have pairs in common, which a crossover needs."""
        return len(self.epochs) > 1 and len(self.selections.common[0]) > 0

    @cached_property
    def bases(self) -> tuple[float, ...]:
        """Resolutions from which a step is compared with depth or width."""
        return tuple(sorted({base for each in self.steps.rivals for base in _bases(each)}))

    @cached_property
    def regimes(self) -> Columns:
        """Columns with the mean advantage of depth over width in each regime, in points."""
        return tuple(range(len(self.epochs)))

    @cached_property
    def common(self) -> Columns:
        """Columns with that advantage over the pairs common to all regimes; empty without such pairs."""
        first = len(self.epochs)
        return tuple(range(first, first + len(self.epochs))) if self.has_common else ()

    @cached_property
    def overall(self) -> Columns:
        """Columns with the mean advantage of resolution over each rival."""
        first = len(self.regimes) + len(self.common)
        return tuple(range(first, first + len(self.steps.rivals)))

    @cached_property
    def by_base(self) -> dict[float, Columns]:
        """For each single base resolution, columns with the advantage over the rivals compared there."""
        first = len(self.regimes) + len(self.common) + len(self.overall)
        names = [base for each in self.steps.rivals for base in np.unique(_bases(each))]
        return {
            base: tuple(first + place for place, name in enumerate(names) if name == base)
            for base in self.bases
        }

    def numbers(self, errors: Floats) -> tuple[Floats, Floats]:
        """All numbers that verdicts rest on, [..., numbers], and the advantages of the single pairs of depth
        and width, [..., pairs], from errors [..., cells] in percent."""
        pairs = self.selections.comparisons.advantage(errors)
        parts = [self._mean(pairs, each.rows) for each in self.selections.regimes]
        if self.has_common:
            parts += [self._mean(pairs, rows) for rows in self.selections.common]
        weighed = [(each, each.advantage(errors)) for each in self.steps.rivals]
        parts += [values.mean(axis=-1) for _, values in weighed]
        for rival, values in weighed:
            bases = _bases(rival)
            parts += [values[..., bases == base].mean(axis=-1) for base in np.unique(bases)]
        return (np.stack(parts, axis=-1) if parts else np.empty((*errors.shape[:-1], 0))), pairs

    def slopes(self, log_errors: Floats) -> tuple[Floats, Floats]:
        """Slopes of `numbers` in log errors [cells], by finite differences: [numbers, cells] and [pairs,
        cells]."""
        step = 1e-4
        moved = np.exp(np.vstack([log_errors, log_errors + step * np.eye(len(log_errors))]))
        numbers, pairs = ((each[1:] - each[0]).T / step for each in self.numbers(moved))
        return numbers, pairs

    @staticmethod
    def _mean(pairs: Floats, rows: Rows) -> Floats:
        return np.asarray(pairs[..., rows].mean(axis=-1))


def _bases(comparisons: Comparisons) -> Floats:
    return comparisons.table["resolution"].to_numpy(dtype=float)
