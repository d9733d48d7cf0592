"""The whole grid as it may turn out: draws of it, and what the rules make of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.crossover import MOSTLY, zero
from analysis.law.misfit import Bools
from analysis.noise import Floats, Noise, Rows
from analysis.pairs import MIN_DF
from analysis.replicates import BOOTSTRAP_SEED
from analysis.selection import MIN_PAIRS
from analysis.steps import RIVALS
from analysis.suggest.foresight import DRAWS, LARGEST_ERROR, Foresight, Measured, Texts, foreseen
from analysis.suggest.layout import Layout
from analysis.suggest.surrogate import Surrogate
from scaling.quantity import counted

SINGLE_TEST = 0.95
"""Level of the test of single pairs, as `pairs.judge` has it."""


@dataclass(frozen=True)
class Whole:
    """Draws of the whole grid when it is measured.

    In each draw the cells that lack runs get a surface of the surrogate and the noise of those runs; the
    measured ones keep their means. The rules then judge as `pairs.judge` and `resolution.judge_steps` do, by
    intervals that replicates of the noise of the whole grid make.
    """

    layout: Layout
    surfaces: Floats
    """[draws, cells], errors without noise, in percent."""
    true: Floats
    """[draws, numbers], of these."""
    read: Floats
    """[draws, numbers], as the measured grid would have them."""
    pairs: Floats
    """[draws, pairs]."""
    level: Floats
    """[draws, 1], of the noise that the whole grid would find, over that known now."""
    away: Floats
    """[replicates, numbers], how far the noise of the whole grid moves each number."""
    pairs_away: Floats
    """[replicates, pairs]."""
    slopes: Floats
    """[numbers, cells], of the numbers in the log errors."""
    enough_noise: bool
    """Whether the whole grid would tell its noise."""

    @classmethod
    def drawn(cls, layout: Layout, measured: Measured, noise: Noise, surrogate: Surrogate) -> Whole:
        generator = np.random.default_rng(BOOTSTRAP_SEED)
        surfaces = np.minimum(np.exp(surrogate.draws(DRAWS, generator)), LARGEST_ERROR)
        level = np.sqrt(noise.df / generator.chisquare(noise.df, size=(DRAWS, 1)))
        grids, seeds = _completed(layout, measured, noise, surfaces, level, generator)
        repeated = noise.kind == "seeds"
        df = max(float((seeds - 1).sum()), 1.0) if repeated else noise.df
        wide = np.sqrt(df / generator.chisquare(df, size=(DRAWS, 1)))
        middle = np.minimum(np.exp(surrogate.mean), LARGEST_ERROR)
        spread = wide * np.sqrt(noise.sd(middle) ** 2 / seeds + _reading(layout, measured))
        shaken = middle + spread * generator.standard_normal(surfaces.shape)
        (numbers, pairs), (centre, pairs_centre) = layout.numbers(shaken), layout.numbers(middle[None])
        read, read_pairs = layout.numbers(grids)
        return cls(
            layout=layout,
            surfaces=surfaces,
            true=layout.numbers(surfaces)[0],
            read=read,
            pairs=read_pairs,
            level=level if repeated else np.ones_like(level),
            away=numbers - centre,
            pairs_away=pairs - pairs_centre,
            slopes=layout.slopes(np.log(middle)),
            enough_noise=df >= MIN_DF,
        )

    def foresights(self) -> Iterator[Foresight]:
        """Depth or width in each regime, the crossover and the resolution, as far as the grid has them."""
        prefers = [self._prefers(place) for place in range(len(self.layout.regimes))]
        for epochs, column, verdicts in zip(self.layout.epochs, self.layout.regimes, prefers, strict=True):
            rule, name = f"depth_or_width@{epochs:g}", f"depth or width at {counted(epochs, 'epoch')}"
            yield foreseen(rule, name, verdicts, self.true[:, column], self.slopes[[column]])
        if self.layout.common:
            yield self._crossover(np.stack(prefers, axis=1))
        if self.layout.overall:
            yield self._resolution()

    def _prefers(self, place: int) -> Texts:
        """[draws], the verdict of one regime."""
        rows, column = self.layout.selections.regimes[place].rows, self.layout.regimes[place]
        low, high = self._bounds(column)
        decided = self.enough_noise and len(rows) >= MIN_PAIRS
        sure = decided & ~self._contradict(rows)
        return np.where(sure & (low > 0), "depth", np.where(sure & (high < 0), "width", "undecided"))

    def _bounds(self, column: int, level: float = 0.95) -> tuple[Floats, Floats]:
        """[draws] each, the interval of a number."""
        low, high = np.quantile(self.away[:, column], [(1 - level) / 2, (1 + level) / 2])
        return self.read[:, column] + self.level[:, 0] * low, self.read[:, column] + self.level[:, 0] * high

    def _contradict(self, rows: Rows) -> Bools:
        """[draws], whether pairs on either side of 0 are beyond noise, by the max-t test in one step."""
        away, values = self.pairs_away[:, rows], self.pairs[:, rows]
        low, high = np.quantile(away, [0.025, 0.975], axis=0)
        half = np.maximum((high - low) / 2, 1e-9)
        critical = np.quantile(np.abs(away / half).max(axis=1), SINGLE_TEST) * self.level
        above, below = values / half > critical, values / half < -critical
        return np.asarray(above.any(axis=1) & below.any(axis=1))

    def _crossover(self, prefers: Texts) -> Foresight:
        columns = list(self.layout.common)
        ends = np.sort(prefers[:, [0, -1]], axis=1)
        alike = (prefers == prefers[:, :1]).all(axis=1) & (prefers[:, 0] != "undecided")
        log_epochs = np.log(self.layout.epochs)
        read, away = self.read[:, columns], self.level[:, :, None] * self.away[None][..., columns]
        turns = np.isfinite(zero(log_epochs, (read[:, None] + away).reshape(-1, len(columns))))
        once = turns.reshape(len(read), -1).mean(axis=1) >= MOSTLY
        inside = (ends == ["depth", "width"]).all(axis=1) & once & np.isfinite(zero(log_epochs, read))
        verdicts = np.where(inside, "inside_range", np.where(alike, "none_in_range", "undetermined"))
        true = np.exp(zero(log_epochs, self.true[:, columns]))
        return foreseen(
            "crossover", "where depth and width change places", verdicts, true, self.slopes[columns]
        )

    def _resolution(self) -> Foresight:
        """As `resolution.judge_steps`: slow with a cap, fast where it beats every rival, else undecided."""
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
        return foreseen(
            "resolution", "how fast to raise the resolution", verdicts, caps, self.slopes[columns]
        )

    def _loses(self) -> Bools:
        """[bases, draws], whether a step from this resolution buys less than a rival, beyond noise."""
        bases = self.layout.bases
        level = 1 - 0.05 / (len(bases) * len(self.layout.steps.rivals))
        columns = [self.layout.by_base[base] for base in bases]
        return np.stack(
            [np.any([self._bounds(column, level)[1] < 0 for column in each], axis=0) for each in columns]
        )


def _completed(
    layout: Layout,
    measured: Measured,
    noise: Noise,
    surfaces: Floats,
    level: Floats,
    generator: np.random.Generator,
) -> tuple[Floats, Floats]:
    """The means of all cells [draws, cells] once the runs that lack are made, and the seeds behind them."""
    done = np.zeros(surfaces.shape[1])
    done[measured.cells] = measured.num_seeds
    means = np.zeros(surfaces.shape[1])
    means[measured.cells] = measured.errors
    missing = np.maximum(layout.cells["num_seeds"].to_numpy(dtype=float) - done, 0)
    spread = level * noise.sd(surfaces) / np.sqrt(np.maximum(missing, 1))
    future = surfaces + spread * generator.standard_normal(surfaces.shape)
    seeds = np.maximum(done + missing, 1)
    return np.clip((done * means + missing * future) / seeds, 0.01, LARGEST_ERROR), seeds


def _reading(layout: Layout, measured: Measured) -> Floats:
    """[cells], variance of what was read off a picture or a curve."""
    reading = np.zeros(len(layout.cells))
    reading[measured.cells] = measured.reading_variance
    return reading
