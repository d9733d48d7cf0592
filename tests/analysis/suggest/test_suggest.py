"""A suggestion from a table: what it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.clean import build_table
from analysis.suggest.suggest import suggest
from benchmarks.simulated_studies import CELLS, NOISE, flops, flops_alone


def table_of(rows):
    return build_table(rows, name="mine", source="mine.csv")


def test_a_point_that_was_stopped_tells_what_its_curve_tells():
    """The large networks were stopped: without the ends that are told of them, advantages are known worse."""
    generator = np.random.default_rng(0)
    truth = flops_alone(generator)(CELLS)
    rows = pd.concat([CELLS.assign(seed=seed, truth=truth) for seed in (0, 1)], ignore_index=True)
    rows = rows.assign(
        flops=flops(rows), top1=100 - rows.pop("truth") - NOISE * generator.normal(size=len(rows))
    )
    rows = rows.assign(train_flops=3e5 * rows["flops"] * rows["epochs"], status="completed")
    large = rows["depth"] > 100
    ends = {"extrapolated": rows["top1"].where(large), "extrapolated_sd": np.where(large, 0.3, np.nan)}
    stopped = rows.assign(
        top1=rows["top1"].where(~large),
        status=rows["status"].where(~large, "failed"),
        failure=np.where(large, "dominated", None),
        **ends,
    )
    left = rows[rows["depth"] < 100].assign(seed=2, status="pending", data="", setting="mine")
    widths = []
    for table in (table_of(stopped), table_of(stopped[~large])):
        runs = left.assign(setting=str(table.rows["setting"].iloc[0]))
        low, high = suggest(table, runs).foresights[0].ci95
        widths.append(high - low)
    assert widths[0] < 0.9 * widths[1]
