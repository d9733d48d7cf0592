"""Predicted hours against measured ones: what is compared, its summary, and where it is reported."""

from __future__ import annotations

import json
from io import StringIO

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from analysis.findings import find
from analysis.prediction.figure import COLORS, prediction_figure
from analysis.prediction.prediction import FEWEST_NETWORKS, prediction, prediction_sentence
from analysis.report.report import write_report
from analysis.report.sheets import sheets
from analysis.report.terminal import print_report
from analysis.sheet import prediction_sheet
from analysis.source.clean import build_table


def table(num_points: int = 3, **changes):
    """Networks with a point each, of 0.1 predicted hours that took twice as long."""
    columns = {
        "depth": 8.0 + 6 * np.arange(num_points),
        "width": 1.0,
        "resolution": 28,
        "epochs": 2,
        "seed": 0,
        "top1": 80.0,
        "flops": 1e6 * (1.0 + np.arange(num_points)),
        "predicted_hours": 0.1,
        "predicted_from": "measured",
        "actual_hours": 0.2,
    }
    return build_table(pd.DataFrame(columns | changes), name="mine", source="mine.csv")


def test_totals_and_ratios_of_all_points():
    found = prediction(table(actual_hours=[0.1, 0.2, 0.6]))
    assert found.overall.num_points == found.num_completed == 3
    assert found.overall.predicted_hours == pytest.approx(0.3)
    assert found.overall.actual_hours == pytest.approx(0.9)
    assert found.overall.ratio == pytest.approx(2.0)
    assert found.overall.range90 == pytest.approx((1.0, 6.0))


def test_sources_are_compared_apart_from_best_to_worst():
    sources = ["specifications", "results", None]
    found = prediction(table(predicted_from=sources, actual_hours=[0.3, 0.1, 0.2]))
    ratios = [(each.source, round(each.ratio, 6)) for each in found.by_source]
    assert ratios == [("results", 1.0), ("specifications", 3.0), ("unknown", 2.0)]
    assert [row[0] for row in prediction_sheet(found).rows] == [*(name for name, _ in ratios), "all"]


@pytest.mark.parametrize(
    "changes",
    [
        {"predicted_hours": [None, 0.1, 0.1]},
        {"actual_hours": [None, 0.2, 0.2]},
        {"actual_hours": [0.0, 0.2, 0.2]},
        {"status": ["running", "completed", "completed"]},
    ],
    ids=["not predicted", "not measured", "no time at all", "not completed"],
)
def test_a_point_without_both_is_left_out(changes):
    assert prediction(table(**changes)).overall.num_points == 2


def test_where_some_points_have_none_the_sentence_says_of_how_many_it_speaks():
    found = prediction(table(predicted_hours=[None, 0.1, 0.1]))
    assert "0.2 device-hours for 2 of the 3 completed points, and it took 0.4:" in prediction_sentence(found)


@pytest.mark.parametrize(
    ("made", "sentence"),
    [
        (
            table(30, actual_hours=np.linspace(0.05, 0.195, 30)),
            "The plan said 3 device-hours for these 30 points, and it took 3.67: a point took 1.23 times "
            "what was predicted (median; 0.55 to 1.90 in 90 % of points).",
        ),
        (
            table(2, predicted_hours=0.01, actual_hours=0.0105),
            "The plan said 1.2 min of one device for these 2 points, and it took 1.26 min: a point took 1.05 "
            "times what was predicted (median; 1.05 to 1.05 in all of them).",
        ),
        (
            table(1, predicted_hours=1204.0, actual_hours=60.0),
            "The plan said 1,204 device-hours for this point, and it took 60: a point took 0.05 times what "
            "was predicted.",
        ),
    ],
    ids=["many", "two of a minute", "one"],
)
def test_the_sentence(made, sentence):
    assert prediction_sentence(prediction(made)) == sentence


@pytest.mark.parametrize("num_points", [1, 2, 19, 20, 21, 40, 41, 100])
def test_at_least_90_percent_of_the_points_are_in_the_range(num_points):
    actual = np.random.default_rng(num_points).lognormal(size=num_points)
    found = prediction(table(num_points, actual_hours=actual))
    low, high = found.overall.range90
    share = found.points["ratio"].between(low, high).mean()
    assert share >= 0.9
    assert (share == 1) == (num_points <= 20)


def test_an_interval_needs_networks_not_points():
    few = prediction(table(5, actual_hours=[0.1, 0.2, 0.3, 0.4, 0.5])).overall
    repeats = [pd.DataFrame(table(5).rows).assign(seed=seed) for seed in range(10)]
    many = prediction(build_table(pd.concat(repeats), name="mine", source="mine.csv")).overall
    assert (few.num_networks, few.ci95) == (many.num_networks, many.ci95) == (5, None)
    enough = prediction(table(FEWEST_NETWORKS, actual_hours=np.linspace(0.1, 0.6, FEWEST_NETWORKS))).overall
    low, high = enough.ci95
    assert 1 <= low < enough.ratio < high <= 6


def test_epochs_of_a_network_are_no_evidence_of_their_own():
    """Copies of all points with more epochs and the same ratio do not narrow the interval."""
    rows = table(12, actual_hours=np.linspace(0.1, 0.4, 12)).rows
    more = pd.concat([rows, rows.assign(epochs=4), rows.assign(epochs=8)])
    once = prediction(build_table(rows, name="mine", source="mine.csv")).overall
    thrice = prediction(build_table(more, name="mine", source="mine.csv")).overall
    assert thrice.num_points == 3 * once.num_points
    assert thrice.ci95 == pytest.approx(once.ci95, rel=0.05)


def test_the_interval_holds_the_true_median():
    """Over 60 studies of 20 networks, each mispredicted by a factor of its own."""
    generator, num_held = np.random.default_rng(0), 0
    for _ in range(60):
        actual = 0.1 * generator.lognormal(np.log(1.3), 0.2, 20)
        low, high = prediction(table(20, actual_hours=actual)).overall.ci95
        num_held += low <= 1.3 <= high
    assert 52 <= num_held <= 59


def test_a_table_without_predictions_shows_nothing_of_them(tmp_path):
    findings = find(table(predicted_hours=None))
    assert findings.prediction is None
    assert not [sheet for sheet in sheets(findings) if sheet.title.startswith("Hours")]
    report = write_report(findings.table, tmp_path)
    assert "The plan said" not in report.page.read_text()
    assert not (tmp_path / "predicted_against_actual.png").exists()


def test_page_terminal_and_table_have_it_and_the_rules_do_not(tmp_path):
    report = write_report(table(7), tmp_path)
    sentence = prediction_sentence(report.findings.prediction)
    page = report.page.read_text()
    assert sentence in page
    assert 'id="figure-predicted_against_actual"' in page
    assert "<summary>Table: Hours: predicted against actual (" in page[page.index("<h2>Hours</h2>") :]
    console = Console(width=80, record=True, file=StringIO())
    print_report(console, report)
    printed = console.export_text()
    assert sentence in " ".join(printed.split())
    assert "measured  7       7     0.7     1.4     2.00   2.00–2.00  2.00–2.00" in printed
    assert pd.read_csv(tmp_path / "table.csv")["predicted_from"].tolist() == ["measured"] * 7
    assert "predict" not in json.dumps(json.loads(report.rules.read_text()))


def test_the_figure_has_a_colour_a_source_and_the_line_of_agreement():
    found = prediction(table(predicted_from=["results", "results", "specifications"]))
    axes = prediction_figure(found).axes[0]
    results, specifications, agreement, median = axes.lines
    assert (results.get_color(), len(results.get_xdata())) == (COLORS["results"], 2)
    assert (specifications.get_color(), len(specifications.get_xdata())) == (COLORS["specifications"], 1)
    assert list(results.get_ydata()) == pytest.approx([720, 720])
    assert tuple(agreement.get_xdata()) == tuple(agreement.get_ydata()) == axes.get_xlim() == axes.get_ylim()
    assert median.get_ydata()[0] == pytest.approx(2 * agreement.get_ydata()[0])
