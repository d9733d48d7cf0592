"""Events while a study changes: only the changes, and everything after a new connection."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from control.web.news import event
from scaling.study import lease
from scaling.study.files import write_json
from scaling.study.lease import STALE_AFTER_S
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from tests.control.conftest import SLOW
from tests.control.web.conftest import Page
from tests.launchers.conftest import Sweep

pytestmark = pytest.mark.xdist_group("control")

OFTEN = "--port 0 --every 0.3"


def test_a_study_is_followed_from_its_start_until_it_is_killed(
    serve: Callable[..., Page], start_sweep: Callable[..., Sweep]
) -> None:
    sweep = start_sweep(f"{SLOW} hydra.launcher.slots=2".replace("1,2,20", "2,500"))
    sweep.wait_for(lambda states: len(states) == 2)
    page = serve(sweep.study.path, OFTEN)
    stream = page.stream()
    first = stream.wait_for("all")
    short, long = (first["points"]["id"][first["points"]["epochs"].index(epochs)] for epochs in (2, 500))
    changes, curves, name = [first], [], "all"
    while not (_of(changes, short, "state")[-1] == "completed" and len(curves) > 1 and name == "curves"):
        name, data = stream.next()  # curves follow the changes of the same look
        if name == "change":
            assert data["version"] == changes[-1]["version"] + 1
            changes.append(data)
        elif name == "curves" and long in data["ids"]:
            curves += [curve for curve in [data["accuracy"][data["ids"].index(long)]] if curve]
    ended = [state for state in _of(changes, short, "state") if state not in ("pending", "running")]
    assert ended == ["completed"]
    assert _of(changes, short, "accuracy")[-1] == sweep.study.result(short).metrics["top1"]
    for shorter, longer in pairwise(curves):
        assert longer[: len(shorter)] == shorter
    progress = [_of(changes, long, name) for name in ("epoch", "seconds", "state", "latest", "eta_s")]
    running = [row for row in zip(*progress, strict=True) if row[0]]
    assert [row[:2] for row in running] == sorted(row[:2] for row in running)
    state, latest, eta_s = running[-1][2:]
    assert (state, latest) == ("running", curves[-1][-1])
    assert eta_s > 0
    for process in [psutil.Process(sweep.process.pid), *sweep.workers()]:
        process.kill()
    points = stream.wait_for("change", lambda told: told["status"]["counts"]["failed"] == 1)["points"]
    assert (points["id"], points["state"], points["failure"]) == ([long], ["gone"], ["killed"])
    assert points["message"][0].startswith("the process that trained it is gone; it will resume after epoch ")
    assert points["seconds"][0] >= running[-1][1]
    assert stream.wait_for("curves")["ids"] == []
    assert "attempt 1" in page.ask(f"/log/{long}").text


def _of(told: list[dict], point_id: str, name: str) -> list:
    """Successive values of a column of a point."""
    points = (each["points"] for each in told if point_id in each["points"]["id"])
    return [each[name][each["id"].index(point_id)] for each in points]


def test_a_change_tells_what_changed_and_nothing_else(serve: Callable[..., Page], many: Study) -> None:
    stream = serve(many.path, OFTEN).stream()
    first = stream.wait_for("all")
    chosen = many.point_ids()[7]
    many.note(chosen, State(status="failed", failure="diverged", message="loss <b>inf</b>\n\n", attempt=1))
    change = stream.wait_for("change")
    points = change["points"]
    assert (points["id"], points["state"]) == ([chosen], ["failed"])
    assert (points["failure"], points["message"]) == (["diverged"], ["loss <b>inf</b>\n\n"])
    assert points["knobs"].keys() == first["points"]["knobs"].keys() == {"depth", "width", "seed"}
    assert change["status"]["counts"] == {"completed": 0, "running": 0, "pending": 47, "failed": 1}


def test_a_new_connection_is_told_all_as_it_is_now(serve: Callable[..., Page], many: Study) -> None:
    page = serve(many.path, OFTEN)
    stream = page.stream()
    stream.wait_for("all")
    one, other = many.point_ids()[:2]
    many.note(one, State(status="failed", failure="killed", message="gone", attempt=1))
    stream.wait_for("change")
    stream.close()
    again = page.stream().wait_for("all")
    assert again["status"]["counts"]["failed"] == 1
    assert again["points"]["state"][again["points"]["id"].index(one)] == "failed"
    many.note(other, State(status="failed", failure="killed", message="gone", attempt=1))
    for _ in range(2):
        late = page.stream()
        while late.next()[1].get("status", {}).get("counts", {}).get("failed") != 2:
            pass


def test_points_that_are_new_or_gone_are_told(
    serve: Callable[..., Page], many: Study, make_point: Callable[..., Point]
) -> None:
    stream = serve(many.path, OFTEN).stream()
    stream.wait_for("all")
    point = make_point(depth=8, width=0.25, seed=99)
    many.add([point])
    assert stream.wait_for("change")["points"]["id"] == [point.id]
    other = make_point(depth=8, width=0.25, seed=0, resolution=28)
    many.add([other])  # another knob
    told = stream.wait_for("all")
    assert told["knobs"] == ["depth", "width", "resolution", "seed"]
    assert len(told["points"]["id"]) == 50
    shutil.rmtree(many.directory(point.id))
    assert point.id not in stream.wait_for("all")["points"]["id"]


def test_a_worker_of_which_nothing_is_heard_is_silent(serve: Callable[..., Page], many: Study) -> None:
    chosen = many.point_ids()[0]
    many.note(chosen, State(status="running", attempt=1, epoch=1))
    file = many.directory(chosen) / "lease-000001.json"
    write_json(file, {"host": "node7/boot/pid:[1]", "pid": 77, "started": 1.0, "released": False})
    stream = serve(many.path, OFTEN).stream()
    points = stream.wait_for("all")["points"]
    index = points["id"].index(chosen)
    assert (points["state"][index], points["where"][index]) == ("running", "process 77 on node7")
    silent_since = lease.server_time(many.path) - STALE_AFTER_S - 5
    os.utime(file, (silent_since, silent_since))
    change = stream.wait_for("change")
    assert (change["points"]["state"], change["status"]["num_silent"]) == (["silent"], 1)


def test_a_damaged_point_is_a_sentence_and_the_others_are_shown(
    serve: Callable[..., Page], many: Study
) -> None:
    damaged, other = many.point_ids()[:2]
    file = many.directory(damaged) / "point.json"
    kept = file.read_text()
    file.write_text("{")
    page = serve(many.path, OFTEN)
    stream = page.stream()
    told = stream.wait_for("all")
    assert (len(told["points"]["id"]), told["status"]["num_damaged"]) == (47, 1)
    (sentence,) = told["status"]["damaged"]
    assert f"{damaged}/point.json is not valid JSON" in sentence
    assert "type the line that made the study again to repair it." in sentence
    assert page.ask(f"/curves?ids={damaged}").json["epoch"] == [[]]
    file.write_text(kept)
    assert stream.wait_for("change", lambda told: not told["status"]["num_damaged"])["points"]["id"] == [
        damaged
    ]
    (many.directory(other) / "status.json").write_text("[]")
    (many.directory(other) / "result.json").write_text("{")
    change = stream.wait_for("change")["points"]
    assert change["id"] == [other]
    assert "result.json is not valid JSON" in change["message"][0]
    assert page.ask("/").status == 200


def test_a_study_that_is_away_for_a_while_is_a_problem_until_it_is_back(
    serve: Callable[..., Page], many: Study
) -> None:
    page = serve(many.path, OFTEN)
    stream = page.stream()
    stream.wait_for("all")
    away = many.path.rename(many.path.with_name("away"))
    assert str(many.path) in stream.wait_for("problem")["text"]
    assert page.stream().wait_for("problem")["text"]
    away.rename(many.path)
    assert stream.wait_for("problem")["text"] is None
    assert page.ask("/").status == 200


def test_an_empty_study_is_a_page_too(serve: Callable[..., Page], tmp_path: Path, many: Study) -> None:
    empty = shutil.copytree(many.path, tmp_path / "empty", ignore=shutil.ignore_patterns("points"))
    stream = serve(empty).stream()
    told = stream.wait_for("all")
    assert (told["points"]["id"], told["knobs"], told["study"]["data"]) == ([], [], None)
    assert (told["status"]["num_points"], told["status"]["share"]) == (0, 0.0)
    assert stream.wait_for("learned")["frontier"] == []


def test_a_study_without_results_says_that_there_is_no_rule_yet(
    serve: Callable[..., Page], many: Study
) -> None:
    told = serve(many.path).stream().wait_for("learned")
    assert told["missing"] == "No point is completed yet: there is nothing to learn from."
    assert (told["num_completed"], told["frontier"], told["topics"], told["warnings"]) == (0, [], [], [])


def test_a_stream_comes_packed_to_whom_asks_for_it(served: Page) -> None:
    stream = served.stream(**{"Accept-Encoding": "gzip"})
    assert stream.response.headers["Content-Encoding"] == "gzip"
    unpacker, text = zlib.decompressobj(16 + zlib.MAX_WBITS), ""
    while "\n\nevent: learned" not in text:
        text += unpacker.decompress(stream.response.read1(2**20)).decode()
    assert text.startswith("event: all\ndata: {")


def test_an_event_is_one_line_of_data_whatever_it_holds() -> None:
    said = event("all", {"text": "one\ntwo\r\u2028\ud800 </script>"})
    assert said.isascii()
    assert said.count(b"\n") == 3
    assert b"\r" not in said
