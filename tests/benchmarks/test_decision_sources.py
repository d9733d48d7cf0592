"""Tests of benchmarks.decision_sources and benchmarks.decision_truths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.table import AXES
from benchmarks.decision_sources import JAHS, JAHS_NAME, jahs, published, simulated, sources
from benchmarks.decision_truths import NOISE, TRUTHS, VALUES, flops_alone


def test_sources_need_no_reference() -> None:
    assert len(sources(None)) == 1 + len(TRUTHS)
    assert JAHS_NAME not in sources(Path("nowhere"))


@pytest.mark.parametrize("name", TRUTHS)
def test_truths_are_percentages_and_each_repetition_draws_its_own(name: str) -> None:
    source = simulated(name)
    first, second = (source.draw(np.random.default_rng(seed)) for seed in (0, 1))
    assert ((first.truth > 0) & (first.truth < 80)).all()
    assert not np.allclose(first.truth, second.truth)
    assert first.errors.shape == (144, 3)


def test_noise_is_as_declared() -> None:
    source = simulated("a turn, short runs noisy")
    drawn = [source.draw(np.random.default_rng(seed)) for seed in range(50)]
    off = np.concatenate([runs.errors - runs.truth[:, None] for runs in drawn], axis=1)
    epochs = source.grid.cells["epochs"].to_numpy()
    assert off[epochs == 100].std() == pytest.approx(NOISE, rel=0.05)
    assert off[epochs == 10].std() == pytest.approx(NOISE * 10**0.5, rel=0.05)


def test_of_flops_alone_networks_of_equal_flops_err_alike() -> None:
    rows = pd.DataFrame([(104, 0.5, 128, 10), (26, 1.0, 128, 10), (26, 0.5, 256, 10)], columns=list(AXES))
    assert np.ptp(flops_alone(np.random.default_rng(0))(rows)) < 1e-9


@pytest.mark.parametrize(
    ("name", "sign"),
    [("depth pays", 1), ("width pays", -1), ("low resolution deceives", 1)],
)
def test_depth_pays_as_planted_at_the_largest_scale(name: str, sign: int) -> None:
    deep, wide = (104, 1.0, 224, 100), (26, 2.0, 224, 100)
    rows = pd.DataFrame([deep, wide], columns=list(AXES))
    error = TRUTHS[name].truth(np.random.default_rng(3))(rows)
    assert sign * (error[1] - error[0]) > 0


def test_low_resolution_deceives() -> None:
    deep, wide = (104, 0.5, VALUES[2][0], 100), (26, 1.0, VALUES[2][0], 100)
    rows = pd.DataFrame([deep, wide], columns=list(AXES))
    error = TRUTHS["low resolution deceives"].truth(np.random.default_rng(3))(rows)
    assert error[0] > error[1]


def test_the_published_grid_has_one_run_a_cell_and_a_cell_of_longest_training_a_network() -> None:
    grid = published().grid
    assert grid.num_seeds == 1
    assert set(grid.cells["epochs"].to_numpy()[grid.finals]) == {350}


def test_jahs_is_read_from_its_file(tmp_path: Path) -> None:
    rows = [
        (depth, width, resolution, epoch, 0.1, ta, 50 + depth + width)
        for depth in (1, 3)
        for width in (4, 8)
        for resolution in (0.25, 1.0)
        for epoch in (1, 12, 100)
        for ta in (0, 1)
    ]
    file = tmp_path / JAHS
    file.parent.mkdir()
    pd.DataFrame(rows, columns=["N", "W", "R", "epoch", "lr", "ta", "valid_acc"]).to_csv(file, index=False)
    source = jahs(file)
    assert len(source.grid.cells) == 16
    assert set(source.grid.cells["resolution"]) == {8, 32}
    assert source.grid.cells["flops"].max() == pytest.approx(1e6 * 3 * 4 * 16)
    assert JAHS_NAME in sources(tmp_path)
