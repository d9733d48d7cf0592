"""Weight decay against regularisation: a planted interaction is found, and none in a null."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.methods.weight_decay import ALL, interplay
from analysis.source.source import read_source
from scaling.study.store import Study
from tests.analysis.planted_methods import crossed_rows, ladder_rows, table


def verdicts(found) -> list[str]:
    return [each.effect.verdict for each in (*found.levels, *found.interactions)]


def test_a_planted_interaction_is_found() -> None:
    found = interplay(table(crossed_rows()))
    assert (found.lower, found.higher) == (4e-5, 1e-4)
    assert [each.regularised_by for each in found.levels] == [
        "nothing",
        "label smoothing",
        "label smoothing and dropout",
    ]
    assert [each.effect.points for each in found.levels] == pytest.approx([-1, -0.2, 0.6], abs=0.15)
    assert [each.effect.verdict for each in found.levels][::2] == ["hurts", "helps"]
    (interaction,) = found.interactions
    assert interaction.effect.points == pytest.approx(1.6, abs=0.2)
    assert interaction.effect.ci95[0] < 1.6 < interaction.effect.ci95[1]
    assert interaction.effect.verdict == "helps"
    least = found.levels[0]
    assert least.lower_top1 - least.higher_top1 == pytest.approx(least.effect.points)


def test_an_effect_that_is_the_same_everywhere_is_no_interaction() -> None:
    found = interplay(table(crossed_rows(effects=(2.0, 2.0, 2.0))))
    assert verdicts(found) == ["helps", "helps", "helps", "undecided"]


def test_where_there_is_nothing_something_is_found_as_rarely_as_it_says() -> None:
    none = [interplay(table(crossed_rows(effects=(0.0, 0.0, 0.0), seed=seed))) for seed in range(20)]
    assert sum({*verdicts(found)} != {"undecided"} for found in none) <= 3  # 1 expected


def test_several_networks_are_told_apart_and_together() -> None:
    found = interplay(table(crossed_rows(depths=(14, 26))))
    assert [each.place for each in found.interactions] == ["depth 14", "depth 26", ALL]
    assert [each.regularised_by for each in found.levels if each.place == ALL] == ["the least", "the most"]
    by_network = [each.effect.points for each in found.interactions[:2]]
    assert found.interactions[2].effect.points == pytest.approx(np.mean(by_network))


def test_a_cell_without_results_is_a_gap() -> None:
    rows = crossed_rows().assign(status="completed", failure=None)
    lost = (rows["recipe.dropout"] > 0) & (rows["recipe.weight_decay"] == 4e-5)
    rows.loc[lost, ["status", "failure"]] = ["failed", "diverged"]
    found = interplay(table(rows))
    assert (found.levels[2].effect, found.interactions[0].effect) == (None, None)
    assert found.levels[2].lower_top1 is None
    (gap,) = found.gaps
    assert gap.text == "Weight decay 4e-05 with label smoothing and dropout has 0 of 6 results (6 diverged)"


def test_of_nothing_trained_nothing_is_known() -> None:
    found = interplay(table(crossed_rows().assign(status="pending")))
    assert {each.effect for each in (*found.levels, *found.interactions)} == {None}
    assert len(found.gaps) == 6


def test_one_seed_decides_nothing() -> None:
    found = interplay(table(crossed_rows(num_seeds=1)))
    assert set(verdicts(found)) == {"undecided"}
    assert found.interactions[0].effect.ci95 is None


def test_of_several_weight_decays_the_ends_are_compared() -> None:
    between = crossed_rows().assign(**{"recipe.weight_decay": 7e-5, "top1": 10.0})
    whole = interplay(table(pd.concat([crossed_rows(), between])))
    assert whole.levels == interplay(table(crossed_rows())).levels


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(ladder_rows(), id="a ladder"),
        pytest.param(crossed_rows().query("`recipe.weight_decay` == 1e-4"), id="one weight decay"),
        pytest.param(crossed_rows().query("`recipe.label_smoothing` == 0"), id="one level"),
        pytest.param(crossed_rows().drop(columns="recipe.dropout"), id="no such column"),
    ],
)
def test_these_do_not_cross_the_two(other: pd.DataFrame) -> None:
    assert interplay(table(other)) is None


def test_strengths_that_differ_are_levels_of_their_own() -> None:
    rows = crossed_rows()
    strong = rows[rows["recipe.dropout"] > 0].assign(**{"recipe.dropout": 0.5})
    found = interplay(table(pd.concat([rows, strong])))
    named = [each.regularised_by for each in found.levels]
    assert named[2:] == ["label smoothing and dropout 0.2", "label smoothing and dropout 0.5"]


def test_the_paper_is_found_as_it_says() -> None:
    """Table 2 of Bello et al. 2021: less weight decay hurts without regularisation; means of two runs do not
    decide whether it helps with it."""
    found = interplay(read_source("published:resnet_rs_2021_weight_decay"))
    effects = {(each.place, each.regularised_by): each.effect for each in found.levels}
    points = [round(each.points, 2) for each in effects.values()]
    assert points == [-1, -0.1, 0.5, -0.8, -0.3, 0.2, -0.9, 0.35]
    assert effects[ALL, "the least"].verdict == "hurts"
    assert effects[ALL, "the most"].verdict == "undecided"
    assert found.interactions[-1].effect.verdict == "helps"
    assert found.interactions[-1].effect.ci95 == pytest.approx((0.575, 1.925), abs=0.005)


def test_trained_networks_show_what_is_there_and_nothing_where_labels_are_dealt_out_anew(
    bash: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    """Real runs: a weight decay that prevents learning costs points only if there is something to learn."""
    done = bash(
        "python sweep.py -m width=0.25 resolution=8 data.num_train=512 data.num_val=64 depth=8 epochs=6 "
        "'seed=range(3)' recipe.weight_decay=5e-4,1 recipe.dropout=0,0.1 data.shuffled_labels=false,true "
        f"tracker=none study.root={tmp_path} study.name=crossed"
    )
    assert done.returncode == 0, done.stderr
    rows, study = read_source(tmp_path / "crossed").rows, Study.open(tmp_path / "crossed")
    assert interplay(table(rows)) is None  # each cell has results from two settings
    is_shuffled = rows["point"].map(lambda point: study.point(point).data.shuffled_labels)
    real, null = (interplay(table(rows[mine])) for mine in (~is_shuffled, is_shuffled))
    for found in (real, null):
        assert [each.effect.num_seeds for each in found.levels] == [3, 3]
        assert found.interactions[0].effect.verdict == "undecided"
    assert all(each.effect.ci95[0] > 0 for each in real.levels)
    assert {each.effect.verdict for each in null.levels} == {"undecided"}
