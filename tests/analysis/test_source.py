"""Sources: files and study directories become tables, or are refused in one sentence."""

from __future__ import annotations

import pytest

from analysis.source import read_source
from scaling.errors import Refused

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
