"""The whole grid as it may turn out: draws of it, and the verdicts of the rules on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.law.misfit import Bools
from analysis.noise import Floats, Rows
from analysis.pairs.crossover import MOSTLY, zero
from analysis.pairs.pairs import MIN_DF
from analysis.pairs.selection import MIN_PAIRS
from analysis.replicates import BOOTSTRAP_SEED, SHARED_LEVEL, bounds
from analysis.resolution.steps import RIVALS
from analysis.suggest.completion import completed, found_level, moved
from analysis.suggest.foresight import DRAWS, LARGEST_ERROR, Foresight, Texts, of_draws
from analysis.suggest.layout import Layout
from analysis.suggest.measured import Measured
from analysis.suggest.surrogate import Surrogate
from scaling.quantity import counted

MAX_DOUBTFUL = 3
"""Pairs of a regime, at most, that may contradict the others and are tracked one by one."""
DOUBT = 0.01
"""Probability that some pair contradicts the others, or that none does, below which pairs are not tracked."""


@dataclass(frozen=True)
class Whole:
    """Draws of the whole grid once it is measured.

    In each draw, the cells that lack runs get a surface of the surrogate plus the noise of those runs;
    measured cells keep their means. The rules then judge as `pairs.judge` and `resolution.judge_steps` do,
    with intervals from replicates of the noise of the whole grid.
    """

    layout: Layout
    surfaces: Floats
    """[draws, cells], errors without noise, in percent."""
    true: Floats
    """[draws, numbers], numbers of the surfaces."""
    read: Floats
    """[draws, numbers], numbers as the measured grid would have them."""
    pairs: Floats
    """[draws, pairs], advantages of single pairs as the measured grid would have them."""
    level: Floats
    """[draws, 1], ratio of the noise that the whole grid would estimate to that known now."""
    away: Floats
    """[replicates, numbers], shift of each number by the noise of the whole grid."""
    pairs_away: Floats
    """[replicates, pairs], shift of each pair."""
    slopes: Floats
    """[numbers, cells], slopes of the numbers in the log errors."""
    pair_slopes: Floats
    """[pairs, cells], slopes of the pairs in the log errors."""
    enough_noise: bool
    """Whether the whole grid has enough repeats to know its noise."""

    @classmethod
    def drawn(cls, layout: Layout, measured: Measured, surrogate: Surrogate) -> Whole:
        noise = measured.noise
        generator = np.random.default_rng(BOOTSTRAP_SEED)
        surfaces = np.minimum(np.exp(surrogate.draws(DRAWS, generator)), LARGEST_ERROR)
        level = np.sqrt(noise.df / generator.chisquare(noise.df, size=(DRAWS, 1)))
        grids, seeds = completed(layout, measured, surfaces, level, generator)
        df = noise.df if noise.kind == "declared" else max(int((seeds - 1).sum()), 1)
        middle = np.minimum(np.exp(surrogate.mean), LARGEST_ERROR)
        away = moved(layout, measured, middle, seeds, df)
        read, read_pairs = layout.numbers(grids)
        slopes, pair_slopes = layout.slopes(np.log(middle))
        return cls(
            layout=layout,
            surfaces=surfaces,
            true=layout.numbers(surfaces)[0],
            read=read,
            pairs=read_pairs,
            level=found_level(level, noise.df, df, generator),
            away=away @ slopes.T,
            pairs_away=away @ pair_slopes.T,
            slopes=slopes,
            pair_slopes=pair_slopes,
            enough_noise=df >= MIN_DF,
        )

    def foresights(self) -> Iterator[Foresight]:
        """Depth or width in each regime, the crossover and the resolution, where the grid has them."""
        if self.layout.regimes:
            yield from self._depth_or_width()
        if self.layout.overall:
            yield self._resolution()

    def _depth_or_width(self) -> Iterator[Foresight]:
        prefers: list[Texts] = []
        columns = list(self.layout.regimes)
        sides = np.stack(self._beyond(self.read[:, columns], self.away[:, columns]), axis=-1)
        for column, selection in zip(columns, self.layout.selections.regimes, strict=True):
            epochs, rows = selection.epochs, selection.rows
            above, below = self._beyond(self.pairs[:, rows], self.pairs_away[:, rows])
            contradict = np.asarray(above.any(axis=1) & below.any(axis=1))
            sure = ~contradict & (self.enough_noise and len(rows) >= MIN_PAIRS)
            prefers.append(self._prefers(column, sure[:, None] & sides[:, column]))
            rule, name = f"depth_or_width@{epochs:g}", f"depth or width at {counted(epochs, 'epoch')}"
            slopes = np.vstack([self.slopes[column], self.pair_slopes[rows][_doubtful(above, below)]])
            yield of_draws(rule, name, prefers[-1], self.true[:, column], slopes)
        if self.layout.common:
            yield self._crossover(np.stack(prefers, axis=1))

    def _prefers(self, column: int, sides: Bools) -> Texts:
        """[draws], the verdict of one regime, given whether depth and width are beyond noise [draws, 2]."""
        low, high = self._bounds(column)
        depth, width = sides.T
        return np.where(depth & (low > 0), "depth", np.where(width & (high < 0), "width", "undecided"))

    def _bounds(self, column: int, level: float = 0.95) -> tuple[Floats, Floats]:
        """Lower and upper bounds of the interval of a number, [draws] each."""
        low, high = np.quantile(self.away[:, column], [(1 - level) / 2, (1 + level) / 2])
        return self.read[:, column] + self.level[:, 0] * low, self.read[:, column] + self.level[:, 0] * high

    def _beyond(self, values: Floats, away: Floats) -> tuple[Bools, Bools]:
        """Which values [draws, k] are above 0, and which below, beyond noise whose shifts are `away`
        [replicates, k]; [draws, k] each, by the method of `replicates.beyond_noise`.

        The critical distances, one for each number of values not yet shown to differ from 0, are those of the
        values in the order of their mean over the draws. A single value is judged by its interval.
        """
        low, high = bounds(away)
        if values.shape[1] == 1:
            return values + self.level * low > 0, values + self.level * high < 0
        half = np.maximum((high - low) / 2, 1e-9)
        reached, order = values / half, np.argsort(np.abs(values.mean(axis=0) / half))
        farthest = np.maximum.accumulate(np.abs(away / half)[:, order], axis=1)
        critical = np.quantile(farthest, 1 - SHARED_LEVEL, axis=0)[::-1] * self.level
        sizes = np.sort(np.abs(reached), axis=1)[:, ::-1]
        num_beyond = np.logical_and.accumulate(sizes > critical, axis=1).sum(axis=1)
        last = np.take_along_axis(sizes, np.maximum(num_beyond - 1, 0)[:, None], axis=1)
        beyond = (np.abs(reached) >= last) & (num_beyond > 0)[:, None]
        return beyond & (reached > 0), beyond & (reached < 0)

    def _crossover(self, prefers: Texts) -> Foresight:
        columns = list(self.layout.common)
        ends = np.sort(prefers[:, [0, -1]], axis=1)
        alike = (prefers == prefers[:, :1]).all(axis=1) & (prefers[:, 0] != "undecided")
        log_epochs = np.log(self.layout.epochs)
        inside = (ends == ["depth", "width"]).all(axis=1)
        inside &= np.isfinite(zero(log_epochs, self.read[:, columns]))
        for draw in np.flatnonzero(inside):
            shaken = self.read[draw, columns] + self.level[draw] * self.away[:, columns]
            turns = (np.diff(np.sign(shaken), axis=1) != 0).sum(axis=1)
            inside[draw] = (turns == 1).mean() >= MOSTLY
        verdicts = np.where(inside, "inside_range", np.where(alike, "none_in_range", "undetermined"))
        true = np.exp(zero(log_epochs, self.true[:, columns]))
        return of_draws(
            "crossover", "where depth and width change places", verdicts, true, self.slopes[columns]
        )

    def _resolution(self) -> Foresight:
        """Verdicts as in `resolution.judge_steps`: slow with a cap, fast where it beats every rival, else
        undecided."""
        layout = self.layout
        rivals, num_pairs = layout.steps.rivals, sum(len(each.table) for each in layout.steps.rivals)
        enough = self.enough_noise and num_pairs >= MIN_PAIRS
        trailing = np.logical_and.accumulate(self._loses()[::-1], axis=0).sum(axis=0)
        slow = enough & (trailing > 0)
        beats = [self._bounds(column)[0] > 0 for column in layout.overall]
        fast = enough & np.all(beats, axis=0) & (len(rivals) == len(RIVALS)) & ~slow
        verdicts = np.where(slow, "slow", np.where(fast, "fast", "undecided"))
        caps = np.array([*layout.bases, np.nan])[len(layout.bases) - trailing]
        columns = sorted({*layout.overall, *layout.by_base[layout.bases[-1]]})
        return of_draws(
            "resolution", "how fast to raise the resolution", verdicts, caps, self.slopes[columns]
        )

    def _loses(self) -> Bools:
        """[bases, draws], whether a step from each resolution gains less than a rival, beyond noise."""
        bases = self.layout.bases
        level = 1 - 0.05 / (len(bases) * len(self.layout.steps.rivals))
        columns = [self.layout.by_base[base] for base in bases]
        return np.stack(
            [np.any([self._bounds(column, level)[1] < 0 for column in each], axis=0) for each in columns]
        )


def _doubtful(above: Bools, below: Bools) -> Rows:
    """The pairs that may contradict the others, at most MAX_DOUBTFUL: those on the rarer side, unless it is
    nearly certain that there are some or that there are none."""
    rarer = min(above, below, key=lambda side: side.any(axis=1).mean())
    if not DOUBT < rarer.any(axis=1).mean() < 1 - DOUBT:
        return np.array([], dtype=np.intp)
    often = rarer.mean(axis=0)
    return np.argsort(-often, kind="stable")[: min(MAX_DOUBTFUL, int((often > 0).sum()))]
