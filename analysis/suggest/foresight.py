"""Foresight: what the rules would say if the whole grid were measured, and how sure that is already."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.crossover import MOSTLY, zero
from analysis.law.misfit import Bools
from analysis.noise import Floats, Interval, Noise, Rows
from analysis.pairs import MIN_DF
from analysis.replicates import BOOTSTRAP_SEED, interval
from analysis.selection import MIN_PAIRS
from analysis.steps import RIVALS
from analysis.suggest.layout import Columns, Layout
from analysis.suggest.surrogate import Surrogate
from scaling.quantity import counted

Texts = npt.NDArray[np.str_]

CONFIDENCE = 0.95
"""A rule is settled when the whole grid would say the same with this probability."""
DRAWS = 480
"""Surfaces, and as many replicates of the noise of the whole grid."""


@dataclass(frozen=True, kw_only=True)
class Foresight:
    rule: str
    """Such as `depth_or_width@350`, `crossover` or `resolution`."""
    name: str
    """Such as `depth or width at 350 epochs`."""
    verdict: str
    """The one that the whole grid is most likely to give."""
    probability: float
    """That it would give this one."""
    estimate: float | None
    """What the true surface says, as far as it is known: points, epochs, or pixels."""
    ci95: Interval | None
    rests_on: Columns
    """Places of its numbers in the layout."""

    @property
    def settled(self) -> bool:
        return self.probability >= CONFIDENCE


@dataclass(frozen=True)
class Measured:
    """The cells of a layout that have results."""

    cells: Rows
    """Their places, [n]."""
    errors: Floats
    """Means over their seeds in percent, [n]."""
    num_seeds: Floats
    """Behind each mean, [n]."""
    reading_variance: Floats
    """Of each mean, besides the noise of its runs, [n] in points squared."""

    def log_noise(self, noise: Noise) -> Floats:
        """[n], the standard deviation of the mean log errors."""
        variance = noise.sd(self.errors) ** 2 / self.num_seeds + self.reading_variance
        return np.asarray(np.maximum(np.sqrt(variance) / self.errors, 1e-4))


def foresee(layout: Layout, measured: Measured, noise: Noise, surrogate: Surrogate) -> tuple[Foresight, ...]:
    """The rules of the whole grid: of depth or width a verdict a regime, the crossover and the resolution.

    In each draw the cells that lack runs get a surface of the surrogate and the noise of those runs; the
    measured ones keep their means. The rules then judge as `pairs.judge` and `resolution.judge_steps` do, by
    intervals that replicates of the noise of the whole grid make.
    """
    return _Grid.drawn(layout, measured, noise, surrogate).foresights()


@dataclass(frozen=True)
class _Grid:
    """Draws of the whole grid when it is measured."""

    layout: Layout
    true: Floats
    """[draws, numbers], of the surface without noise."""
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
    enough_noise: bool
    """Whether the whole grid would tell its noise."""

    @classmethod
    def drawn(cls, layout: Layout, measured: Measured, noise: Noise, surrogate: Surrogate) -> _Grid:
        generator = np.random.default_rng(BOOTSTRAP_SEED)
        seeds = layout.cells["num_seeds"].to_numpy(dtype=float)
        done = np.zeros(len(seeds))
        done[measured.cells] = measured.num_seeds
        reading = np.zeros(len(seeds))
        reading[measured.cells] = measured.reading_variance
        surfaces = np.minimum(np.exp(surrogate.draws(DRAWS, generator)), 99.0)
        level = np.sqrt(noise.df / generator.chisquare(noise.df, size=(DRAWS, 1)))
        missing = np.maximum(seeds - done, 0)
        spread = level * noise.sd(surfaces) / np.sqrt(np.maximum(missing, 1)) * (missing > 0)
        future = surfaces + spread * generator.standard_normal(surfaces.shape)
        means = np.zeros(len(seeds))
        means[measured.cells] = measured.errors
        total = done + missing
        grids = np.clip((done * means + missing * future) / np.maximum(total, 1), 0.01, 99.0)
        middle = np.minimum(np.exp(surrogate.mean), 99.0)
        is_measured = noise.kind == "seeds"
        df = max(np.maximum(total - 1, 0).sum(), 1) if is_measured else noise.df
        wide = np.sqrt(df / generator.chisquare(df, size=(DRAWS, 1)))
        shaken = np.sqrt(noise.sd(middle) ** 2 / np.maximum(total, 1) + reading) * wide
        shaken = middle + shaken * generator.standard_normal((DRAWS, len(seeds)))
        (numbers, pairs), (centre, pairs_centre) = layout.numbers(shaken), layout.numbers(middle[None])
        read, read_pairs = layout.numbers(grids)
        return cls(
            layout=layout,
            true=layout.numbers(surfaces)[0],
            read=read,
            pairs=read_pairs,
            level=level if is_measured else np.ones_like(level),
            away=numbers - centre,
            pairs_away=pairs - pairs_centre,
            enough_noise=bool(df >= MIN_DF),
        )

    def foresights(self) -> tuple[Foresight, ...]:
        prefers = [self._prefers(place) for place in range(len(self.layout.regimes))]
        found = [
            _foresight(
                f"depth_or_width@{epochs:g}",
                f"depth or width at {counted(epochs, 'epoch')}",
                verdicts,
                self.true[:, column],
                (column,),
            )
            for epochs, column, verdicts in zip(self.layout.epochs, self.layout.regimes, prefers, strict=True)
        ]
        if self.layout.common:
            found.append(self._crossover(np.stack(prefers, axis=1)))
        if self.layout.overall:
            found.append(self._resolution())
        return tuple(found)

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
        critical = np.quantile(np.abs(away / half).max(axis=1), CONFIDENCE) * self.level
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
        return _foresight(
            "crossover", "where depth and width change places", verdicts, true, self.layout.common
        )

    def _resolution(self) -> Foresight:
        """As `resolution.judge_steps`: slow with a cap, fast where it beats every rival, else undecided."""
        rivals, num_pairs = self.layout.steps.rivals, sum(len(e.table) for e in self.layout.steps.rivals)
        level = 1 - 0.05 / (len(self.layout.bases) * len(rivals))
        loses = np.stack(
            [
                np.any([self._bounds(column, level)[1] < 0 for column in self.layout.by_base[base]], axis=0)
                for base in self.layout.bases
            ]
        )
        slow = loses[-1]
        beats = [self._bounds(column)[0] > 0 for column in self.layout.overall]
        fast = np.all(beats, axis=0) & (len(rivals) == len(RIVALS)) & ~slow
        enough = self.enough_noise and num_pairs >= MIN_PAIRS
        verdicts = np.where(enough & slow, "slow", np.where(enough & fast, "fast", "undecided"))
        worst = self.true[:, self.layout.overall].min(axis=1)
        columns = tuple(sorted({*self.layout.overall, *self.layout.by_base[self.layout.bases[-1]]}))
        return _foresight("resolution", "how fast to raise the resolution", verdicts, worst, columns)


def _foresight(rule: str, name: str, verdicts: Texts, true: Floats, columns: Columns) -> Foresight:
    (verdict, count), *_ = Counter(verdicts.tolist()).most_common(1)
    known = true[np.isfinite(true)]
    estimate = float(np.median(known)) if len(known) >= MOSTLY * len(true) else None
    return Foresight(
        rule=rule,
        name=name,
        verdict=str(verdict),
        probability=count / len(verdicts),
        estimate=estimate,
        ci95=None if estimate is None else interval(known),
        rests_on=columns,
    )
