"""The cluster bootstrap, on rows that are shifted by cluster."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.law.bootstrap import cluster_bootstrap
from analysis.law.fit import Fit, fit
from analysis.law.form import power_law


def rows(*, shift: float) -> pd.DataFrame:
    """20 runs of 10 rows: error = 8 + 20 flops^-0.4, shifted per run with sd `shift`, and noise of 0.1 %."""
    generator = np.random.default_rng(0)
    run = np.repeat(np.arange(20), 10)
    flops = np.repeat(np.geomspace(1, 100, 20), 10)
    moved = shift * generator.standard_normal(20)[run] + 0.001 * generator.standard_normal(200)
    return pd.DataFrame({"flops": flops, "run": run, "error": (8 + 20 * flops**-0.4) * np.exp(moved)})


def of(table: pd.DataFrame) -> Fit:
    return fit(power_law(), table, delta=0.02)


def test_it_is_spread_around_the_truth() -> None:
    table = rows(shift=0.02)
    exponents = cluster_bootstrap(of(table), table, table["run"], replicates=400)[:, 2]
    low, high = np.quantile(exponents, [0.025, 0.975])
    assert low < 0.4 < high
    assert high - low < 0.4


def test_rows_of_one_run_are_no_independent_evidence() -> None:
    table = rows(shift=0.02)
    found = of(table)
    spreads = [
        cluster_bootstrap(found, table, clusters, replicates=200)[:, 2].std()
        for clusters in (table["run"], pd.Series(range(200)))
    ]
    assert spreads[0] > 2 * spreads[1]


def test_it_gives_the_same_every_time() -> None:
    table = rows(shift=0.02)
    first, second = (cluster_bootstrap(of(table), table, table["run"], replicates=20) for _ in range(2))
    assert first == pytest.approx(second, abs=0)
