"""The workspace of a study: what the real client sends to a server on loopback, and when it does not."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb

from analysis.__main__ import main
from analysis.dashboard.dashboard import dashboard_json
from analysis.source import wandb_runs
from analysis.source.wandb_runs import Group
from scaling.study.about import Task
from scaling.study.store import Study
from tests.conftest import ROOT
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_app import App, serving, settings

SOURCE = "wandb:tester/scaling-study/mine"
Out = pytest.CaptureFixture[str]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setattr(wandb_runs, "RETRIES", 1)
    with serving() as running:
        for name, value in (settings(running) | {"WANDB_HTTP_TIMEOUT": "3"}).items():
            monkeypatch.setenv(name, value)
        yield running
        wandb.teardown()


def panels(section: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Kind and config of every panel, by id."""
    sections = section["panelBankConfig"]["sections"]
    return {panel["__id__"]: panel for each in sections for panel in each["panels"]}


def test_it_arrives_under_the_name_of_the_study(app: App, capsys: Out) -> None:
    assert main(["dashboard", SOURCE]) == 0
    (name,) = app.views
    view = app.views[name]
    assert {key: view[key] for key in ("displayName", "projectName", "type")} == {
        "displayName": "mine",
        "projectName": "scaling-study",
        "type": "project-view",
    }
    query = name.removeprefix("nw-").removesuffix("-v")
    assert capsys.readouterr().out == f"{app.url}/tester/scaling-study?nw={query}\n"


def test_it_shows_the_runs_of_the_study_with_their_failures(app: App) -> None:
    assert main(["dashboard", SOURCE]) == 0
    (runs,) = app.spec("mine")["runSets"]
    (chosen,) = runs["filters"]["filters"]
    assert chosen["key"] == {"section": "run", "name": "group"}
    assert (chosen["op"], chosen["value"]) == ("=", "mine")
    columns = ["run:displayName", "run:state", "summary:failure", "summary:top1", "summary:cost/flops"]
    assert runs["runFeed"]["columnOrder"] == [*columns, "summary:message"]
    assert [key["key"]["name"] for key in runs["sort"]["keys"]] == ["status", "top1"]


def test_its_panels_are_frontier_axes_curves_tables_and_report(app: App) -> None:
    assert main(["dashboard", SOURCE]) == 0
    section = app.spec("mine")
    assert [each["name"] for each in section["panelBankConfig"]["sections"]] == [
        "Frontier",
        "Learning curves by regime",
        "What was learned",
        "Report",
    ]
    found = panels(section)
    frontier = found["frontier"]["config"]
    assert (found["frontier"]["viewType"], frontier["xAxis"]) == ("Scatter Plot", "summary:cost/flops")
    assert (frontier["yAxis"], frontier["xAxisLogScale"]) == ("summary:top1", True)
    axes = [column["accessor"] for column in found["axes"]["config"]["columns"]]
    assert axes == [
        "config:depth.value",
        "config:width.value",
        "config:resolution.value",
        "config:epochs.value",
        "summary:cost/flops",
        "summary:top1",
    ]
    for curves, over in (("epochs", "epoch"), ("flops", "train_flops")):
        config = found[curves]["config"]
        assert (config["xAxis"], config["metrics"], config["groupBy"]) == (over, ["top1"], "jobType")
    for table in ("rules", "frontier_table", "failures"):
        expression = found[table]["config"]["panel2Config"]["exp"]
        assert expression["fromOp"]["inputs"]["key"]["val"] == table.removesuffix("_table")
    assert "figures/frontier_flops" in found["figures"]["config"]["mediaKeys"]
    assert found["page"]["config"]["mediaKeys"] == ["report"]


def test_typed_twice_it_is_one_workspace(app: App, tmp_path: Path) -> None:
    Study.create(tmp_path / "mine", Task("mnist5k"))
    assert main(["dashboard", SOURCE]) == 0
    first = dict(app.views)
    assert main(["dashboard", str(tmp_path / "mine"), "--wandb", "tester/scaling-study"]) == 0
    assert app.views == first
    assert main(["dashboard", "wandb:tester/scaling-study/theirs"]) == 0
    assert sorted(view["displayName"] for view in app.views.values()) == ["mine", "theirs"]


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\b", "lr=0.1", "a<b", "näme", "a/b c", "☃"])
def test_any_name_of_a_group_comes_through(name: str) -> None:
    made = dashboard_json(Group(entity="tester", project="scaling-study", name=name))
    (runs,) = made["spec"]["section"]["runSets"]
    assert [each["value"] for each in runs["filters"]["filters"]] == [name]
    assert made["displayName"] == re.sub("[=<☃]", "_", name)


def test_printed_it_is_what_would_arrive_and_takes_no_network(app: App) -> None:
    assert main(["dashboard", SOURCE]) == 0
    app.dead = True
    command = [sys.executable, "-m", "analysis", "dashboard", SOURCE, "--print"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    printed = json.loads(done.stdout)
    assert app.views[printed["name"]]["displayName"] == printed["displayName"]
    assert printed["spec"]["section"] == app.spec("mine")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["wandb:tester/absent/mine"], "tester/absent is not a project that this account can see in W&B"),
        (["wandb:tester/scaling-study"], "write wandb:ENTITY/PROJECT/GROUP"),
        ([SOURCE, "--wandb", "tester/other"], "says where its runs are"),
        (["{study}"], "add --wandb ENTITY/PROJECT"),
        (["{study}", "--wandb", "scaling-study"], "write --wandb ENTITY/PROJECT"),
        (["absent", "--wandb", "tester/scaling-study"], "absent is not a study"),
    ],
)
@pytest.mark.usefixtures("app")
def test_a_place_that_is_none_is_refused(words: list[str], told: str, tmp_path: Path, capsys: Out) -> None:
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    assert main(["dashboard", *(word.format(study=study.path) for word in words)]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("trouble", ["no key", "refused", "no network"])
def test_a_server_out_of_reach_is_one_sentence(
    trouble: str, app: App, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    app.refuses = trouble == "refused"
    if trouble == "no key":
        monkeypatch.delenv("WANDB_API_KEY")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        if trouble == "no network":
            monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert main(["dashboard", SOURCE]) == 2
    err = capsys.readouterr().err
    assert "that takes a network, `wandb login`" in err
    assert err.count("\n") == 1
