"""Thinning: very many models are reduced evenly to a small grid, and the report says so."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.table import AXES
from analysis.thin import MAX_COMPARED, thinned, thinned_alike


def grid(depths, widths, resolutions, epochs, *, setting="one"):
    rows = pd.DataFrame(list(product(depths, widths, resolutions, epochs)), columns=list(AXES))
    return rows.assign(data="", setting=setting, error=30.0)


MANY = grid(range(10, 510, 20), np.linspace(0.25, 2, 20), (64, 96, 128, 160, 192), (10, 50, 100, 350))


def test_few_models_are_all_kept():
    few = grid(range(10), [1.0], [128], [10])
    assert thinned(few) is few


def test_what_is_left_of_a_grid_is_a_grid_between_the_same_ends():
    kept = thinned(MANY)
    assert MAX_COMPARED / 3 < len(kept) <= MAX_COMPARED
    assert len(kept) == np.prod([kept[axis].nunique() for axis in AXES])
    for axis in AXES:
        assert (kept[axis].min(), kept[axis].max()) == (MANY[axis].min(), MANY[axis].max())
    assert list(kept.index) == list(range(len(kept)))


def test_a_cloud_of_models_is_thinned_too():
    generator = np.random.default_rng(0)
    cloud = pd.DataFrame({axis: generator.uniform(1, 100, 50_000) for axis in AXES})
    kept = thinned(cloud.assign(data="", setting="one", error=30.0))
    assert MAX_COMPARED / 3 < len(kept) <= MAX_COMPARED


def test_whole_settings_are_kept_the_largest_first():
    small = [grid(range(1, 10 * size), [1.0], [128], [10], setting=f"{size}") for size in range(1, 6)]
    large = grid(range(1, 901), [1.0], [128], [10], setting="large")
    kept = thinned(pd.concat([*small, large], ignore_index=True))
    assert kept["setting"].value_counts().to_dict() == {"large": 900, "5": 49, "4": 39}


def test_settings_of_one_model_each_leave_as_many_as_are_compared():
    rows = pd.concat([grid([26], [1.0], [128], [10])] * 5000, ignore_index=True)
    assert len(thinned(rows.assign(setting=[f"{number:04}" for number in range(5000)]))) == MAX_COMPARED


def test_settings_that_are_compared_with_each_other_all_stay():
    large = [grid(range(30), np.linspace(1, 2, 30), range(22), [10], setting=f"large {n}") for n in (1, 2)]
    small = grid([8, 14], [1.0], [128], [10], setting="small")
    kept = thinned_alike(pd.concat([*large, small], ignore_index=True))
    counts = kept["setting"].value_counts()
    assert counts["small"] == 2
    assert counts["large 1"] == counts["large 2"] > MAX_COMPARED / 6
    assert len(kept) <= MAX_COMPARED
    alone = pd.concat([grid([26], [1.0], [128], [10])] * 5000, ignore_index=True)
    assert len(thinned_alike(alone.assign(setting=[f"{n:04}" for n in range(5000)]))) == MAX_COMPARED


@pytest.fixture
def many(tmp_path):
    generator = np.random.default_rng(0)
    size = MANY["depth"] * MANY["width"] ** 2 * MANY["resolution"] ** 2
    error = 8 + 22 * (size / size.min()) ** -0.3 + 10 * MANY["epochs"] ** -0.5
    noise = generator.normal(0, 0.2, (2, len(MANY)))
    seeds = [MANY.assign(flops=size, seed=seed, error=error + noise[seed]) for seed in (0, 1)]
    path = tmp_path / "many.csv"
    pd.concat(seeds).drop(columns=["data", "setting"]).to_csv(path, index=False)
    return path


def test_rules_of_many_models_end_and_say_what_they_rest_on(many, capsys):
    assert main(["rules", str(many), "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    told = {each["code"]: each["message"] for each in rules["warnings"]}
    assert f" of {rules['provenance']['num_models']} models, spread evenly" in told["thinned"]
    assert len(rules["regimes"]) == 4


def test_families_of_very_many_models_are_all_compared(many, tmp_path, capsys):
    rows = pd.read_csv(many)
    families = [rows.assign(model=name, flops=rows["flops"] * x) for name, x in (("a", 1), ("b", 0.5))]
    path = tmp_path / "families.csv"
    pd.concat(families).to_csv(path, index=False)
    assert main(["speedup", str(path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["speedups"]
    assert {(each["base"], each["family"]) for each in found} == {("a", "b")}
    assert all(each["times"] == pytest.approx(2) for each in found if each["of"] is None)
