"""Settings told apart: models of several settings have their names in tables, sentences and pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.apart import settings_apart
from analysis.findings import find
from analysis.report.interactive import frontier_data
from analysis.sheet import frontier_sheet
from analysis.source.clean import build_table
from analysis.summary import summary


def rows_of(*settings: dict[str, object]) -> pd.DataFrame:
    """Two rows of each setting, which differ in what is not its own."""
    rows = [each | {"setting": f"s{place}", "start.point": f"{place}{seed}", "loss": seed}
            for place, each in enumerate(settings) for seed in (0, 1)]  # fmt: skip
    return pd.DataFrame(rows)


def test_one_setting_needs_no_column():
    assert settings_apart(rows_of({"recipe.dropout": 0.1})).columns.empty


def test_what_differs_is_told_and_no_more():
    alike = {"model": "resnet", "recipe.flip": True}
    found = settings_apart(
        rows_of(*(alike | {"recipe.dropout": rate, "recipe.momentum": rate} for rate in (0.0, 0.25)))
    )
    assert found.to_dict("list") == {"recipe.dropout": ["0", "0.25"]}


def test_several_columns_are_taken_only_where_one_is_not_enough():
    cells = [("all", 1.0), ("all", 4.0), ("head", 1.0), (None, None)]
    found = settings_apart(rows_of(*({"start.tune": tune, "start.epochs": epochs} for tune, epochs in cells)))
    assert list(found.itertuples(index=False, name=None)) == [
        ("all", "1"), ("all", "4"), ("head", "1"), ("scratch", "none")
    ]  # fmt: skip


def test_a_setting_goes_by_its_name_where_that_takes_too_many_columns_or_none_differs():
    ladder = [{f"recipe.{step}": step <= rung for step in range(1, 5)} for rung in range(5)]
    assert list(settings_apart(rows_of(*ladder)).columns) == ["setting"]
    assert settings_apart(rows_of({}, {}))["setting"].tolist() == ["s0", "s1"]


def test_frames_are_no_setting_here():
    rows = rows_of({}, {}).assign(setting=["a of 2 frames"] * 2 + ["a of 4 frames"] * 2)
    assert settings_apart(rows).columns.empty


@pytest.fixture
def findings(planted):
    frame = planted(generator=np.random.default_rng(0), num_seeds=2, noise=3.0)
    smooth = frame.assign(top1=frame["top1"] + 1.0)
    both = [frame.assign(**{"recipe.label_smoothing": 0.0}), smooth.assign(**{"recipe.label_smoothing": 0.1})]
    return find(build_table(pd.concat(both, ignore_index=True), name="x", source="x.csv"))


def test_the_frontier_says_the_setting_of_each_model(findings, tmp_path):
    sheet = frontier_sheet(findings.frontiers["flops"])
    place = sheet.head.index("recipe.label_smoothing")
    assert {row[place] for row in sheet.rows} == {"0", "0.1"}
    assert len({row[: place + 1] for row in sheet.rows}) == len(sheet.rows)
    assert "recipe.label_smoothing 0" in " ".join(summary(findings)["frontier"])
    assert "table.csv" not in sheet.note
    names = [model["name"] for model in frontier_data(findings, tmp_path)["models"]]
    assert len(set(names)) == len(names)
    assert frontier_data(findings, tmp_path)["accuracy"] == "top-1 accuracy"


def test_the_frontier_says_where_settings_are_that_it_cannot_show(planted):
    frame = planted(generator=np.random.default_rng(0), num_seeds=1)
    few = [frame.assign(setting=name) for name in ("a", "b")]
    found = find(build_table(pd.concat(few, ignore_index=True), name="x", source="x.csv"))
    assert "table.csv has them, by the same name" in frontier_sheet(found.frontiers["flops"]).note
