"""Published results: every number of the figures occurs once, with its reading error."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

import scaling.published
from analysis.__main__ import main
from analysis.findings import find
from analysis.sentences import sentences
from analysis.source.source import read_source
from scaling.errors import Refused
from scaling.published.figures import RERUN_DF, RERUN_SD
from scaling.published.resnet_rs import epoch_study, grid, table7

FILES = sorted(Path(scaling.published.__file__).parent.glob("*.csv"))
RUN = ["depth", "width", "resolution", "epochs"]


@pytest.fixture(scope="module")
def table():
    return read_source("published:resnet_rs_2021")


def test_each_run_of_the_figures_is_one_row(table):
    rows = table.rows
    assert (len(grid()), len(epoch_study()), len(rows)) == (131, 69, 131 + 69 - 23)
    assert not rows.duplicated(RUN).any()
    assert rows["epochs"].value_counts().to_dict() == {350: 131, 10: 23, 100: 23}
    assert table.left_out() == {}


def test_figures_that_show_the_same_run_agree():
    shown = {(cell.depth, cell.width, cell.resolution): cell.top1.value for cell in grid()}
    long = [run for run in epoch_study() if run.epochs == 350]
    gaps = [shown[run.depth, run.width, run.resolution] - run.top1.value for run in long]
    assert len(gaps) == 23
    assert np.abs(gaps).max() <= 0.05


def test_a_run_of_both_figures_takes_the_better_reading_and_the_time_of_its_step(table):
    both = table.rows.set_index(RUN).loc[(101, 2.0, 128, 350)]
    assert (both["top1"], both["flag"]) == (pytest.approx(81.3), "mostly_hidden")
    assert (both["top1_uncertainty"], both["latency_ms"]) == (0.03, pytest.approx(88.3))
    assert table.rows["latency_ms"].notna().sum() == 69


@pytest.mark.parametrize(
    ("run", "top1", "uncertainty"),
    [
        ((26, 0.25, 128, 350), 56.8, 0.05),  # Figure 2
        ((50, 1.5, 128, 350), 80.0, 0.2),  # mostly hidden
        ((200, 2.0, 320, 350), 86.0, 1.0),  # possibly another network's marker
        ((101, 2.0, 320, 10), 75.19, 0.03),  # Figure 3
    ],
)
def test_every_value_says_how_far_it_may_be_off(table, run, top1, uncertainty):
    row = table.rows.set_index(RUN).loc[run]
    assert (row["top1"], row["top1_uncertainty"]) == (pytest.approx(top1), uncertainty)


def test_costs_are_those_that_others_computed(table):
    rows = table.rows[table.rows["epochs"] == 350].set_index(RUN[:3])
    for cell in grid():
        row = rows.loc[(cell.depth, cell.width, cell.resolution)]
        assert row["flops"] == pytest.approx(cell.flops, rel=0.01)
        assert row["params"] == pytest.approx(1e6 * cell.params_m, rel=0.002)


def test_one_setting_and_a_recipe_that_tells_the_regimes_apart(table):
    assert table.rows["setting"].nunique() == 1
    recipes = table.rows.groupby("epochs")["recipe.regularisation"].unique()
    assert [list(values) for values in recipes] == [
        ["flips and crops only"],
        ["flips and crops only"],
        ["more for larger models"],
    ]


def test_minival_and_validation_are_two_tables(table):
    other = read_source("published:resnet_rs_2021_table7")
    assert set(table.rows["evaluated_on"]) == {"minival"}
    assert set(other.rows["evaluated_on"]) == {"validation"}
    assert not set(table.rows["data"]) & set(other.rows["data"])


def test_table7_is_whole():
    rows = read_source("published:resnet_rs_2021_table7").rows.set_index("model")
    assert len(rows) == 19
    assert rows.loc["efficientnet_b7", ["depth", "width", "top1"]].tolist() == [3.1, 2.0, 84.7]
    assert rows.loc["resnet_rs_420", ["depth", "resolution", "latency_ms"]].tolist() == [420, 320, 10160]


def test_the_noise_of_a_run_is_the_largest_of_the_differences_to_runs_made_again(table):
    gaps = [row.top1_again - row.top1.value for row in table7() if row.top1_again is not None]
    assert (table.rerun_sd, table.rerun_df) == (RERUN_SD, RERUN_DF)
    assert len(gaps) == RERUN_DF
    assert max(map(abs, gaps)) == pytest.approx(RERUN_SD)
    assert np.sqrt(np.mean(np.square(gaps))) == pytest.approx(0.19, abs=0.005)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_names_its_source_and_each_value_its_uncertainty(file):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert "arXiv 2103.07579" in lines[0]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert all(float(row["top1_uncertainty"]) > 0 and row["evaluated_on"] for row in rows)


def test_a_name_that_is_not_published_is_refused():
    with pytest.raises(
        Refused, match="choose one of published:resnet_rs_2021, published:resnet_rs_2021_table7"
    ):
        read_source("published:resnet_rs")


def test_our_columns_need_no_mapping():
    with pytest.raises(Refused, match="--map"):
        read_source("published:resnet_rs_2021", {"top1": "acc"})


@pytest.mark.parametrize("name", ["resnet_rs_2021", "resnet_rs_2021_table7"])
def test_the_commands_take_it(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["rules", f"published:{name}"]) == 0
    assert "frontier of error against FLOPs" in capsys.readouterr().out
    assert main(["frontier", f"published:{name}", "--cost", "latency"]) == 0
    assert main(["report", f"published:{name}"]) == 0
    assert (tmp_path / "reports" / name / "report.html").is_file()


def test_the_networks_of_the_tables_of_methods_have_their_costs():
    """ResNet-RS-200 has the paper's 93.21 M parameters; the ResNet-50 of 2015 has torchvision's number."""
    methods = read_source("published:resnet_rs_2021_methods").rows
    by_top1 = methods.assign(top1=methods["top1"].round(1)).set_index("top1")["params"]
    assert by_top1[83.4] / 1e6 == pytest.approx(93.21, abs=0.005)
    assert by_top1[79.0] == by_top1[82.2] < by_top1[82.9]
    decays = read_source("published:resnet_rs_2021_weight_decay").rows
    assert decays.groupby("depth")["params"].first()[50] == 25_557_032


def test_each_number_of_table_2_is_a_mean_of_two_runs():
    table = read_source("published:resnet_rs_2021_weight_decay")
    assert (table.num_runs, table.rerun_df) == (2, RERUN_DF)
    assert table.rerun_sd == pytest.approx(RERUN_SD / 2**0.5)
    told = "0.21 points (standard deviation of a mean of 2 runs"
    assert any(told in sentence for sentence in sentences(find(table)))
    assert read_source("published:resnet_rs_2021_methods").rerun_sd == RERUN_SD
