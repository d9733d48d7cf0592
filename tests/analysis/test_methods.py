"""The ladder of training methods: planted gains are found, with intervals that hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from analysis.methods import METHODS, climb, ladder_sheet, mean_interval
from analysis.source import read_source
from analysis.table import build_table
from hydra_plugins.scaling_study._axes import blocks_of
from hydra_plugins.scaling_study._request import Composed, request
from scaling.errors import Refused
from scaling.study.result import Result, State

OFF = {
    "schedule.kind": "step",
    "epochs": 8,
    "recipe.ema_decay": 0.0,
    "recipe.label_smoothing": 0.0,
    "recipe.stochastic_depth": 0.0,
    "recipe.rand_augment_layers": 0,
    "recipe.dropout": 0.0,
    "recipe.weight_decay": 1e-4,
    "model.se_ratio": 0.0,
    "model.stem": "plain",
    "model.pooled_shortcut": False,
}
ON = {
    "schedule.kind": "cosine",
    "epochs": 24,
    "recipe.ema_decay": 0.9,
    "recipe.label_smoothing": 0.1,
    "recipe.stochastic_depth": 0.1,
    "recipe.rand_augment_layers": 2,
    "recipe.dropout": 0.2,
    "recipe.weight_decay": 4e-5,
    "model.se_ratio": 0.25,
    "model.stem": "deep",
    "model.pooled_shortcut": True,
}
GAIN = 0.5
"""Points that each method adds here."""


def planted(num_seeds: int = 4, noise: float = 0.05, rungs: range = range(len(METHODS) + 1)) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    of_seed = generator.normal(0, 2, num_seeds)  # as large as all gains, and the same on every rung
    rows = []
    for rung in rungs:
        on = {column for method in METHODS[:rung] for column in method.columns}
        settings = {name: (ON if name in on else OFF)[name] for name in OFF}
        for seed in range(num_seeds):
            top1 = 70 + GAIN * rung + of_seed[seed] + noise * generator.standard_normal()
            axes = {"depth": 14, "width": 1.0, "resolution": 14, "seed": seed}
            rows.append({**axes, **settings, "top1": top1, "test_top1": top1 - 1})
    return pd.DataFrame(rows)


def table(rows: pd.DataFrame):
    return build_table(rows, name="mine", source="mine")


def test_each_gain_is_found_by_its_seeds() -> None:
    ladder = climb(table(planted()))
    assert ladder.metric == "test_top1"
    assert [rung.num_seeds for rung in ladder.rungs] == [4] * 11
    assert ladder.rungs[0].gain is None
    for rung in ladder.rungs[1:]:
        low, high = rung.gain_ci95
        assert high - low < 0.5
        assert rung.gain == pytest.approx(GAIN, abs=0.15)
    assert sum(low <= GAIN <= high for low, high in (rung.gain_ci95 for rung in ladder.rungs[1:])) >= 8
    assert ladder.total.gain == pytest.approx(10 * GAIN, abs=0.2)


def test_it_is_read_from_a_file_too(tmp_path: Path) -> None:
    planted().to_csv(tmp_path / "mine.csv", index=False)
    assert climb(read_source(str(tmp_path / "mine.csv"))).rungs == climb(table(planted())).rungs


def test_the_paper_stands_beside_it() -> None:
    """Table 1 of Bello et al. 2021: 3.2 of 4.4 points by training, 1.2 by the network."""
    rungs = climb(table(planted())).rungs
    gains = [rung.paper_gain for rung in rungs]
    assert gains == [None, 0.3, -0.5, 0.3, 1.3, 0.2, 0.4, -0.3, 1.5, 0.7, 0.5]
    assert sum(gains[1:9]) == pytest.approx(3.2)
    assert climb(table(planted())).total.paper_gain == 4.4


def test_one_seed_has_no_interval() -> None:
    ladder = climb(table(planted(num_seeds=1)))
    assert all(rung.ci95 is None and rung.gain_ci95 is None for rung in ladder.rungs)
    assert ladder_sheet(ladder).rows[1][2] == f"{ladder.rungs[1].top1:.2f}"


def test_rungs_that_are_missing_or_failed_are_bridged() -> None:
    rows = planted(rungs=range(0, 11, 5))
    assert climb(table(rows)).rungs[1].gain == pytest.approx(5 * GAIN, abs=0.2)
    rows["status"] = "completed"
    rows.loc[rows["recipe.dropout"] == 0.2, "status"] = "failed"
    assert len(climb(table(rows)).rungs) == 2


def test_where_there_is_no_ladder_it_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="has results of 1 rung of the ladder"):
        climb(table(planted(rungs=range(1))))
    (tmp_path / "mine.csv").write_text("depth,width,resolution,epochs,top1\n8,1,14,2,70\n")
    with pytest.raises(Refused, match=r"has no column schedule\.kind: the ladder is read from a study"):
        climb(read_source(str(tmp_path / "mine.csv")))


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(1)
    samples = generator.normal(3, 1, (2000, 5))
    held = [low <= 3 <= high for low, high in map(mean_interval, samples)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_the_study_has_every_rung() -> None:
    """As conf/study/training_methods.yaml makes its points, with a result for each."""
    conf = str(Path(__file__).parents[2] / "conf")
    with initialize_config_dir(conf, version_base="1.3"):
        config = compose("config", ["study=training_methods"], return_hydra_config=True)
    blocks = blocks_of(config, OverridesParser.create().parse_overrides)
    made = request([Composed(config, block, config.hydra.runtime.choices) for block in blocks])
    (expansion,) = made.studies.values()
    rows = [
        Result(point=point, state=State(status="completed"), metrics={"top1": 50.0 + index}).row()
        for index, point in enumerate(expansion.points)
    ]
    ladder = climb(table(pd.DataFrame(rows)))
    assert [rung.top1 for rung in ladder.rungs] == [50.0 + index for index in range(11)]
