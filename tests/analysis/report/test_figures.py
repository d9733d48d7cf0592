"""Figures: one for each finding, whatever is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.frontier import figure as frontier_figure_module
from analysis.frontier.figure import frontier_figure
from analysis.law.figure import law_figure, residuals_figure
from analysis.model import model_text
from analysis.pairs.figure import pairs_figure
from analysis.plot import house_style
from analysis.report.coverage import coverage_figure
from analysis.report.figures import pictures
from analysis.report.missing import grid_cells
from analysis.report.picture import picture
from analysis.resolution.figure import rivals_figure
from analysis.source.clean import build_table
from analysis.source.source import read_source


def findings_of(frame):
    return find(build_table(frame, name="x", source="x.csv"))


def tiny(**changes):
    columns = {"depth": [8, 14], "width": 1.0, "resolution": 28, "epochs": 2, "top1": [80.0, 90.0]}
    return pd.DataFrame({**columns, "flops": [1e6, 2e6], **changes})


def test_a_full_study_fills_every_figure(planted):
    frame = planted(generator=np.random.default_rng(0), epochs=(5, 20), num_seeds=2)
    names = [drawn.name for drawn in pictures(findings_of(frame))]
    frontiers = ["frontier_flops", "frontier_params", "frontier_train_seconds"]
    rules = ["depth_against_width", "resolution", "resolution_against"]
    assert names == [*frontiers, *rules, "law", "law_residuals", "coverage"]


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        (tiny(), ["frontier_flops", "coverage"]),
        (tiny().iloc[:1], ["frontier_flops", "coverage"]),
        (tiny(latency_ms=[1.5, np.nan]), ["frontier_flops", "frontier_latency", "coverage"]),
        (tiny(flops=np.nan), ["coverage"]),
        (tiny(top1=100.0), ["coverage"]),
        (tiny(top1=50.0), ["frontier_flops", "coverage"]),
        (tiny(resolution=[14, 28], depth=8), ["frontier_flops", "resolution", "coverage"]),
    ],
    ids=["two points", "one point", "one latency", "no costs", "perfect", "constant", "two sizes"],
)
def test_a_poor_study_fills_what_it_can(frame, names):
    assert [drawn.name for drawn in pictures(findings_of(frame))] == names


def test_the_frontier_line_goes_through_the_frontier(planted):
    findings = findings_of(planted(generator=np.random.default_rng(0)))
    frontier = findings.frontiers["flops"]
    axes = frontier_figure(frontier, findings.noise).axes[0]
    stairs = [line for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert stairs[0].get_xdata() == pytest.approx(frontier.line["flops"])
    assert stairs[0].get_ydata() == pytest.approx(frontier.line["error"])


def test_the_mean_of_a_regime_is_drawn_with_its_interval(planted):
    findings = findings_of(planted(generator=np.random.default_rng(0), depth_bonus=0.5))
    regime = findings.pairs.regimes[0]
    lines = [tuple(line.get_ydata()) for line in pairs_figure(findings).axes[0].lines]
    assert regime.ci95 in lines


def test_every_resolution_has_its_own_mean_with_its_interval(planted):
    findings = findings_of(planted(generator=np.random.default_rng(0), epochs=(5, 20), depth_bonus=0.5))
    lines = [tuple(line.get_ydata()) for line in pairs_figure(findings).axes[0].lines]
    assert len(findings.pairs.by_resolution) == 4
    assert all(regime.ci95 in lines for regime in findings.pairs.by_resolution)


def test_each_step_of_the_resolution_is_set_against_both_rivals(planted):
    findings = findings_of(planted(generator=np.random.default_rng(0), resolutions=(128, 160, 192)))
    rivals = [rival for step in findings.resolution.gain_per_doubling for rival in step.rivals]
    lines = [tuple(line.get_ydata()) for line in rivals_figure(findings).axes[0].lines]
    assert {rival.axis for rival in rivals} == {"depth", "width"}
    assert all(rival.ci95 in lines for rival in rivals)


def test_a_law_is_drawn_against_the_data_with_what_it_leaves_over(planted):
    findings = findings_of(planted(generator=np.random.default_rng(0), epochs=(5, 20)))
    law, groups = findings.law, findings.groups
    assert law is not None
    dots = law_figure(law, groups, findings.noise).axes[0].lines[0]
    assert dots.get_xdata() == pytest.approx(law.formula_error(groups))
    assert dots.get_ydata() == pytest.approx(groups["error"])
    panels = residuals_figure(law, groups).axes
    assert [axes.get_xlabel() for axes in panels] == ["depth", "width", "resolution (px)", "epochs"]
    means = [np.asarray(axes.lines[1].get_ydata()) for axes in panels]
    left = 100 * (groups["error"] / law.formula_error(groups) - 1)
    assert means[0] == pytest.approx(left.groupby(groups["depth"]).mean())


def test_a_large_study_is_an_image_within_its_figure(planted, monkeypatch):
    monkeypatch.setattr(frontier_figure_module, "MAX_VECTOR", 5)
    findings = findings_of(planted(generator=np.random.default_rng(0)))
    with house_style():
        drawn = picture(frontier_figure(findings.frontiers["flops"], findings.noise), "x", "A caption.")
    assert "data:image/png;base64," in drawn.inline_svg()


def test_a_list_of_networks_is_not_drawn_as_a_grid():
    table = read_source("published:resnet_rs_2021_table7", {})
    assert "coverage" not in {picture.name for picture in pictures(find(table))}


def test_a_panel_of_coverage_says_its_resolution_and_epochs(planted):
    table = build_table(
        planted(generator=np.random.default_rng(0), epochs=(1, 3), num_seeds=1), name="x", source="x.csv"
    )
    titles = [axes.get_title() for axes in coverage_figure(grid_cells(table)).axes]
    assert titles == ["1 epoch, 128 px", "3 epochs, 128 px", "1 epoch, 160 px", "3 epochs, 160 px"]


def test_coverage_tells_failed_from_missing():
    table = build_table(tiny(width=[1.0, 2.0], status=["completed", "failed"]), name="x", source="x.csv")
    cells = grid_cells(table)
    axes = coverage_figure(cells).axes[0]
    colors = [tuple(patch.get_facecolor()) for patch in axes.patches]
    assert len(colors) == len(cells) == 4
    assert len(set(colors)) == 3
    assert [text.get_text() for text in axes.texts] == ["1"]


def test_a_model_in_few_letters():
    assert (
        model_text(pd.Series({"depth": 26, "width": 0.5, "resolution": 128, "epochs": 10.0}))
        == "d26 w0.5 r128 e10"
    )
