"""A suggestion from a table: what it is based on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.pairs.pairs import MIN_DF
from analysis.source.clean import build_table
from analysis.suggest import repeats
from analysis.suggest.sentences import foreseen_text
from analysis.suggest.suggest import suggest
from benchmarks.simulated_studies import CELLS, NOISE, flops, flops_alone


def table_of(rows):
    return build_table(rows, name="mine", source="mine.csv")


def test_a_point_that_was_stopped_tells_what_its_curve_tells():
    """The large networks were stopped: without their extrapolated ends, intervals of advantages are wider."""
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


def width_pays(num_seeds):
    """Rows of a grid in which width pays and depth does not, with noise of 0.1 points."""
    cells = CELLS[CELLS["epochs"] == CELLS["epochs"].min()]
    rows = pd.concat([cells.assign(seed=seed) for seed in range(num_seeds)], ignore_index=True)
    noise = 0.1 * np.random.default_rng(0).normal(size=len(rows))
    error = 40 * rows["width"] ** -0.5 * (rows["resolution"] / 128) ** -0.3 + noise
    rows = rows.assign(flops=flops(rows), top1=100 - error, status="completed")
    return rows.assign(train_flops=3e5 * rows["flops"] * rows["epochs"])


def left_of(table, rows):
    return rows.assign(data="", setting=str(table.rows["setting"].iloc[0]))


def test_nothing_is_settled_while_the_noise_is_assumed():
    """However clear single runs look, the cheapest second seeds come before any verdict."""
    rows = width_pays(2)
    table = table_of(rows[rows["seed"] == 0])
    second = left_of(table, rows[rows["seed"] == 1]).assign(status="pending")
    found = suggest(table, second)
    assert found.status == "teaches"
    assert not any(each.settled for each in found.foresights)
    assert set(found.points["rule"]) == {repeats.NOISE}
    assert list(found.points["train_flops"]) == sorted(second["train_flops"])[:MIN_DF]
    assert suggest(table, second, budget=1.0).status == "too_dear"
    under_way = second.assign(status=["running"] * MIN_DF + ["pending"] * (len(second) - MIN_DF))
    assert suggest(table, under_way).status == "awaited"
    twice = pd.concat([second, second.assign(seed=2)])
    assert not suggest(table, twice).points[["depth", "width", "resolution"]].duplicated().any()
    without = left_of(table, rows.iloc[[0]]).assign(seed=2, width=8.0, status="pending")
    assert suggest(table, without).status in ("settled", "teaches")
    assert suggest(table_of(rows), second.assign(seed=2)).status == "settled"


@pytest.mark.parametrize("declared", [{}, {"rerun_sd": 0.3, "rerun_df": 10}], ids=["assumed", "declared"])
def test_copies_by_other_seeds_settle_nothing(declared):
    """Each run under three seeds, with the same accuracy: what is known is what the one run tells."""
    once = width_pays(1)
    copies = pd.concat([once.assign(seed=seed) for seed in range(3)], ignore_index=True)
    foresights = []
    for rows in (once, copies):
        table = replace(build_table(rows, name="mine", source="mine.csv"), **declared)
        found = suggest(table, left_of(table, once.assign(seed=3, status="pending")))
        foresights.append([bound for each in found.foresights for bound in each.ci95 or ()])
    assert foresights[1] == pytest.approx(foresights[0])


@pytest.mark.parametrize(("settled", "stands"), [(True, "settled"), (False, "open while the noise")])
def test_what_is_alike_is_not_called_settled_while_the_noise_is_assumed(settled, stands):
    rows = width_pays(2)
    first, *_ = suggest(table_of(rows), left_of(table_of(rows), rows).assign(seed=2)).foresights
    told = foreseen_text(replace(first, verdict="alike", settled=settled))
    assert f"; too little to matter, {stands}" in told


def test_a_run_under_way_may_find_everything_settled():
    rows = width_pays(2)
    table = table_of(rows)
    found = suggest(table, left_of(table, rows.iloc[:2]).assign(seed=2, status="running"))
    assert found.status == "settled"
