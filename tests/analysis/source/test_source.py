"""Sources: files and study directories become tables or are refused in one sentence."""

from __future__ import annotations

import pytest

from analysis.findings import find
from analysis.metric import LATENCY
from analysis.report.sheets import sheets
from analysis.rules import rules_json, sentences
from analysis.source.source import read_source
from scaling.errors import Refused
from scaling.profile.study_table import COLUMNS, write_study_table
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.result import State
from scaling.study.store import Study

HEADER = "depth,width,resolution,epochs,top1\n"


def write(directory, text, name="mine.csv"):
    path = directory / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_csv_is_read_and_named_after_its_file(tmp_path):
    table = read_source(write(tmp_path, HEADER + "26,0.5,128,10,70.5\n"))
    assert table.name == "mine"
    assert table.rows["error"].tolist() == [29.5]


def test_a_column_is_mapped(tmp_path):
    path = write(tmp_path, "layers,width,resolution,epochs,acc1,top1\n26,0.5,128,10,70,1\n")
    table = read_source(path, {"depth": "layers", "top1": "acc1"})
    assert table.rows[["depth", "top1"]].to_numpy().tolist() == [[26, 70]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["is empty"]),
        (HEADER, ["no rows"]),
        (HEADER + "26,0.5,128\n26,0.5,128,10,70,80,90\n", ["not a readable CSV"]),
        (HEADER + "26,0.5,128,10,70,80\n", ["not a readable CSV"]),
        (HEADER + '26,0.5,128,10,"70\n', ["not a readable CSV"]),
        (b"\xff\xfe\x00depth", ["not a readable CSV"]),
        ("<html>", ["no column"]),
    ],
)
def test_a_malformed_csv_is_refused(tmp_path, text, words):
    with pytest.raises(Refused) as refusal:
        read_source(write(tmp_path, text))
    assert all(word in str(refusal.value) for word in words)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "words"), [("absent.csv", "does not exist"), ("notes.txt", ".csv"), ("folder", "study.json")]
)
def test_what_is_no_source_is_refused(tmp_path, name, words):
    write(tmp_path, "hello", "notes.txt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(Refused, match=words):
        read_source(tmp_path / name)


@pytest.mark.parametrize(
    ("mapping", "words"), [({"top1": "acc"}, "no column acc"), ({"speed": "top1"}, "speed is not one of")]
)
def test_a_mapping_of_unknown_columns_is_refused(tmp_path, mapping, words):
    with pytest.raises(Refused, match=words):
        read_source(write(tmp_path, HEADER + "26,0.5,128,10,70\n"), mapping)


@pytest.fixture
def study(tmp_path, make_point):
    """A study of three points, two of them completed."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    points = [make_point(width=width) for width in (0.25, 0.5, 1.0)]
    study.add(points)
    for point in points[:2]:
        study.note(point.id, State(status="completed"))
        metrics = {"top1": 80 + 10 * point.width}
        write_json_once(study.directory(point.id) / "result.json", {"id": point.id, "metrics": metrics})
    return study, points


def measured(points, device, latencies):
    """Rows of profile.csv."""
    empty = dict.fromkeys(COLUMNS, "")
    return [
        {**empty, "point": point.id, "device": device, "latency_ms": latency}
        for point, latency in zip(points, latencies, strict=True)
    ]


def test_a_study_that_was_measured_has_latencies_of_the_last_device(study):
    study, points = study
    write_study_table(study.path, measured(points, "a CPU, 1 thread", ["1", "2", "3"]))
    write_study_table(study.path, measured(points[:2], "a GPU", ["0.5", "0.25"]))
    table = read_source(study.path)
    rows = table.rows.set_index("point")
    assert rows.loc[[point.id for point in points], "latency_ms"].tolist()[:2] == [0.5, 0.25]
    assert rows["latency_ms"].isna().sum() == 1
    findings = find(table)
    assert list(findings.frontiers) == ["flops", "params", "latency"]
    assert findings.frontiers["latency"].line["latency_ms"].tolist() == [0.25]
    assert any(
        "error against latency of one image on a GPU: 15.00 % at 0.25 ms" in s for s in sentences(findings)
    )
    assert "Frontier: error against latency of one image on a GPU" in [
        sheet.title for sheet in sheets(findings)
    ]
    assert rules_json(findings)["provenance"]["latency"] == "of one image on a GPU"
    write_study_table(study.path, measured(points, "a CPU, 1 thread", ["1", "2", "3"]))
    assert read_source(study.path).latency_of == "of one image on a CPU, 1 thread"


def test_a_study_that_was_not_measured_has_none(study):
    study, points = study
    assert list(find(read_source(study.path)).frontiers) == ["flops", "params"]
    write_study_table(study.path, measured(points, "a GPU", ["", "", ""]))
    assert list(find(read_source(study.path)).frontiers) == ["flops", "params"]


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "is empty"), ("point,device\n1,2\n", "has no column latency_ms: python -m scaling profile ")],
)
def test_a_measured_table_that_is_none_is_refused(study, content, words):
    study, _ = study
    (study.path / "profile.csv").write_text(content)
    with pytest.raises(Refused, match=words):
        read_source(study.path)


def test_a_csv_may_bring_its_own_latencies(tmp_path):
    text = HEADER.replace("\n", ",latency_ms\n") + "26,0.5,128,10,70,12\n50,0.5,128,10,75,20\n"
    frontier = find(read_source(write(tmp_path, text))).frontiers["latency"]
    assert frontier.cost == LATENCY
    assert frontier.line["latency_ms"].tolist() == [12, 20]
