"""What the page reports as learned: the sentences of `python -m analysis rules`, and all models."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from analysis.findings import Findings, find
from analysis.frontier.frontier import STANDINGS
from analysis.sentences import HEADINGS, sentences_by_topic
from analysis.source.source import read_source
from analysis.summary import summary
from control.web.learned import parts
from control.web.learner import GIVES_WAY
from tests.control.web.conftest import Page

pytestmark = pytest.mark.xdist_group("control")


@pytest.fixture(scope="module")
def findings(finished: Path) -> Findings:
    return find(read_source(finished))


@pytest.fixture(scope="module")
def learned(served: Page) -> dict[str, Any]:
    return served.stream().wait_for("learned", lambda told: told["warnings"])


def test_the_rules_are_those_of_the_analysis(learned: dict[str, Any], findings: Findings) -> None:
    topics = {told["heading"]: told for told in learned["topics"]}
    by_topic = sentences_by_topic(findings)
    assert {heading: told["sentences"] for heading, told in topics.items()} == {
        HEADINGS[topic]: said for topic, said in by_topic.items() if said
    }
    short = {HEADINGS[topic]: said for topic, said in summary(findings).items() if topic != "warnings"}
    assert {heading: told["summary"] for heading, told in topics.items() if told["summary"]} == short
    assert next(iter(topics)) == "Frontier"
    assert {(told["code"], told["text"]) for told in learned["warnings"]} == {
        (trap.code, trap.message) for trap in findings.traps
    }
    assert learned["missing"] is None


def test_the_frontier_has_every_model_with_its_points(learned: dict[str, Any], findings: Findings) -> None:
    members = findings.frontiers["flops"].members
    assert learned["num_completed"] == 8
    models = learned["frontier"]
    assert [each["flops"] for each in models] == list(members["flops"])
    assert [each["standing"] for each in models] == list(members["standing"])
    assert {each["standing"] for each in models} <= STANDINGS.keys()
    rows = findings.table.rows.set_index("point")["top1"]
    for each in models:
        assert (len(each["ids"]), each["name"].split(",")[0][:6]) == (each["num_seeds"], "depth ")
        assert each["accuracy"] == pytest.approx(rows[each["ids"]].mean())
        assert 0 <= each["low"] <= each["accuracy"] <= each["high"] <= 100


def test_without_a_repeat_there_is_no_interval(finished: Path, tmp_path: Path) -> None:
    study = shutil.copytree(finished, tmp_path / "mine")
    for file in study.glob("points/*/point.json"):
        if json.loads(file.read_text())["seed"] == 1:
            shutil.rmtree(file.parent)
    models, rules = parts(str(study))
    assert {(each["low"], each["high"], each["num_seeds"]) for each in models["frontier"]} == {
        (None, None, 1)
    }
    assert rules["warnings"]


def test_too_little_data_is_a_sentence(finished: Path, tmp_path: Path) -> None:
    study = shutil.copytree(finished, tmp_path / "mine")
    for file in study.glob("points/*/result.json"):
        file.unlink()
    (told,) = parts(str(study))
    assert "has no completed point" in told["missing"]
    (study / "points").rename(study / "away")
    (told,) = parts(str(study))
    assert told["missing"] == f"{study} has no points yet: run the sweep first."


@pytest.fixture
def a_point(finished: Path, tmp_path: Path) -> Path:
    """A study with a single completed point."""
    study = shutil.copytree(finished, tmp_path / "mine")
    done = [file.parent for file in study.glob("points/*/result.json")]
    for each in study.glob("points/*"):
        if each != done[0]:
            shutil.rmtree(each)
    return study


def test_a_single_point_is_no_rule_and_no_traceback(a_point: Path) -> None:
    models, rules = parts(str(a_point))
    assert [each["standing"] for each in models["frontier"]] == ["frontier"]
    assert [told["heading"] for told in rules["topics"]] == ["Frontier"]


def test_it_is_worked_out_in_a_process_that_gives_way(serve: Callable[..., Page], finished: Path) -> None:
    page = serve(finished)
    page.stream().wait_for("learned", lambda told: told["frontier"] and not told["warnings"])
    (child,) = psutil.Process(page.process.pid).children(recursive=True)
    assert (child.nice(), psutil.Process(page.process.pid).nice()) == (GIVES_WAY, os.nice(0))
    autogroup = Path(f"/proc/{child.pid}/autogroup")
    if autogroup.exists():
        assert autogroup.read_text().split()[1:] == ["nice", str(GIVES_WAY)]
