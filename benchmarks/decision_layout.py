"""A layout: which measured cells are compared with which, by the rules of `selection` and `steps`.

It is computed block by block and cached, so that thousands of partly measured grids take milliseconds each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.metric import FLOPS, Metric
from analysis.noise import Floats, Rows
from analysis.pairs.comparisons import PARTS, SIDES, Comparisons
from analysis.pairs.crossover import SAME_NETWORK
from analysis.pairs.ladder import Block as LadderBlock
from analysis.pairs.ladder import comparisons_in, triples_in
from analysis.pairs.selection import MIN_PAIRS, Selection, Selections
from analysis.resolution.steps import RIVALS
from benchmarks.decision_sources import Grid

CACHED, CACHED_BLOCKS = 2000, 40_000
SPOTS = [f"{side}_{part}" for side in SIDES for part in PARTS]
FOUND = ["own", "other", "axis_rung", "rival_rung", "price", *SPOTS]
"""Columns of a comparison: its base's values of axis and rival, then columns of `Comparisons.table`."""
GROUPS = [f"{side}_{end}" for side in SIDES for end in ("low", "high")]
TRIPLES = ["low", "mid", "high", "weight", "bend"]
Made = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Everything that verdicts on depth, width and resolution need, except the errors."""

    selections: Selections
    """Depth against width, without the breakdowns by resolution and by base."""
    rivals: tuple[Comparisons, ...]
    """Resolution against depth and width, within one step, in the longest regime that has any."""


@dataclass(frozen=True)
class Shape:
    """What the comparisons within a block depend on: cells that differ only in an axis and its rival."""

    axis: str
    rival: str
    heights: tuple[tuple[float, ...], tuple[float, ...]]
    prices: tuple[float, ...]
    """Prices relative to the first cell's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Cells of a grid that differ only in an axis and its rival."""

    cells: Rows
    shape: Shape
    price: float
    """Price of the first cell."""
    fixed: dict[str, float]
    """Values of the other axes."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of a grid, for depth against width and for resolution against each of them."""

    grid: Grid

    @cached_property
    def pairs(self) -> list[Block]:
        return self._blocks("depth", "width", self.grid.compared_at)

    @cached_property
    def steps(self) -> dict[str, list[Block]]:
        return {rival: self._blocks("resolution", rival, FLOPS) for rival in RIVALS}

    def _blocks(self, axis: str, rival: str, cost: Metric) -> list[Block]:
        cells = self.grid.cells[self.grid.cells[cost.column].notna()]
        fixed = [each for each in ("depth", "width", "resolution", "epochs") if each not in (axis, rival)]
        return [
            _block(rows, axis, rival, cost, dict(zip(fixed, key, strict=True)))
            for key, rows in cells.groupby(fixed)
        ]


@lru_cache(CACHED)
def lay_out(grid: Grid, made: bytes) -> Layout:
    """The layout of the measured cells; `made` has a boolean per cell, as bytes."""
    mask = np.frombuffer(made, dtype=bool)
    blocks = _blocks_of(grid)
    return Layout(selections=_select(grid, blocks.pairs, mask), rivals=_rivals(grid, blocks, mask))


@lru_cache
def _blocks_of(grid: Grid) -> Blocks:
    return Blocks(grid)


def _block(rows: pd.DataFrame, axis: str, rival: str, cost: Metric, fixed: dict[str, float]) -> Block:
    prices = rows[cost.column].to_numpy(dtype=float)
    heights = tuple(rows[axis].astype(float)), tuple(rows[rival].astype(float))
    ratios = tuple(float(f"{ratio:.12g}") for ratio in prices / prices[0])
    return Block(
        cells=rows.index.to_numpy(dtype=np.intp),
        shape=Shape(axis, rival, heights, ratios),
        price=float(prices[0]),
        fixed=fixed,
    )


@lru_cache(CACHED_BLOCKS)
def _found(shape: Shape, made: bytes) -> tuple[Floats, list[Floats]]:
    """FOUND for each comparison among the measured cells of a block, and TRIPLES for either side; groups are
    indices into all cells of the block."""
    mask = np.frombuffer(made, dtype=bool)
    own, other = (np.array(each)[mask] for each in shape.heights)
    block = LadderBlock({"axis": own, "rival": other}, np.array(shape.prices)[mask], np.flatnonzero(mask))
    names = ["axis", "rival", *FOUND[2:]]
    table = np.array([[each[name] for name in names] for each in comparisons_in(block)], dtype=float)
    triples = [(each["side"], [each[name] for name in TRIPLES]) for each in triples_in(block)]
    sides = [np.array([each for at, each in triples if at == side], dtype=float) for side in SIDES]
    return table.reshape(-1, len(FOUND)), [each.reshape(-1, len(TRIPLES)) for each in sides]


def _compared(blocks: Sequence[Block], made: Made, cost: Metric) -> Comparisons:
    """All comparisons in the blocks, with groups as indices into the measured cells."""
    shape = blocks[0].shape
    number = np.cumsum(made) - 1
    groups = [FOUND.index(name) for name in GROUPS]
    rows, triples = [], []
    for block in blocks:
        kept, sides = _found(block.shape, made[block.cells].tobytes())
        found = kept.copy()
        found[:, groups] = number[block.cells][found[:, groups].astype(int)]
        found[:, FOUND.index("price")] *= block.price
        rows.append(np.column_stack([found, np.tile([*block.fixed.values()], (len(found), 1))]))
        for place, side in enumerate(sides):
            spots = number[block.cells][side[:, :3].astype(int)]
            about = np.tile([block.fixed["epochs"], place], (len(side), 1))
            triples.append(np.column_stack([spots, side[:, 3:], about]))
    names = {"own": shape.axis, "other": shape.rival, "price": cost.column}
    table = pd.DataFrame(np.concatenate(rows), columns=[*FOUND, *blocks[0].fixed]).rename(columns=names)
    bends = pd.DataFrame(np.concatenate(triples), columns=[*TRIPLES, "regime", "side"])
    return Comparisons(
        axis=shape.axis,
        rival=shape.rival,
        cost=cost,
        num_groups=int(made.sum()),
        table=table.assign(regime=table["epochs"]),
        triples=bends.assign(side=np.array(SIDES, dtype=object)[bends["side"].to_numpy(dtype=int)]),
    )


def _select(grid: Grid, blocks: Sequence[Block], made: Made) -> Selections:
    """As `selection.select`, for one setting."""
    compared = _compared(blocks, made, grid.compared_at)
    table = {name: compared.table[name].to_numpy() for name in ("epochs", "depth", "width", "resolution")}
    rows = [np.flatnonzero(table["epochs"] == epochs) for epochs in np.unique(table["epochs"])]
    bases = table["depth"] + 1j * table["width"]
    if rows:
        shared = list(set.intersection(*(set(bases[each]) for each in rows)))
        kept = [each[np.isin(bases[each], shared)] for each in rows]
        rows = kept if min(map(len, kept)) >= MIN_PAIRS else rows
    regimes = (Selection(each, float(table["epochs"][each[0]]), "", None, ()) for each in rows)
    return Selections(compared, tuple(regimes), (), (), tuple(_common(compared, rows)))


def _common(compared: Comparisons, regimes: Sequence[Rows]) -> list[Rows]:
    """As `crossover.common_pairs`."""
    table = compared.table
    identity = ["depth", "width", "resolution", "axis_rung", "rival_rung"]
    names = list(zip(*(np.nan_to_num(table[name].to_numpy()) for name in identity), strict=True))
    places = [{names[row]: row for row in rows} for rows in regimes]
    shared = [name for name in places[0] if all(name in each for each in places)] if places else []
    rows = np.array([[each[name] for name in shared] for each in places], dtype=np.intp)
    prices = np.log(table[compared.cost.column].to_numpy())[rows]
    return list(rows[:, np.ptp(prices, axis=0) < np.log1p(SAME_NETWORK)]) if shared else list(rows)


def _rivals(grid: Grid, blocks: Blocks, made: Made) -> tuple[Comparisons, ...]:
    """As `steps.lay_out_steps`, for one setting."""
    cells = grid.cells.loc[made, ["depth", "width", "resolution", "epochs"]].to_numpy(dtype=float)
    sizes = np.unique(cells[:, 2])
    following = dict(pairwise(sizes))
    known = {tuple(cell) for cell in cells}
    steps = [each for each in known if (*each[:2], following.get(each[2]), each[3]) in known]
    longest = max((epochs for *_, epochs in steps), default=0.0)
    last = {size: following[size] for _, _, size, epochs in steps if epochs == longest}
    found = []
    for every in blocks.steps.values() if steps else ():
        compared = _compared([each for each in every if each.fixed["epochs"] == longest], made, FLOPS)
        reached = cells[compared.table["axis_high"].to_numpy(dtype=int), 2]
        found.append(compared.where(compared.table["resolution"].map(last) == reached))
    return tuple(each for each in found if len(each.table))
