"""Sources of `decision_quality`: full grids, published or simulated, whose runs can be redrawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.metric import FLOPS, PRICES, Metric
from analysis.noise import Floats, Noise, Rows, group_seeds
from analysis.noise_estimate import noise_of
from analysis.source.published import PREFIX, RERUN_SD, read_published
from analysis.table import AXES, COST_COLUMNS
from benchmarks.decision_truths import TRUTHS, VALUES, Kind, spread_of

PUBLISHED = f"{PREFIX}resnet_rs_2021"
JAHS = Path("jahs") / "cifar10_surrogate.csv"
JAHS_NAME = "JAHS-Bench, CIFAR-10"
JAHS_EPOCHS = (12, 25, 50, 100)
JAHS_SD = 0.4
"""Noise added to the noiseless surrogate, in points: about what the seed changes in small networks."""
JAHS_PX, JAHS_IMAGES = 32, 50_000
"""Of CIFAR-10: the full resolution, and the training images of an epoch."""
IMAGENET_IMAGES = 1_281_167
NUM_SEEDS = 3
NETWORK = ["depth", "width", "resolution"]
Generator = np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Runs:
    """One repetition: the true error of each cell, and the error that each run would measure, in percent."""

    truth: Floats
    """[cells]"""
    errors: Floats
    """[cells, seeds]"""


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """The runs that can be made, and their costs."""

    cells: pd.DataFrame
    """One row per cell, as `noise.group_seeds` makes them, but without results."""
    num_seeds: int
    compared_at: Metric = FLOPS
    """The cost at which depth and width are compared."""
    declared: Noise | None = None
    """Declared noise, for grids without repeats."""

    @cached_property
    def prices(self) -> Floats:
        """Train FLOPs of one run of each cell, [cells]."""
        return self.cells["train_flops"].to_numpy(dtype=float)

    @property
    def whole(self) -> float:
        """Train FLOPs of all runs."""
        return float(self.prices.sum()) * self.num_seeds

    @cached_property
    def finals(self) -> Rows:
        """For each cell, the cell of the same network that trains longest, [cells]."""
        longest = self.cells.groupby(NETWORK)["epochs"].idxmax()
        return longest.loc[pd.MultiIndex.from_frame(self.cells[NETWORK])].to_numpy(dtype=np.intp)


@dataclass(frozen=True, kw_only=True)
class Source:
    name: str
    grid: Grid
    draw: Callable[[Generator], Runs]
    """Draws a repetition."""


def sources(reference: Path | None) -> dict[str, Source]:
    """Sources by name; JAHS only if its file is in `reference`."""
    found = [published(), *(simulated(name) for name in TRUTHS)]
    if reference is not None and (reference / JAHS).is_file():
        found.append(jahs(reference / JAHS))
    return {source.name: source for source in found}


def published() -> Source:
    """The published grid of ResNet-RS with its study of epochs, a run per cell; only the noise is redrawn."""
    table = read_published(PUBLISHED)
    groups = group_seeds(table.usable)
    grid = Grid(
        cells=groups.drop(columns=["error", "variance", "num_seeds"]),
        num_seeds=1,
        compared_at=PRICES[table.compared_at],
        declared=noise_of(table, groups),
    )
    return Source(
        name=PUBLISHED,
        grid=grid,
        draw=partial(_noisy, groups["error"].to_numpy(dtype=float), np.array(RERUN_SD), 1),
    )


def simulated(name: str) -> Source:
    """A kind of `decision_truths`; truth and noise are redrawn."""
    return Source(name=name, grid=_simulated_grid(), draw=partial(_drawn, TRUTHS[name]))


def jahs(file: Path) -> Source:
    """The surrogate of JAHS-Bench-201 at learning rate 0.1 with trivial augmentation; FLOPs are proportional
    to depth x width^2 x resolution^2."""
    rows = pd.read_csv(file).rename(columns={"N": "depth", "W": "width", "epoch": "epochs"})
    rows = rows[(rows["lr"] == 0.1) & (rows["ta"] == 1) & rows["epochs"].isin(JAHS_EPOCHS)]
    rows = rows.assign(resolution=rows["R"] * JAHS_PX).sort_values([*AXES], ignore_index=True)
    grid = Grid(cells=cells_of(rows, scale=1e6, images=JAHS_IMAGES), num_seeds=NUM_SEEDS)
    truth = 100.0 - rows["valid_acc"].to_numpy(dtype=float)
    return Source(name=JAHS_NAME, grid=grid, draw=partial(_noisy, truth, np.array(JAHS_SD), NUM_SEEDS))


def cells_of(knobs: pd.DataFrame, scale: float, images: int) -> pd.DataFrame:
    """Cells of one setting; FLOPs are proportional to depth x width^2 x resolution^2, and `scale` for the
    smallest network."""
    cells = knobs[[*AXES]].astype(float)
    size = (cells["depth"] * cells["width"] ** 2 * cells["resolution"] ** 2).to_numpy()
    flops = scale * size / size.min()
    costs: dict[str, Any] = dict.fromkeys(COST_COLUMNS, np.nan) | {
        "flops": flops,
        "train_flops": 3 * flops * cells["epochs"] * images,
    }
    return cells.assign(data="", setting="", **costs, num_stopped=0, reading_variance=0.0)


@cache
def _simulated_grid() -> Grid:
    """The grid of all simulated sources, shared so that its caches are too."""
    knobs = pd.DataFrame(list(product(*VALUES)), columns=list(AXES))
    return Grid(cells=cells_of(knobs, scale=1e9, images=IMAGENET_IMAGES), num_seeds=NUM_SEEDS)


def _drawn(kind: Kind, generator: Generator) -> Runs:
    cells = _simulated_grid().cells
    return _noisy(kind.truth(generator)(cells), spread_of(kind, cells), NUM_SEEDS, generator)


def _noisy(truth: Floats, spread: Floats, num_seeds: int, generator: Generator) -> Runs:
    noise = generator.standard_normal((len(truth), num_seeds))
    return Runs(truth=truth, errors=truth[:, None] + np.broadcast_to(spread, len(truth))[:, None] * noise)
