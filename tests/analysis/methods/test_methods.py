"""The training methods: which rows form a ladder of them, and which do not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from analysis.methods.additive import climb
from analysis.methods.methods import METHODS, PAPER_TOP1, place_of, whole_place_of
from analysis.methods.weight_decay import interplay
from hydra_plugins.scaling_study._axes import blocks_of
from hydra_plugins.scaling_study._composed import Composed
from hydra_plugins.scaling_study._request import request
from scaling.study.result import Result, State
from tests.analysis.planted_methods import crossed_rows, ladder_rows, table


def test_training_comes_first() -> None:
    kinds = [method.kind for method in METHODS]
    assert kinds == ["training"] * 8 + ["architecture"] * 2
    assert len(PAPER_TOP1) == len(METHODS) + 1


def test_a_ladder_is_told_from_other_tables() -> None:
    """Also a ladder that is only partly trained."""
    rows = ladder_rows()
    assert whole_place_of(table(rows)).planned == list(range(11))
    pending = rows.assign(status=["completed"] * 5 + ["pending"] * (len(rows) - 5))
    assert whole_place_of(table(pending)).planned == list(range(11))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ladder_rows(rungs=range(2)), id="two rungs"),
        pytest.param(ladder_rows(rungs=range(0, 11, 2)), id="two methods at once"),
        pytest.param(pd.concat([ladder_rows(), crossed_rows()]), id="rows beside it"),
        pytest.param(crossed_rows(), id="weight decays crossed"),
        pytest.param(
            pd.concat([ladder_rows(), ladder_rows(rungs=range(2, 3)).assign(epochs=48)]), id="two strengths"
        ),
        pytest.param(ladder_rows().drop(columns="recipe.dropout"), id="no such column"),
    ],
)
def test_these_are_no_ladder(other: pd.DataFrame) -> None:
    assert whole_place_of(table(other)) is None


def test_methods_that_all_rows_have_are_passed_over() -> None:
    """Only the architecture's rungs, and a ladder without one of the methods."""
    assert place_of(table(ladder_rows(rungs=range(8, 11)))).planned == [8, 9, 10]
    rows = ladder_rows().assign(**{"recipe.stochastic_depth": 0.0})
    assert len(place_of(table(rows)).methods) == 9


def test_a_ladder_of_each_network_is_not_mixed_with_the_others() -> None:
    rows = pd.concat([ladder_rows(), ladder_rows(rungs=range(5)).assign(depth=26)])
    place = place_of(table(rows))
    assert set(place.rows["depth"]) == {14}
    assert len(place.planned) == 11


def made(study: str) -> pd.DataFrame:
    """A row for each point of a file in conf/study, the n-th with a top-1 of 50 + n/10 %."""
    conf = str(Path(__file__).parents[3] / "conf")
    with initialize_config_dir(conf, version_base="1.3"):
        config = compose("config", [f"study={study}"], return_hydra_config=True)
    blocks = blocks_of(config, OverridesParser.create().parse_overrides)
    (expansion,) = request(
        [Composed(config, block, config.hydra.runtime.choices) for block in blocks]
    ).studies.values()
    done = State(status="completed")
    return pd.DataFrame(
        Result(point=point, state=done, metrics={"top1": 50.0 + index / 10}).row()
        for index, point in enumerate(expansion.points)
    )


@pytest.mark.parametrize("study", ["training_methods", "resnet_rs_methods"])
def test_the_studies_have_every_rung(study: str) -> None:
    rows = table(made(study))
    assert whole_place_of(rows) is not None
    assert [rung.top1 for rung in climb(rows).rungs] == [pytest.approx(50 + n / 10) for n in range(11)]
    assert interplay(rows) is None


@pytest.mark.parametrize(
    ("study", "places"),
    [("weight_decay", [""]), ("resnet_rs_weight_decay", ["depth 50, 224 px", "depth 200, 256 px"])],
)
def test_the_studies_cross_weight_decay_and_regularisation(study: str, places: list[str]) -> None:
    rows = table(made(study))
    assert whole_place_of(rows) is None
    found = interplay(rows)
    assert [each.place for each in found.interactions][: len(places)] == places
    levels = [each for each in found.levels if each.place == places[-1]]
    assert len(levels) == 3
    assert all(each.effect is not None for each in levels)
