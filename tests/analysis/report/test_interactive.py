"""The interactive frontier's data: positions inside the chart, facts of each model, and their number."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.frontier.figure import LEGEND
from analysis.report import interactive
from analysis.report.interactive import frontier_data
from analysis.source.clean import build_table


@pytest.fixture
def findings(planted):
    frame = planted(generator=np.random.default_rng(0), epochs=(10, 100))
    return find(build_table(frame, name="x", source="x.csv"))


def test_every_model_is_told_with_its_own_numbers(findings, tmp_path):
    data = frontier_data(findings, tmp_path)
    members = findings.frontiers["flops"].members
    view = data["views"][0]
    assert [data["models"][at[0]]["name"] for at in view["at"]] == [
        f"depth {row['depth']:g}, width {row['width']:g}, {row['resolution']:g} px, {row['epochs']:g} epochs"
        for _, row in members.iterrows()
    ]
    assert [float(data["models"][at[0]]["top1"].split()[0]) for at in view["at"]] == pytest.approx(
        100 - members["error"], abs=0.005
    )
    assert [list(LEGEND)[at[5]] for at in view["at"]] == list(members["standing"])


def test_places_lie_within_the_chart_in_the_order_of_the_numbers(findings, tmp_path):
    for view in frontier_data(findings, tmp_path)["views"]:
        x, y, low, high = np.array([at[1:5] for at in view["at"]]).T
        assert (np.diff(x) >= 0).all()
        assert ((low < y) & (y < high)).all()
        assert min(x.min(), low.min()) >= 0
        assert max(x.max(), high.max()) <= 1
        assert all(0 <= share <= 1 for share, _ in [*view["x_ticks"], *view["y_ticks"]])


def test_it_is_plain_json(findings, tmp_path):
    data = frontier_data(findings, tmp_path)
    assert json.loads(json.dumps(data, allow_nan=False))["views"][0]["name"] == "flops"


def test_of_many_models_the_frontier_stays(findings, tmp_path, monkeypatch):
    frontier = findings.frontiers["flops"]
    most = len(frontier.line) + 3
    monkeypatch.setattr(interactive, "MAX_MODELS", most)
    view = frontier_data(findings, tmp_path)["views"][0]
    assert len(frontier.members) == view["num_models"] > most
    assert len(view["at"]) == most
    assert sum(at[5] == 0 for at in view["at"]) == len(frontier.line)


def test_a_model_of_a_study_has_links_to_its_points(tmp_path):
    points = tmp_path / "study" / "points"
    frame = [
        {"depth": 8, "width": width, "resolution": 28, "epochs": 1, "seed": seed, "point": f"{width}{seed}"}
        | {"top1": 90 + width, "flops": 1e6 * width, "setting": "a"}
        for width in (1, 2)
        for seed in (0, 1)
    ]
    for row in frame:
        (points / row["point"]).mkdir(parents=True)
    table = build_table(pd.DataFrame(frame), name="study", source=str(tmp_path / "study"))
    data = frontier_data(find(table), tmp_path / "study" / "report")
    assert [model["files"] for model in data["models"]] == [
        [[0, "../points/10/"], [1, "../points/11/"]],
        [[0, "../points/20/"], [1, "../points/21/"]],
    ]
