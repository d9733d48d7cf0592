"""The unmeasured: runs that are missing from a table without a plan, each with its price."""

from __future__ import annotations

from itertools import count, product
from math import prod

import numpy as np
import pandas as pd

from analysis.family.buildable import SIZE, priced
from analysis.law.choose import largest_setting
from analysis.noise import Floats, group_seeds
from analysis.setting import Base, base_setting
from analysis.table import AXES, Table
from scaling.errors import Refused

MOST_CELLS = 10_000
LEAST_KNOWN = 2
"""Minimum number of networks with known FLOPs from which those of others are estimated."""
_NOT_AGAIN = ("diverged", "dominated", "code_error")
"""Failures that are not tried again."""


def unmeasured(table: Table, model: str | None) -> pd.DataFrame:
    """The cells without a result in the product of all values of the largest setting, and one more seed for
    each measured cell, up to the largest number of seeds of any cell, but at least two.

    FLOPs are those of the same network where it is measured, else of the network that the source or `model`
    names (which also excludes what cannot be built), else from a fit. Raises `Refused` where nothing is
    measured, where FLOPs are not known, and for values that do not form a grid.
    """
    if table.usable.empty:
        raise Refused(f"{table.source} has no completed point to suggest the next ones from.")
    rows = table.usable
    largest = largest_setting(group_seeds(rows)).iloc[0]
    rows = rows[(rows["data"] == largest["data"]) & (rows["setting"] == largest["setting"])]
    others = table.rows[
        (table.rows["data"] == largest["data"]) & (table.rows["setting"] == largest["setting"])
    ]
    coming = others[others["status"].isin(["pending", "running"])]
    lost = others[(others["status"] == "failed") & others["failure"].isin(_NOT_AGAIN)]
    cells = [*_missing(rows, pd.concat([coming, lost])), *_more_seeds(rows)]
    found = pd.DataFrame(cells, columns=[*AXES, "seed"]).assign(status="pending")
    found = pd.concat([found, coming[[*AXES, "seed", "status"]]]).drop_duplicates(
        [*AXES, "seed"], keep="last"
    )
    found = found.assign(point=None, data=largest["data"], setting=largest["setting"], hours=np.nan)
    return _with_price(table, rows, found, model) if len(found) else found.assign(flops=[], train_flops=[])


def _missing(rows: pd.DataFrame, taken: pd.DataFrame) -> list[tuple[float, ...]]:
    values = [sorted(rows[axis].unique()) for axis in AXES]
    num_cells = prod(map(len, values))
    if num_cells > MOST_CELLS:
        raise Refused(
            f"The values of its axes make {num_cells} cells, more than {MOST_CELLS}, so they are no grid: "
            "give a table whose points form one."
        )
    there = {tuple(cell) for cell in pd.concat([rows, taken])[list(AXES)].to_numpy(dtype=float)}
    seed = int(rows["seed"].min())
    return [(*cell, seed) for cell in product(*values) if tuple(map(float, cell)) not in there]


def _more_seeds(rows: pd.DataFrame) -> list[tuple[float, ...]]:
    seeds = rows.groupby(list(AXES))["seed"].agg(set).reset_index()
    most = max(2, *map(len, seeds["seed"]))
    return [
        (*cell, next(seed for seed in count() if seed not in used))
        for *cell, used in seeds.itertuples(index=False, name=None)
        if len(used) < most
    ]


def _with_price(table: Table, rows: pd.DataFrame, runs: pd.DataFrame, model: str | None) -> pd.DataFrame:
    base = _base(table, str(rows["setting"].iloc[0]), model)
    known = rows.dropna(subset="flops").groupby(list(SIZE))["flops"].mean()
    if base is not None:
        costs = priced(base, runs[list(AXES)].drop_duplicates(), None).set_index(list(AXES))
        runs = runs.join(costs[["flops", "train_flops"]], on=list(AXES)).dropna(subset="flops")
    elif len(known) >= LEAST_KNOWN or {*map(tuple, runs[list(SIZE)].to_numpy(dtype=float))} <= {*known.index}:
        runs = runs.assign(flops=_fitted(known, runs), train_flops=np.nan)
    else:
        raise Refused(
            f"{table.source} has neither FLOPs nor names of its networks: add a column flops, or give "
            "--model, a file of conf/model."
        )
    measured = runs.join(known.rename("measured"), on=list(SIZE))["measured"]
    runs = runs.assign(flops=measured.fillna(runs["flops"]))
    images = (rows["train_flops"] / (3 * rows["flops"] * rows["epochs"])).median()
    if np.isfinite(images):
        return runs.assign(train_flops=3 * runs["flops"] * images * runs["epochs"])
    if base is None:
        raise Refused(
            f"{table.source} does not say what training its runs took: add a column train_flops, 3 x "
            "flops x images seen."
        )
    return runs


def _base(table: Table, setting: str, model: str | None) -> Base | None:
    """The setting of the table's networks; None where it is not named, or names networks that are not built
    here."""
    try:
        return base_setting(table, setting, model)
    except Refused:
        if model is not None:
            raise
        return None


def _fitted(known: pd.Series, runs: pd.DataFrame) -> Floats:
    """FLOPs as a product of powers of depth, width and resolution, by least squares in logarithms."""

    def design(sizes: Floats) -> Floats:
        return np.column_stack([np.log(sizes), np.ones(len(sizes))])

    weights = np.linalg.lstsq(
        design(np.array(known.index.to_list(), dtype=float)), np.log(known.to_numpy(dtype=float)), rcond=None
    )[0]
    return np.asarray(np.exp(design(runs[list(SIZE)].to_numpy(dtype=float)) @ weights))
