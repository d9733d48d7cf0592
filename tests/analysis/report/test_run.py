"""The report's run, sent by the real client to a server on loopback, and what arrives there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import wandb

from analysis.__main__ import main
from analysis.dashboard.panels import FIGURE_KEYS
from analysis.source.source import read_source
from tests.conftest import ROOT
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_app import App, serving, settings
from tests.wandb_artifacts import Version

PLACE = "tester/scaling-study"


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    with serving() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in settings(running).items():
            patch.setenv(name, value)
        yield running
        wandb.teardown()


def write_table(path: Path, bonus: float = 0.0) -> Path:
    """Eight models with two seeds each, and one that failed."""
    rows = [
        f"{depth},{width},{side},4,{seed},{80 + depth / 4 + width + side / 10 + seed / 9 + bonus},"
        f"{depth * width**2 * side**2},completed,,"
        for depth, width, side, seed in product((8, 14), (0.5, 1.0), (14, 28), (0, 1))
    ]
    columns = "depth,width,resolution,epochs,seed,top1,flops,status,failure,message"
    path.write_text("\n".join([columns, *rows, "20,1.0,28,4,0,,1e6,failed,diverged,loss is nan"]))
    return path


@dataclass(frozen=True)
class Logged:
    """A logged report, and the server that has it."""

    app: App
    out: Path

    @property
    def run(self) -> str:
        """Id of the only run of the group."""
        (run,) = [name for name, run in self.app.runs.items() if run["groupName"] == "mine"]
        return run

    @property
    def summary(self) -> dict[str, Any]:
        return self.app.summaries[self.run]

    @property
    def versions(self) -> list[Version]:
        """Versions of the artifact with the report's files."""
        return self.app.artifacts.of(self.run, "report")

    def table(self, key: str) -> dict[str, Any]:
        """A table as stored in its artifact."""
        name = f"run-{self.run}-{key}"
        (version,) = [each for each in self.app.artifacts.of(self.run, "run_table") if each.name == name]
        content: dict[str, Any] = json.loads(self.app.artifacts.content(version, f"{key}.table.json"))
        return content


@pytest.fixture(scope="module")
def logged(app: App, tmp_path_factory: pytest.TempPathFactory) -> Logged:
    table = write_table(tmp_path_factory.mktemp("logged") / "mine.csv")
    out = table.parent / "report"
    assert main(["report", str(table), "--out", str(out), "--wandb", PLACE]) == 0
    return Logged(app, out)


def test_it_is_one_run_of_the_group(logged: Logged) -> None:
    run = logged.app.runs[logged.run]
    assert {name: run[name] for name in ("groupName", "jobType", "displayName", "project")} == {
        "groupName": "mine",
        "jobType": "report",
        "displayName": "report",
        "project": "scaling-study",
    }
    assert logged.app.exit_codes[logged.run] == 0


def test_its_artifact_has_every_file_of_the_report(logged: Logged) -> None:
    (version,) = logged.versions
    assert version.name == "mine-report"
    files = {path.name: path.read_bytes() for path in logged.out.iterdir() if path.is_file()}
    assert {"rules.json", "report.html", "frontier.csv", "frontier_flops.png"} <= files.keys()
    assert {name: logged.app.artifacts.content(version, name) for name in version.uploads} == files


def test_its_tables_are_the_rules_the_frontier_and_the_failures(logged: Logged) -> None:
    rules = logged.table("rules")
    assert rules["columns"] == ["topic", "sentence"]
    told = dict(reversed(rules["data"]))
    assert told["pairs"].startswith("At 4 epochs, ")
    assert "on the frontier of error against FLOPs" in told["frontier"]
    assert any(topic.startswith("warning: ") for topic in told)
    frontier = logged.table("frontier")
    columns = frontier["columns"]
    rows = [dict(zip(columns, row, strict=True)) for row in frontier["data"]]
    assert {row["standing"] for row in rows} <= {"frontier", "within_noise"}
    assert min(row["error"] for row in rows) == pytest.approx(100 - 80 - 14 / 4 - 1 - 2.8 - 1 / 18)
    failures = logged.table("failures")
    assert failures["columns"] == [
        "point",
        "depth",
        "width",
        "resolution",
        "epochs",
        "seed",
        "failure",
        "message",
    ]
    assert failures["data"] == [[None, 20, 1.0, 28, 4, 0, "diverged", "loss is nan"]]


def test_its_figures_and_page_are_shown(logged: Logged) -> None:
    summary, uploaded = logged.summary, logged.app.artifacts.uploaded
    places = {key: f"/{value['path']}" for key, value in summary.items() if key.startswith("figures/")}
    shown = {key: uploaded[place] for key, place in places.items()}
    figures = {f"figures/{path.stem}": path.read_bytes() for path in logged.out.glob("*.png")}
    assert shown == figures
    assert shown.keys() <= set(FIGURE_KEYS)
    assert summary["report"]["_type"] == "html-file"
    assert uploaded[f"/{summary['report']['path']}"] == (logged.out / "report.html").read_bytes()


def test_its_summary_has_the_verdicts(logged: Logged) -> None:
    rules = json.loads((logged.out / "rules.json").read_text())
    (regime,) = rules["regimes"]
    expected = {
        "verdict/depth_or_width/epochs=4": regime["prefer"],
        "verdict/advantage_points/epochs=4": regime["advantage_points"],
        "verdict/crossover_status": rules["crossover_epochs"]["status"],
        "verdict/resolution": rules["resolution"]["prefer"],
        "verdict/num_warnings": len(rules["warnings"]),
        "provenance/rows_sha256": rules["provenance"]["rows_sha256"],
    }
    assert logged.summary | expected == logged.summary


def test_logged_again_it_is_the_same_run_with_another_version(logged: Logged) -> None:
    table = logged.out.parent / "mine.csv"
    command = ["report", str(table), "--out", str(logged.out), "--wandb", PLACE]
    run = logged.run
    assert main(command) == 0
    assert len(logged.versions) == 1  # the content has not changed
    write_table(table, bonus=1.0)
    assert main(command) == 0
    assert len(logged.versions) == 2
    assert logged.run == run
    assert [row["_step"] for row in logged.app.rows[run]] == [0, 1, 2]
    digest = json.loads((logged.out / "rules.json").read_text())["provenance"]["rows_sha256"]
    assert logged.summary["provenance/rows_sha256"] == digest


def test_offline_it_lies_beside_the_report_until_it_is_synced(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_table(tmp_path / "away.csv")
    with monkeypatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        for _ in range(2):
            assert main(["report", str(table), "--out", str(tmp_path / "out"), "--wandb", PLACE]) == 0
    (kept,) = (tmp_path / "out" / "wandb").iterdir()
    assert str(kept) in capsys.readouterr().out
    assert not [run for run in app.runs.values() if run["groupName"] == "away"]
    sync = [str(Path(sys.executable).with_name("wandb")), "sync", str(kept)]
    done = subprocess.run(sync, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = [name for name, run in app.runs.items() if run["groupName"] == "away"]
    (version,) = app.artifacts.of(run, "report")
    assert app.artifacts.content(version, "rules.json") == (tmp_path / "out" / "rules.json").read_bytes()


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A failing server, and a client with a short time-out."""
    wandb.teardown()
    with serving() as troubled:
        short = {"WANDB_INIT_TIMEOUT": "3", "WANDB_FINISH_TIMEOUT": "3", "WANDB_HTTP_TIMEOUT": "3"}
        for name, value in (settings(troubled) | short).items():
            monkeypatch.setenv(name, value)
        yield troubled
        wandb.teardown()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("disabled", "WANDB_MODE=disabled keeps a report from W&B"),
        ("no key", "wandb login"),
        ("refused", "permission denied"),
        ("dead", "that takes a network"),
    ],
)
def test_what_keeps_it_from_w_and_b_is_one_sentence(
    trouble: str,
    words: str,
    other: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    table, out = write_table(tmp_path / "mine.csv"), tmp_path / "out"
    if trouble == "disabled":
        monkeypatch.setenv("WANDB_MODE", "disabled")
    if trouble == "no key":
        monkeypatch.delenv("WANDB_API_KEY")
    other.refuses, other.dead = trouble == "refused", trouble == "dead"
    assert main(["report", str(table), "--out", str(out), "--wandb", PLACE]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert (out / "report.html").is_file()


def test_a_server_that_dies_midway_is_one_sentence(other: App, tmp_path: Path) -> None:
    other.dies_at = "mutation CreateArtifact "
    command = [sys.executable, "-m", "analysis", "report", str(write_table(tmp_path / "mine.csv"))]
    done = subprocess.run(
        [*command, "--wandb", PLACE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("Matplotlib is building")]
    assert (done.returncode, len(said)) == (2, 1), done.stderr
    assert "that takes a network" in said[0]
    assert (tmp_path / "reports/mine/report.html").is_file()


def test_a_place_that_is_none_is_refused_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(tmp_path / "absent.csv"), "--wandb", "scaling-study"]) == 2
    assert "write --wandb ENTITY/PROJECT" in capsys.readouterr().err


def test_it_is_no_row_of_its_group(logged: Logged) -> None:
    app, axes = logged.app, {"depth": 8, "width": 1, "resolution": 28, "epochs": 4}
    config = {key: {"value": value} for key, value in axes.items()}
    app.runs["r"] = {"config": json.dumps(config), "groupName": "mine"}
    app.summaries["r"], app.exit_codes["r"] = {"top1": 70}, 0
    assert read_source(f"wandb:{PLACE}/mine").rows["depth"].tolist() == [8]
    del app.runs["r"]
