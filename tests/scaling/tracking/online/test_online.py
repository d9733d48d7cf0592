"""Runs that the real client sends while points train, and what becomes of them when the server is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scaling.tracking.online.conftest import follow, until


def test_rows_arrive_while_the_point_trains(study: Any, server: Any) -> None:
    point = study.add(epochs=4)
    point.train(num_epochs=2)
    process = follow(study)
    until(lambda: len(server.rows[point.id]) == 2)
    assert point.id not in server.exit_codes
    point.complete(num_epochs=4)
    assert process.finish(timeout_s=60)
    assert [row["_step"] for row in server.rows[point.id]] == [1, 2, 3, 4]
    assert server.exit_codes[point.id] == 0
    assert server.summaries[point.id]["top1"] == 97.5
    assert server.runs[point.id]["groupName"] == "mine"
    assert json.loads(server.runs[point.id]["config"])["cost/flops"] == {"value": 1_000_000}
    assert len(point.run_dirs()) == 1


def test_a_point_that_goes_on_continues_its_run(study: Any, server: Any) -> None:
    point = study.add(epochs=4)
    point.train(num_epochs=2, top1=95.0)
    assert follow(study).finish(timeout_s=60)  # the launch ends before the point
    assert server.exit_codes[point.id] == 1
    point.train(num_epochs=2, top1=95.0)
    rows = (point.path / "metrics.jsonl").read_text()
    point.complete(num_epochs=4)
    after = (point.path / "metrics.jsonl").read_text().splitlines(keepends=True)[2:]
    (point.path / "metrics.jsonl").write_text(rows + "".join(after))
    assert follow(study).finish(timeout_s=60)
    assert [row["epoch"] for row in server.rows[point.id]] == [1, 2, 3, 4]
    assert server.exit_codes[point.id] == 0
    assert server.summaries[point.id]["best/top1"] == 95.0  # before it was resumed
    assert len(point.run_dirs()) == 1


def test_a_failure_is_forgotten_when_the_point_completes(study: Any, server: Any) -> None:
    point = study.add()
    point.train(num_epochs=1, top1=95.0)
    point.log(1, "Traceback (most recent call last):", "ValueError: no")
    point.fail()
    assert follow(study).finish(timeout_s=60)
    assert (server.exit_codes[point.id], server.summaries[point.id]["failure"]) == (1, "code_error")
    assert server.runs[point.id]["tags"][-1] == "code_error"
    assert server.logs[point.id][-1].endswith("ValueError: no")
    point.log(2, "goes well")
    point.complete()
    assert follow(study).finish(timeout_s=60)
    assert server.exit_codes[point.id] == 0
    assert "code_error" not in server.runs[point.id]["tags"]
    assert [line.partition(" ")[2] for line in server.logs[point.id]][-1] == "goes well"
    assert sum("ValueError: no" in line for line in server.logs[point.id]) == 1
    assert server.summaries[point.id].get("failure") is None
    assert server.summaries[point.id]["status"] == "completed"


def test_a_finished_study_goes_online_later(study: Any, server: Any) -> None:
    point = study.add()
    point.complete()
    study.mirror("--mode", "offline")
    assert server.runs == {}
    assert follow(study).finish(timeout_s=60)
    assert len(server.rows[point.id]) == 2
    study.mirror("--mode", "offline")
    assert [name.split("/")[1][:4] for name in point.run_dirs()] == ["run-"]


@pytest.mark.parametrize("loss", ["dead", "500", "refuses", "refuses_rows", "no account"])
def test_without_a_server_runs_are_written_offline(
    loss: str, study: Any, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    match loss:
        case "dead":
            server.dead = True
        case "500":
            server.status = 500
        case "refuses":
            server.refuses = True
        case "refuses_rows":
            server.refuses_rows = True
        case "no account":
            monkeypatch.delenv("WANDB_API_KEY")
    points = [study.add(seed) for seed in range(3)]
    for point in points:
        point.complete()
    assert not follow(study).finish(timeout_s=60)
    assert [point.read_run()["exit_code"] for point in points] == [0, 0, 0]
    assert study.log().count("WARNING") == 1
    assert "written offline from here on" in study.log()


def test_a_server_that_dies_midway_costs_no_run(study: Any, server: Any) -> None:
    point = study.add()
    point.train(num_epochs=1)
    process = follow(study)
    until(lambda: point.id in server.summaries)
    server.dead = True
    point.complete()
    assert not process.finish(timeout_s=60)
    assert [row["_step"] for row in point.read_run()["rows"]] == [1, 2]
    assert len(point.run_dirs()) == 1
