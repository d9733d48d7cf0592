"""Laws of planted grids, with their uncertainty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.law.fitted import fit_law
from analysis.law.form import additive, power_law, product
from analysis.law.law import Law
from analysis.noise import UNKNOWN, Noise, group_seeds
from analysis.noise_estimate import seed_noise
from analysis.source.clean import table_of
from analysis.table import AXES

Made = tuple[Law, pd.DataFrame]


@pytest.fixture
def made(planted: Callable[..., pd.DataFrame]) -> Made:
    rows = planted(
        generator=np.random.default_rng(0),
        depths=(26, 50, 101, 200),
        resolutions=(128, 224),
        epochs=(10, 100),
    )
    groups = group_seeds(table_of(rows.to_dict("records"), name="planted").usable)
    return fit_law(product(AXES), groups, seed_noise(groups), replicates=100), groups


def test_a_law_has_its_numbers_with_intervals(made: Made) -> None:
    law, groups = made
    assert list(law.parameters["name"]) == list(law.form.parameters)
    assert (law.parameters["low"] <= law.parameters["estimate"]).all()
    assert (law.parameters["estimate"] <= law.parameters["high"]).all()
    assert law.draws(groups).shape == (100, len(groups))
    low, high = law.interval(groups)
    assert ((low < law.error(groups)) & (law.error(groups) < high)).all()
    assert law.error(groups) == pytest.approx(np.median(law.draws(groups), axis=0), rel=0.01)
    assert law.formula_text().startswith("error = ")
    assert "(depth/" in law.formula_text()


def test_draws_are_of_the_same_functions_in_every_call(made: Made) -> None:
    law, groups = made
    assert law.draws(groups.head(5)) == pytest.approx(law.draws(groups)[:, :5])


def test_an_interval_widens_beyond_the_grid(made: Made) -> None:
    law, groups = made
    beyond = groups.tail(1).assign(depth=1600, width=4.0)
    widths = [np.diff(law.interval(rows), axis=0)[0] / law.error(rows) for rows in (groups, beyond)]
    assert widths[1][0] > 2 * np.median(widths[0])


def test_noisy_networks_pull_less(planted: Callable[..., pd.DataFrame]) -> None:
    """Small networks are ten times as noisy as large ones: with noise that depends on size, the law is nearer
    to the truth of the large ones than with noise that depends only on the error (mean of 12 studies)."""
    axes = {"depths": (26, 50, 101, 200), "resolutions": (128, 224)}
    truth = planted(generator=np.random.default_rng(0), num_seeds=1, noise=0.0, **axes)
    miss: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(12):
        rows = planted(generator=np.random.default_rng(seed), noise=lambda _, size: 2.0 * size**-0.5, **axes)
        groups = group_seeds(table_of(rows.to_dict("records"), name="planted").usable)
        large = (groups["flops"] > groups["flops"].quantile(0.7)).to_numpy()
        noise = seed_noise(groups)
        alone = replace(noise, growth=(0.0, 0.0))
        for follows, each in ((True, noise), (False, alone)):
            law = fit_law(product(AXES[:3]), groups, each, replicates=1)
            away = law.formula_error(groups) - (100 - truth["top1"].to_numpy())
            miss[follows].append(float(np.sqrt((away[large] ** 2).mean())))
    assert np.mean(miss[True]) < 0.95 * np.mean(miss[False])


def test_a_diverged_row_is_left_out_and_named(made: Made) -> None:
    law, groups = made
    spoiled = groups.assign(error=groups["error"].where(groups.index != 7, 80.0))
    noise = Noise(kind="seeds", scale=0.2, power=0.0, df=50)
    again = fit_law(law.form, spoiled, noise, replicates=100)
    assert 7 in again.outliers
    assert again.error(groups) == pytest.approx(law.error(groups), rel=0.03)


@pytest.mark.parametrize("noise", [Noise(kind="seeds", scale=0.2, power=0.0, df=50), UNKNOWN])
def test_what_is_hardly_known_of_a_row_hardly_moves_a_law(made: Made, noise: Noise) -> None:
    """The errors of all the most expensive models are read two points too high."""
    law, groups = made
    which = groups["depth"] == 200
    read = groups.assign(error=groups["error"] + np.where(which, 2.0, 0.0))
    told = read.assign(reading_variance=np.where(which, 2.0**2, 0.0))
    off = [
        float(
            np.abs(
                fit_law(law.form, rows, noise, replicates=100).formula_error(groups) / law.error(groups) - 1
            ).max()
        )
        for rows in (told, read)
    ]
    assert off[0] < 0.5 * off[1]


def test_a_law_needs_no_known_noise(made: Made) -> None:
    law, groups = made
    unknown = fit_law(law.form, groups, UNKNOWN, replicates=100)
    assert unknown.error(groups) == pytest.approx(law.error(groups), rel=0.05)
    assert (np.diff(unknown.interval(groups), axis=0) > 0).all()


def test_an_exponent_of_two_values_is_called_undecided(made: Made) -> None:
    _, groups = made
    two = groups[groups["resolution"].isin([128, 224])]
    found = fit_law(additive(("depth", "resolution")), two, UNKNOWN, replicates=100)
    assert "a_resolution" in found.undecided


def test_the_trend_finds_what_the_form_lacks(made: Made) -> None:
    _, groups = made
    law = fit_law(
        power_law("depth"), groups, Noise(kind="seeds", scale=0.2, power=0.0, df=50), replicates=100
    )
    measured = groups["error"].to_numpy()
    misses = [np.abs(error - measured).mean() for error in (law.error(groups), law.formula_error(groups))]
    assert misses[0] < 0.2 * misses[1]
