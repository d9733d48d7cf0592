"""Reading W&B's runs: where a study's group is, and a server that dies during a history."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import wandb

from analysis.__main__ import main
from analysis.source import wandb_runs
from analysis.source.wandb_runs import Project
from scaling.study.point import Point
from scaling.tracking.view import flatten
from tests.scaling.tracking.conftest import isolated as isolated
from tests.wandb_app import serving, settings


def test_a_group_is_named_as_its_runs_are(tmp_path: Path) -> None:
    (tmp_path / "net.v2").mkdir()
    project = Project.parse("team/project")
    names = {
        str(tmp_path / "net.v2"): "net.v2",
        "wandb:other/place/a/b c": "a/b c",
        "mine.csv": "mine",
    }
    assert {source: project.group(source, "mine").name for source in names} == names


def test_a_server_that_dies_while_a_history_is_read_is_one_sentence(
    make_point: Callable[..., Point], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    point = make_point(epochs=12)
    monkeypatch.setattr(wandb_runs, "RETRIES", 1)
    with serving() as app:
        for name, value in settings(app).items():
            monkeypatch.setenv(name, value)
        config = flatten({"schema": 1, **point.to_json()})
        app.runs[point.id] = {"config": json.dumps(config), "groupName": "mine"}
        app.rows[point.id] = [{"_step": epoch, "epoch": epoch, "top1": 50 + epoch} for epoch in range(1, 7)]
        assert main(["curves", "wandb:tester/scaling-study/mine"]) == 0
        app.dies_at = "SampledHistoryPage"
        began = time.monotonic()
        assert main(["curves", "wandb:tester/scaling-study/mine"]) == 2
        assert time.monotonic() - began < 30
        wandb.teardown()
    assert "that takes a network" in capsys.readouterr().err
