"""Reports: complete, with a page that loads nothing, and reproducible to the byte."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.report.basis import bases
from analysis.report.report import report_directory, write_report
from analysis.rules import rules_json
from analysis.sentences import sentences_by_topic
from analysis.source.clean import build_table
from analysis.summary import summary
from scaling.errors import Refused
from tests.analysis.planted_methods import crossed_rows, ladder_rows

FILES = ["table.csv", "frontier.csv", "tables.md", "tables.tex", "rules.json", "report.html"]
FIGURES = ["frontier_flops", "frontier_params", "frontier_train_seconds", "depth_against_width"]
FIGURES += ["resolution", "resolution_against", "law", "law_residuals", "coverage"]


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    columns = ["depth", "width", "resolution", "epochs", "seed"]
    rows = [
        (d, w, r, e, s) for d in (8, 14) for w in (0.5, 1) for r in (14, 28) for e in (1, 4) for s in (0, 1)
    ]
    frame = pd.DataFrame(rows, columns=columns)
    size = frame["depth"] * frame["width"] ** 2 * frame["resolution"] ** 2
    frame = frame.assign(flops=1e3 * size, params=1e3 * frame["depth"], train_seconds=size / 100)
    frame["top1"] = 95 - 300 / size**0.5 + 0.3 * generator.standard_normal(len(frame))
    frame["status"] = np.where(frame.index == 7, "failed", "completed")
    frame["failure"] = np.where(frame.index == 7, "diverged", None)
    frame["message"] = np.where(frame.index == 7, "the loss <b>became</b> NaN", None)
    frame["point"] = [f"{index:016x}" for index in frame.index]
    return build_table(frame, name="mine", source="mine.csv")


@pytest.fixture(scope="module")
def report(table, tmp_path_factory):
    return write_report(table, tmp_path_factory.mktemp("report"))


def test_every_file_is_written(report):
    names = {path.name for path in report.page.parent.iterdir()}
    assert names == {*FILES, *(f"{name}{end}" for name in FIGURES for end in (".png", ".svg"))}
    assert {path.name for path in report.figures} == {name for name in names if name[-4:] in (".png", ".svg")}


def test_the_page_loads_nothing(report):
    page = report.page.read_text()
    assert "Content-Security-Policy\" content=\"default-src 'none';" in page
    assert not re.search(r"https?://|//[a-z]+\.|<link|@import|src=", page)
    assert not re.search(r"url\((?!#)", page)


def test_the_page_suits_phones_and_dark_rooms(report):
    page = report.page.read_text()
    assert 'name="viewport" content="width=device-width' in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_has_the_summary_then_the_frontier_then_the_rest(report):
    page = report.page.read_text()
    order = [
        "31 of 32 points completed, 1 failed",
        summary(report.findings)["pairs"][0],
        'id="frontier-chart"',
        "few_seeds",
        "<h2>Depth or width</h2>",
        "At 4 epochs, ",
        "Table: Failed points (1 row)",
        "Provenance",
    ]
    places = [page.index(text) for text in order]
    assert places == sorted(places)


def test_every_rule_is_folded_under_its_topic_with_what_it_rests_on(report):
    page = report.page.read_text()
    assert set(re.findall(r'<a href="#(\w+)"', page)) <= set(re.findall(r'<section id="(\w+)"', page))
    folded = re.findall(r"<details>(.*?)</details>", page, re.DOTALL)
    basis_of = bases(report.findings)
    for topic, told in sentences_by_topic(report.findings).items():
        for sentence in told:
            assert any(sentence in each and basis_of[topic] in each for each in folded), sentence
    for trap in report.findings.traps:
        assert any(trap.message in html.unescape(each) for each in folded)
    assert "<details open" not in page


def test_a_failure_is_named_and_its_message_is_no_markup(report):
    page = report.page.read_text()
    assert "0000000000000007" in page
    assert "diverged" in page
    assert "&lt;b&gt;became" in page
    assert "<b>became" not in page


def test_tables_hold_every_row(report):
    assert len(pd.read_csv(report.page.parent / "table.csv")) == 32
    frontier = pd.read_csv(report.page.parent / "frontier.csv")
    assert frontier.groupby("cost").size().to_dict() == dict.fromkeys(
        ("flops", "params", "train_seconds"), 16
    )


def test_rules_are_json_without_nan(report):
    def refuse(text):
        raise AssertionError(text)

    rules = json.loads(report.rules.read_text(), parse_constant=refuse)
    assert rules["provenance"]["left_out"] == {"failed": 1}


def test_a_second_report_is_the_same_bytes(report, table, tmp_path):
    again = write_report(table, tmp_path)
    for path in again.page.parent.iterdir():
        assert path.read_bytes() == (report.page.parent / path.name).read_bytes(), path.name


def test_no_completed_point_is_a_sentence(tmp_path):
    frame = pd.DataFrame({"depth": [8], "width": [1], "resolution": [28], "epochs": [1], "top1": [None]})
    failed = build_table(frame.assign(status="failed", failure="out_of_memory"), name="x", source="x.csv")
    with pytest.raises(Refused, match=r"no completed point.*1 failed.*out_of_memory"):
        write_report(failed, tmp_path)


def test_a_place_that_cannot_be_written_is_a_sentence(table, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refused, match=r"cannot be written.*--out"):
        write_report(table, tmp_path / "file" / "report")


def test_a_report_goes_beside_a_study_and_else_into_reports(tmp_path):
    (tmp_path / "study.json").write_text("{}")
    assert report_directory(tmp_path) == tmp_path / "report"
    assert str(report_directory("data/mine.csv")) == "reports/mine"


@pytest.mark.parametrize(
    ("rows", "topic", "figure"),
    [
        pytest.param(ladder_rows(), "methods", "training_methods", id="a ladder"),
        pytest.param(crossed_rows(), "weight_decay", "weight_decay", id="weight decays crossed"),
    ],
)
def test_a_study_of_training_methods_has_its_section(rows, topic, figure, tmp_path):
    report = write_report(build_table(rows, name="mine", source="mine.csv"), tmp_path)
    page = html.unescape(report.page.read_text())
    assert f'<section id="{topic}">' in page
    assert f'<figure id="figure-{figure}">' in page
    told = sentences_by_topic(report.findings)[topic]
    assert len(told) >= 2
    assert all(sentence in page for sentence in [*told, *summary(report.findings)[topic]])
    assert topic in json.loads(report.rules.read_text())
    assert (tmp_path / f"{figure}.svg").is_file()
    assert bases(report.findings)[topic] in page


def test_other_studies_have_no_such_section(table):
    findings = find(table)
    assert (findings.methods, findings.weight_decay) == (None, None)
    assert not {"methods", "weight_decay"} & {*rules_json(findings), *bases(findings)}


@pytest.mark.parametrize("num_seeds", [1, 2])
def test_a_count_of_one_has_its_noun_in_the_singular(planted, tmp_path, num_seeds):
    """Runs of one epoch, of which a single step pays."""
    frame = planted(
        generator=np.random.default_rng(3),
        depths=(26, 50),
        widths=(0.5, 1.0),
        epochs=(1,),
        num_seeds=num_seeds,
        noise=3.0,
    )
    setting = np.where(frame["resolution"] == 128, "a", "b")
    page = write_report(build_table(frame.assign(setting=setting), name="x", source="x.csv"), tmp_path).page
    text = html.unescape(re.sub(r"<svg.*?</svg>|<[^>]*>", " ", page.read_text(), flags=re.DOTALL))
    assert "At 1 epoch" in text
    wrong = r"(?<![\d.,] )(?<![\d.,])1 (?:epochs|points|models|pairs|steps|runs|seeds|pay|hurt|more are)\b"
    assert re.findall(rf".{{30}}{wrong}", text) == []
