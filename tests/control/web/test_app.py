"""The answers to a browser, over real HTTP from the real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from control.web.app import LOG_BYTES
from scaling.study.store import Study
from tests.control.web.conftest import Page

pytestmark = pytest.mark.xdist_group("control")

COUNTS = {"completed": 8, "running": 0, "pending": 0, "failed": 2}


def test_the_page_has_the_counts_before_any_script_runs(served: Page) -> None:
    served.stream().wait_for("all")
    answer = served.ask("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>mine" in answer.text
    assert "10" in answer.text


def test_all_has_every_point_as_the_rows_of_the_study_have_it(served: Page, finished: Path) -> None:
    told = served.stream().wait_for("all")
    assert told["study"] == {"name": "mine", "path": str(finished), "data": "mnist5k", "metric": "top1"}
    assert told["knobs"] == ["depth", "seed", "recipe.learning_rate"]
    points = told["points"]
    columns = {name: values for name, values in points.items() if name != "knobs"}
    assert {len(values) for values in [*columns.values(), *points["knobs"].values()]} == {10}
    rows = {row["point"]: row for row in Study.open(finished).rows()}
    for index, point_id in enumerate(points["id"]):
        row, told_of = rows[point_id], {name: values[index] for name, values in columns.items()}
        assert told_of["accuracy"] == row["top1"]
        for name in ("flops", "train_flops", "failure", "message"):
            assert told_of[name] == row[name], name
        assert told_of["hours"] == row["predicted_hours"]
        assert (told_of["state"], told_of["epochs"]) == (row["status"], row["epochs"])
        for name in told["knobs"]:
            assert points["knobs"][name][index] == row[name], name
        if row["status"] == "completed":
            assert (told_of["epoch"], told_of["seconds"]) == (row["epochs"], row["train_seconds"])


def test_the_status_says_what_it_cost(served: Page, finished: Path) -> None:
    status = served.stream().wait_for("all")["status"]
    rows = Study.open(finished).rows()
    done = [row for row in rows if row["status"] == "completed"]
    assert (status["num_points"], status["counts"], status["ended"]) == (10, COUNTS, True)
    assert status["training_hours"] == pytest.approx(sum(row["train_seconds"] for row in done) / 3600)
    assert status["train_flops_total"] == sum(row["train_flops"] for row in rows)
    assert status["train_flops_done"] == sum(row["train_flops"] for row in done)
    assert (status["share"], status["eta_s"], status["damaged"]) == (1.0, None, [])
    assert status["failures"]["diverged"]["count"] == 2
    example = next(row for row in rows if row["point"] == status["failures"]["diverged"]["point"])
    assert status["failures"]["diverged"]["example"] == example["message"]


def test_a_new_stream_is_told_everything_once(served: Page) -> None:
    stream = served.stream()
    names = [stream.next()[0] for _ in range(3)]
    assert sorted(names) == ["all", "curves", "learned"]


def test_curves_of_any_points_are_there_when_asked_for(served: Page, finished: Path) -> None:
    study = Study.open(finished)
    ids = study.point_ids()
    told = served.ask(f"/curves?ids={','.join(ids)}").json
    assert (told["ids"], told["of"]) == (ids, 10)
    for index, point_id in enumerate(ids):
        file = study.directory(point_id) / "metrics.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        assert told["epoch"][index] == [row["epoch"] for row in rows]
        assert told["accuracy"][index] == [row["top1"] for row in rows]
        assert told["loss"][index] == [row["loss"] for row in rows]
    assert [epochs for epochs in told["epoch"] if epochs] == [[1, 2]] * 8
    assert served.ask("/curves").json["ids"] == []


@pytest.mark.parametrize("ids", ["nothing", "..", "../../x", "%2e%2e%2fx", "0" * 16])
def test_curves_of_what_is_no_point_are_refused(served: Page, ids: str) -> None:
    assert served.ask(f"/curves?ids={ids}").status == 404


def test_too_many_curves_are_refused(served: Page, finished: Path) -> None:
    ids = Study.open(finished).point_ids() * 6
    answer = served.ask(f"/curves?ids={','.join(ids)}")
    assert (answer.status, answer.text) == (400, "60 points are too many: ask for at most 50.")


def test_a_log_has_its_traceback(serve: Callable[..., Page], many: Study) -> None:
    point_id, other = many.point_ids()[:2]
    end = "Traceback (most recent call last):\n  …\nRuntimeError: <script>alert(1)</script> \x1b[31m é\n"
    log = many.directory(point_id) / "log.txt"
    log.write_text("an epoch and no end\n" * 10_000 + end)
    page = serve(many.path)
    answer = page.ask(f"/log/{point_id}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text.endswith(end)
    assert answer.text.startswith("an epoch and no end\n")
    assert LOG_BYTES - 100 < len(answer.body) <= LOG_BYTES
    log.write_bytes(b"\xff\xfe cut \xc3")
    assert page.ask(f"/log/{point_id}").text == "\ufffd\ufffd cut \ufffd"
    assert (page.ask(f"/log/{other}").status, page.ask(f"/log/{other}").text) == (200, "")


@pytest.mark.parametrize(
    "path",
    [
        "/log/",
        "/log/..",
        "/log/../../../../etc/passwd",
        "/log/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/log/%2e%2e%2f%2e%2e",
        "/log/%2fetc%2fpasswd",
        "/log/%00",
        "/log/0000000000000000",
        "/log/study.json",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/static/%2e%2e%2fapp.py",
        "/static/nothing.js",
        "/etc/passwd",
        "//etc/passwd",
    ],
)
def test_what_is_no_point_and_no_file_of_the_page_is_not_found(served: Page, path: str) -> None:
    answer = served.ask(path)
    assert answer.status == 404
    assert b"root:" not in answer.body


@pytest.mark.parametrize("name", ["log.txt", "metrics.jsonl"])
def test_a_link_that_leads_out_of_the_study_is_refused(
    serve: Callable[..., Page], many: Study, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text('{"epoch": 1, "top1": 12.5}\n')
    points = [many.directory(point_id) for point_id in many.point_ids()[:3]]
    (points[0] / name).symlink_to(secret)
    (points[1] / name).symlink_to(points[2] / name)
    (points[2] / name).write_text('{"epoch": 1, "top1": 25}\n')
    page = serve(many.path)
    if name == "log.txt":
        refused, inside = (page.ask(f"/log/{each.name}") for each in points[:2])
        sentence = f"log.txt of {points[0].name} is a link that leads out of the study."
        assert (refused.status, refused.text) == (403, sentence)
        assert (inside.status, inside.text) == (200, '{"epoch": 1, "top1": 25}\n')
    told = page.ask(f"/curves?ids={','.join(each.name for each in points)}").json
    assert told["accuracy"] == ([[]] * 3 if name == "log.txt" else [[], [25], [25]])


def test_plotly_comes_packed_and_is_kept_by_the_browser(served: Page) -> None:
    plain, packed = (
        served.ask("/static/plotly.min.js"),
        served.ask("/static/plotly.min.js", Accept_Encoding="gzip"),
    )
    assert plain.headers["content-type"] == packed.headers["content-type"] == "text/javascript; charset=utf-8"
    assert packed.headers["content-encoding"] == "gzip"
    assert len(packed.body) < len(plain.body) / 2
    assert plain.headers["cache-control"] == "no-store"
    versioned = next(word for word in served.ask("/").text.split('"') if word.startswith("/static/"))
    assert "immutable" in served.ask(versioned).headers["cache-control"]
    assert served.ask(versioned.partition("=")[0] + "=other").headers["cache-control"] == "no-store"
