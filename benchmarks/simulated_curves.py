"""Simulated studies with learning curves, trained by a pool that may stop dominated runs, for `stopping`.

The error of a run falls as in real runs under a cosine: fast at first, then slowly, and again late, with the
learning rate. The size of the late fall varies between models and grows with their size. The noise of a run
changes slowly along its curve, and is largest early in training.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from analysis.curves.curve import PointCurve
from analysis.curves.dominated import at_rung, dominated
from analysis.noise import Floats, Noise, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.source.stopped import told_end
from analysis.table import AXES, COST_COLUMNS, EXTRAPOLATED_SD, STOPPED
from benchmarks.law_truths import Truth, scaled
from benchmarks.simulated_studies import CELLS, NOISE, NUM_SEEDS, Generator
from scaling.data.dataset import DataSet
from scaling.models.resnet import ResNet
from scaling.study.point import Point
from scaling.study.stopping import Stopping
from scaling.training.evaluation_epochs import is_evaluated
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

SLOTS = 4
EARLY, LATE = 0.15, 0.3
"""Parts of the log error above its final value: from the power of the share trained, and from the cosine."""
LATE_SPREAD, LATE_GROWTH = 0.03, 0.02
"""Standard deviation of the late part over models, and its growth per unit of log FLOPs."""
MEMORY = 0.3
"""Correlation length of a run's noise, as a share of the schedule."""
NOISIER = 3.0
"""Ratio of the noise at the start to that at the end."""


@dataclass(frozen=True)
class Trained:
    """The outcome of a study."""

    rows: pd.DataFrame
    """One row per run, as in a results table, with completed and stopped runs."""
    share: Floats
    """[runs], share of the epochs that were trained."""
    hours: float
    """Time until the last slot was idle, in units of FLOPs."""

    @property
    def spent(self) -> float:
        """Share of the whole grid's train FLOPs that was spent."""
        cost = self.rows["train_flops"].to_numpy()
        return float(cost @ self.share / cost.sum())


@cache
def points() -> tuple[Point, ...]:
    """One point per run; the seeds of a cell follow each other."""
    data = DataSet(
        name="simulated",
        fingerprint="0" * 64,
        num_classes=1000,
        channels=3,
        side=256,
        num_train=1_000_000,
        num_val=50_000,
        num_test=50_000,
        split_seed=0,
        mirror=True,
    )
    return tuple(
        Point(
            depth=int(cell["depth"]),
            width=cell["width"],
            resolution=int(cell["resolution"]),
            epochs=int(cell["epochs"]),
            seed=seed,
            family="resnet",
            model=ResNet(),
            data=data,
            recipe=Recipe(),
            schedule=Schedule(),
            precision="fp32",
        )
        for cell in CELLS.to_dict("records")
        for seed in range(NUM_SEEDS)
    )


def curves_of(truth: Truth, generator: Generator) -> list[PointCurve]:
    """The complete curve of each run."""
    final = truth(CELLS)
    size = np.log(scaled(CELLS)[:, :3]) @ np.array([1.0, 2.0, 2.0])
    late = LATE + LATE_SPREAD * generator.standard_normal(len(CELLS)) + LATE_GROWTH * (size - size.mean())
    cells = np.repeat(np.arange(len(CELLS)), NUM_SEEDS)
    return [
        _curve(point, final[cell], late[cell], generator) for point, cell in zip(points(), cells, strict=True)
    ]


def _curve(point: Point, final: float, late: float, generator: Generator) -> PointCurve:
    epochs = np.array([e for e in range(1, point.epochs + 1) if is_evaluated(e, point.epochs)], dtype=float)
    share = epochs / point.epochs
    above = EARLY * (share**-0.5 - 1) + late * (1 + np.cos(np.pi * share)) / 2
    alike = np.exp(-np.abs(share[:, None] - share) / MEMORY)
    noise = np.linalg.cholesky(alike + 1e-9 * np.eye(len(share))) @ generator.standard_normal(len(share))
    spread = NOISE * (1 + (NOISIER - 1) * (1 - share))
    error = np.clip(final * np.exp(above) + spread * noise, 0.1, 99.0)
    return PointCurve(point=point, status="completed", epochs=epochs, error=error)


def trained(curves: Sequence[PointCurve], stopping: Stopping, noise: Noise | None = None) -> Trained:
    """Train the runs, cheapest first; a dominated one stops at its next evaluation.

    The noise of a run is estimated from the seeds that have finished, unless it is declared.
    """
    pool = _Pool(curves, stopping, noise)
    pool.run()
    return pool.outcome()


class _Pool:
    """A pool simulated event by event: each event is an evaluation of a run, or its end."""

    def __init__(self, curves: Sequence[PointCurve], stopping: Stopping, noise: Noise | None) -> None:
        self._declared = noise
        self._curves = curves
        self._stopping = stopping
        self._cost = np.array([curve.point.cost.train_flops for curve in curves], dtype=float)
        self._waiting = list(np.argsort(self._cost, kind="stable")[::-1])
        self._events: list[tuple[float, int, int]] = []
        self._begun: dict[int, float] = {}
        self._finished: list[int] = []
        self._known = np.zeros(len(curves), dtype=int)
        self._rows = [_row(curve) for curve in curves]
        self._known_noise: tuple[pd.DataFrame, Noise] | None = None
        self._now = 0.0

    def run(self) -> None:
        for _ in range(SLOTS):
            self._start()
        doomed: set[int] = set()
        while self._events:
            self._now, run, place = heapq.heappop(self._events)
            self._known[run] = place + 1
            if place + 1 == len(self._curves[run].epochs):
                self._finished.append(run)
                self._known_noise = None
                self._start()
            elif run in doomed:
                self._start()
            else:
                if self._stopping.dominated and self._is_dominated(run, place):
                    doomed.add(run)
                self._await(run, place + 1)

    def _start(self) -> None:
        if self._waiting:
            run = int(self._waiting.pop())
            self._begun[run] = self._now
            self._await(run, 0)

    def _await(self, run: int, place: int) -> None:
        curve = self._curves[run]
        at = self._begun[run] + self._cost[run] * curve.epochs[place] / curve.point.epochs
        heapq.heappush(self._events, (at, run, place))

    def _is_dominated(self, run: int, place: int) -> bool:
        """Whether the run is dominated; checked only when it reaches a rung."""
        curve = _cut(self._curves[run], place + 1)
        known = at_rung(curve, self._stopping.rungs)
        if not self._finished or known is None or len(known.epochs) != place + 1:
            return False
        if self._known_noise is None:
            groups = group_seeds(pd.DataFrame([self._rows[each] for each in self._finished]))
            self._known_noise = groups, self._declared or seed_noise(groups)
        finished = [self._curves[each] for each in self._finished]
        return bool(dominated([curve], finished, *self._known_noise, self._stopping))

    def outcome(self) -> Trained:
        finished = [self._curves[run] for run in self._finished]
        rows = pd.DataFrame(self._rows)
        for run in set(range(len(self._curves))) - set(self._finished):
            curve = replace(_cut(self._curves[run], self._known[run]), status="failed")
            top1, sd = told_end(curve, finished)
            rows.loc[run, ["error", EXTRAPOLATED_SD]] = 100 - top1, sd
            rows.loc[run, "left_out"] = STOPPED
        known = [curve.epochs[n - 1] for curve, n in zip(self._curves, self._known, strict=True)]
        share = np.array(known) / rows["epochs"].to_numpy()
        return Trained(rows=rows, share=share, hours=self._now)


def _cut(curve: PointCurve, number: int) -> PointCurve:
    return replace(curve, status="running", epochs=curve.epochs[:number], error=curve.error[:number])


def _row(curve: PointCurve) -> dict[str, object]:
    point = curve.point
    costs = dict.fromkeys(COST_COLUMNS, np.nan) | {
        name: float(getattr(point.cost, name)) for name in ("flops", "params", "activations", "train_flops")
    }
    axes = {axis: getattr(point, axis) for axis in AXES}
    about = {"data": point.data.name, "setting": point.setting, "seed": point.seed, "left_out": None}
    return {**about, **axes, **costs, "error": float(curve.error[-1]), EXTRAPOLATED_SD: np.nan}
