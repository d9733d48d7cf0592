"""The command line, run from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import main
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.result import State
from scaling.study.store import Study

ROOT = Path(__file__).parents[2]
HEADER = "depth,width,resolution,epochs,top1\n"


def shell(*words, cwd):
    command = [sys.executable, "-W", "error", "-m", "analysis", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def csv(planted, tmp_path):
    path = tmp_path / "mine.csv"
    planted(generator=np.random.default_rng(0), num_seeds=2, depth_bonus=0.6).to_csv(path, index=False)
    return path


def test_report_prints_and_writes(csv, tmp_path):
    done = shell("report", csv, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for text in (
        "36 of 36 points completed",
        "Summary",
        "Frontier",
        "depth is better",
        "few_seeds",
        "reports/mine/report.html",
    ):
        assert text in done.stdout
    assert (tmp_path / "reports/mine/report.html").is_file()


def bad_table(directory, text):
    path = directory / "bad.csv"
    if text is not None:
        path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "does not exist"),
        ("", "is empty"),
        (HEADER + "8,1,28,1\n8,1,28,1,70,3,4\n", "not a readable CSV"),
        (HEADER + "8,1,28,1,nan\n", "no completed point"),
    ],
)
def test_a_bad_table_is_one_line_in_a_shell(tmp_path, text, words):
    done = shell("report", bad_table(tmp_path, text), cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("command", ["report", "frontier", "rules"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER, "no rows"),
        ("depth,width\n1,2\n", "no column resolution, epochs, top1 (or error)"),
        (HEADER + "8,1,28,1,good\n", "'good'"),
        (HEADER + "8,1,28,1,0.7\n", "multiply"),
    ],
)
def test_a_bad_table_is_one_sentence_and_exit_code_2(tmp_path, capsys, monkeypatch, command, text, words):
    monkeypatch.chdir(tmp_path)
    assert main([command, str(bad_table(tmp_path, text))]) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["publish", "x.csv"],
        ["report"],
        ["report", "x.csv", "--colour"],
        ["report", "x.csv", "--map", "top1"],
        ["frontier", "x.csv", "--cost", "money"],
    ],
)
def test_a_bad_word_is_one_sentence_and_exit_code_2(capsys, monkeypatch, tmp_path, words):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1


def test_debug_shows_the_traceback(tmp_path):
    done = shell("report", "absent.csv", "--debug", cwd=tmp_path)
    assert done.returncode not in (0, 2)
    assert "Traceback" in done.stderr


def test_rules_as_json_are_the_report_s(csv, tmp_path, capsys):
    assert main(["rules", str(csv), "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert main(["report", str(csv), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == rules
    assert json.loads((tmp_path / "out" / "rules.json").read_text()) == rules


def test_frontier_as_json_holds_every_model(csv, capsys):
    assert main(["frontier", str(csv), "--cost", "params", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 18
    assert {row["cost"] for row in rows} == {"params"}


def test_a_cost_the_table_lacks_is_refused(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text(HEADER + "8,1,28,1,70\n")
    assert main(["frontier", str(tmp_path / "mine.csv")]) == 2
    assert "has no flops" in capsys.readouterr().err


def test_rules_at_a_cost_the_table_lacks_are_refused(csv, capsys):
    assert main(["rules", str(csv), "--cost", "latency"]) == 2
    assert "add the column latency_ms, or choose --cost from flops." in capsys.readouterr().err


def test_rules_are_given_at_the_cost_that_is_asked_for(capsys):
    said = {}
    for cost in ("flops", "latency"):
        assert main(["rules", "published:resnet_rs_2021", "--cost", cost, "--json"]) == 0
        said[cost] = json.loads(capsys.readouterr().out)
    assert [rules["cost"] for rules in said.values()] == ["flops", "latency"]
    assert said["flops"]["regimes"] != said["latency"]["regimes"]


def test_the_way_to_a_latency_is_told(csv, tmp_path, capsys, make_point):
    assert main(["frontier", str(csv), "--cost", "latency"]) == 2
    assert (
        "has no latency: add the column latency_ms, or choose --cost from flops, " in capsys.readouterr().err
    )
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    point = make_point()
    study.add([point])
    study.note(point.id, State(status="completed"))
    write_json_once(study.directory(point.id) / "result.json", {"id": point.id, "metrics": {"top1": 90.0}})
    assert main(["frontier", str(study.path), "--cost", "latency"]) == 2
    assert f"python -m scaling profile {study.path} measures it, or" in capsys.readouterr().err


def test_a_mapped_column_is_read(tmp_path, capsys):
    (tmp_path / "mine.csv").write_text("depth,width,resolution,epochs,acc1\n8,1,28,1,70\n")
    assert main(["rules", str(tmp_path / "mine.csv"), "--map", "top1=acc1"]) == 0
    assert "there is no rule" in capsys.readouterr().out
