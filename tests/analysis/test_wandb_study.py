"""A study read from its directory and from its W&B runs, which the real mirror sends and the client reads."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
import wandb

from analysis.__main__ import main
from analysis.curves.online import read_curves
from analysis.curves.study import outlook, outlook_of
from analysis.findings import find, find_frontiers
from analysis.frontier.frontier import frontier_table
from analysis.rules import rules_json
from analysis.source import wandb_runs
from analysis.source.source import read_source
from analysis.table import Table
from scaling.profile.forecast import Hours
from scaling.study import lease
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from scaling.tracking import MirrorProcess, Tracker, start
from tests.conftest import ROOT, TINY
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_app import App, serving, settings

pytestmark = pytest.mark.xdist_group("wandb_study")  # the set-up takes long

GROUP = "wandb:tester/scaling-study/mine"


@dataclass(frozen=True, kw_only=True)
class Sent:
    app: App
    study: Study
    waiting: Point
    """A point without a run."""

    @property
    def begun(self) -> Table:
        """The study's table without the waiting point."""
        table = read_source(self.study.path)
        rows = table.rows[table.rows["point"] != self.waiting.id].reset_index(drop=True)
        return replace(table, rows=rows)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    """Completed and diverged points of a real sweep, and others that run, wait, or were stopped or killed."""
    root = tmp_path_factory.mktemp("results")
    with serving() as app, pytest.MonkeyPatch.context() as patch:
        for name, value in settings(app).items():
            patch.setenv(name, value)
        sweep(root, "depth=8,14 seed=0,1 recipe.learning_rate=1.6,1e30 epochs=2 evaluate_at=[14]")
        study = Study.open(root / "mine")
        done = [each for each in study.point_ids() if study.state(each).status == "completed"]
        like = study.point(done[0])
        running, stopped, killed, waiting = (replace(like, epochs=12, seed=seed) for seed in range(4))
        predicted = {running.id: Hours(0.25, "measured")}
        study.add([running, stopped, killed, waiting], predicted)
        for point in (running, stopped, killed):
            study.note(point.id, State(status="running", attempt=1))
            rows = [{"epoch": e, "step": 8 * e, "loss": 2 / e, "top1": 90 - 40 / e} for e in range(1, 8)]
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (study.directory(point.id) / "metrics.jsonl").write_text(text)
        mirror = follow(app, study, stopped, killed)
        study.note(stopped.id, State(status="pending", attempt=1, failure="preempted", message="stopped"))
        assert mirror.finish(timeout_s=60)
        with held(study, running):
            mirror = follow(app, study, running)
            yield Sent(app=app, study=study, waiting=waiting)
            mirror.kill()
        wandb.teardown()


def sweep(root: Path, grid: str) -> None:
    """Run real points with W&B on."""
    line = f"sweep.py -m {TINY} {grid} tracker=wandb study.root={root} study.name=mine".split()
    done = subprocess.run([sys.executable, *line], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert " 0 left" in done.stdout, done.stdout + done.stderr


def held(study: Study, point: Point) -> lease.Lease:
    """A lease of this process, which makes the point look as if it were training."""
    taken = lease.acquire(study.directory(point.id))
    assert taken is not None
    return taken


def follow(app: App, study: Study, *points: Point) -> MirrorProcess:
    """Start a mirror of these points, as a launcher does, and wait until all their rows have arrived."""
    listed = study.path.parent / f"{points[0].id}.txt"
    listed.write_text("".join(f"{point.id}\n" for point in points))
    mirror = start(study.path, Tracker(mode="online"), listed=listed)
    assert mirror is not None
    end = time.monotonic() + 40
    while any(len(app.rows[point.id]) < 7 for point in points):
        assert time.monotonic() < end, (study.path / "tracker.log").read_text()
        time.sleep(0.1)
    return mirror


def test_the_rows_are_those_of_the_directory(sent: Sent) -> None:
    online = read_source(GROUP)
    pd.testing.assert_frame_equal(online.rows, sent.begun.rows, check_exact=True)
    assert online.csv == sent.begun.csv
    assert online.rows["status"].value_counts().to_dict() == {
        "completed": 4,
        "failed": 5,
        "running": 1,
        "pending": 1,
    }
    assert set(online.rows["failure"].dropna()) == {"diverged", "preempted", "killed"}


def test_a_point_that_waits_has_no_run(sent: Sent) -> None:
    rows = read_source(sent.study.path).rows
    assert sent.waiting.id in set(rows["point"])
    assert sent.waiting.id not in set(read_source(GROUP).rows["point"])
    assert sent.waiting.id not in sent.app.runs


def test_rules_and_frontiers_are_the_same(sent: Sent) -> None:
    online, directory = find(read_source(GROUP)), find(sent.begun)
    told = [rules_json(each) for each in (online, directory)]
    assert told[0]["provenance"].pop("source") == GROUP
    assert told[1]["provenance"].pop("source") == str(sent.study.path)
    assert told[0] == told[1]
    frontiers = [frontier_table(find_frontiers(each.table), each.groups) for each in (online, directory)]
    pd.testing.assert_frame_equal(*frontiers, check_exact=True)


def test_curves_are_told_alike_and_fetched_in_pages(
    sent: Sent, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wandb_runs, "ROWS_A_PAGE", 3)
    sent.app.pages.clear()
    found = outlook_of(read_curves(GROUP))
    assert found == outlook(sent.study.path)
    assert len(found) == 2
    assert all(each.final_top1 is not None for each in found)
    pages = {(each.point, first, last) for each in found for first, last in ((0, 2), (3, 5), (6, 7))}
    assert set(sent.app.pages) == pages
    assert main(["curves", GROUP, "--json"]) == 0
    assert [each["point"] for each in json.loads(capsys.readouterr().out)] == [each.point for each in found]


def test_a_report_run_and_a_second_run_of_a_point_are_no_rows(sent: Sent) -> None:
    before = read_source(GROUP).rows
    completed = before["point"][before["status"] == "completed"].iloc[0]
    copy, report = "copied", "report-1"
    sent.app.runs[copy] = dict(sent.app.runs[completed])
    sent.app.exit_codes[copy] = 1  # interrupted, so that it has less than the other
    sent.app.runs[report] = {"groupName": "mine", "jobType": "report", "config": "{}"}
    try:
        pd.testing.assert_frame_equal(read_source(GROUP).rows, before)
    finally:
        del sent.app.runs[copy], sent.app.runs[report], sent.app.exit_codes[copy]
