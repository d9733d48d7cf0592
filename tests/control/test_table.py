"""The table of a status: a row per point or per group, and only the points that pass the filter."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study
from scaling.training.recipe import Recipe
from scaling.training.regularization import Regularization
from scaling.training.start import Start, Tune
from tests.control.conftest import Said

pytestmark = pytest.mark.xdist_group("control")

Say = Callable[[str], Said]
TUNES: tuple[Tune, ...] = ("all", "head")


def _table(said: Said) -> list[list[str]]:
    """The words of each line of the table, headings first."""
    assert (said.code, said.err) == (0, "")
    head, _, below = said.out.partition("\n\n")
    assert "points, " in head
    return [line.split() for line in below.splitlines()]


def _rows(say: Say, line: str) -> list[dict[str, Any]]:
    said = say(f"status {line} --json")
    assert (said.code, said.err) == (0, "")
    rows: list[dict[str, Any]] = json.loads(said.out)["rows"]
    return rows


def test_few_points_have_a_row_each_by_the_knobs_that_vary(say: Say, finished: Path) -> None:
    heading, *rows = _table(say(f"status {finished}"))
    assert heading == ["point", "depth", "seed", "learning_rate", "state", "epochs"]
    assert [row[1:4] for row in rows[:3]] == [["8", "0", "0.05"], ["8", "0", "0.1"], ["8", "0", "1e+30"]]
    assert [row[0] for row in rows if row[4] == "failed"] == _failed_ids(finished)
    assert all(row[-3] == "top1" for row in rows if row[4] == "completed")
    assert sum(row[4] == "completed" for row in rows) == 8


def _failed_ids(path: Path) -> list[str]:
    rows = sorted(Study.open(path).rows(), key=lambda row: float(row["depth"]))
    return [row["point"] for row in rows if row["failure"] == "diverged"]


def test_a_row_as_json_has_all_that_is_known(say: Say, finished: Path) -> None:
    row = next(row for row in _rows(say, str(finished)) if row["failure"])
    assert row["message"].startswith("Diverged: The loss was ")
    expected = {"depth": 8, "width": 0.125, "resolution": 8, "epochs": 2, "seed": 0, "state": "failed"}
    assert row.items() >= (expected | {"recipe.learning_rate": 1e30, "attempt": 1, "epoch": 0}).items()


def test_by_a_knob_points_are_grouped(say: Say, finished: Path) -> None:
    heading, *rows = _table(say(f"status {finished} --by recipe.learning_rate"))
    assert heading == ["points", "learning_rate", "completed", "failed", "work", "left"]
    assert [row[:4] for row in rows] == [
        ["4", "0.05", "4", "·"],
        ["4", "0.1", "4", "·"],
        ["2", "1e+30", "·", "2"],
    ]
    assert all(row[-1] == "100%" for row in rows)


@pytest.mark.parametrize("by", ["--by depth,seed", "--by depth --by seed"])
def test_by_two_knobs(say: Say, finished: Path, by: str) -> None:
    rows = _rows(say, f"{finished} {by}")
    values = [(row["depth"], row["seed"], row["completed"], row.get("failed", 0)) for row in rows]
    assert values == [(8, 0, 2, 1), (8, 1, 2, 0), (14, 0, 2, 1), (14, 1, 2, 0)]


def test_many_points_are_grouped_by_what_tells_most(say: Say, many: Study) -> None:
    heading, *rows = _table(say(f"status {many.path}"))
    assert heading[:4] == ["points", "depth", "width", "pending"]
    assert [row[:4] for row in rows] == [
        ["12", depth, width, "12"] for depth in ("8", "14") for width in ("0.25", "0.5")
    ]
    heading, *rows = _table(say(f"status {many.path} depth=14"))
    assert (heading[0], len(rows)) == ("point", 24)


def test_two_knobs_that_make_too_many_rows_are_one(
    say: Say, tmp_path: Path, make_point: Callable[..., Point]
) -> None:
    study = Study.create(tmp_path / "wide", Task("mnist5k"))
    depths, widths = (8, 14, 20, 26, 32, 38, 44), (0.125, 0.25, 0.375, 0.5, 0.625, 0.75)
    study.add([make_point(depth=depth, width=width) for depth in depths for width in widths])
    rows = _rows(say, str(study.path))
    assert [(row["depth"], row["pending"]) for row in rows] == [(depth, 6) for depth in depths]
    assert "width" not in rows[0]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ("depth=8", 5),
        ("depth=8.0 seed=0", 3),
        ("depth=8,14 seed=1", 4),
        ("depth=8,seed=1", 2),
        ("recipe.learning_rate=1e30", 2),
        ("--state failed", 2),
        ("--state completed depth=14", 4),
        ("--state failed,completed", 10),
        ("--state pending", 0),
        ("--failure diverged", 2),
        ("--failure killed", 0),
        ("--failure diverged seed=1", 0),
    ],
)
def test_only_wanted_points_are_in_it(say: Say, finished: Path, wanted: str, count: int) -> None:
    said = say(f"status {finished} {wanted} --json")
    value = json.loads(said.out)
    assert (said.code, len(value["rows"])) == (0, count)
    assert value["num_points"] == 10  # counts are not filtered


def test_students_are_told_from_the_same_network_without_pseudo_labels(
    say: Say, tmp_path: Path, make_point: Callable[..., Point]
) -> None:
    plain = make_point()
    teacher = Teacher(
        point=plain.id, family=plain.family, model=plain.model, depth=8, width=1, resolution=8, rule="r"
    )
    labels = PseudoLabels(teacher=teacher, unlabelled=Unlabelled(num_images=9), ratio=3)
    study = Study.create(tmp_path / "taught", Task("mnist5k"))
    study.add([plain, replace(plain, pseudo=labels)])
    rows = {row["point"]: row["pseudo.ratio"] for row in _rows(say, str(study.path))}
    assert rows == {plain.id: 0, replace(plain, pseudo=labels).id: 3}


def test_a_point_that_waits_again_is_in_another_state(say: Say, many: Study) -> None:
    one, other = many.point_ids()[:2]
    many.note(one, State(status="failed", failure="killed", attempt=1))
    many.note(other, State(message="to be run again", attempt=1))
    assert [row["point"] for row in _rows(say, f"{many.path} --state failed")] == [one]
    assert _rows(say, f"{many.path} --state pending --by width")[0]["share"] == 0.0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("dept=8", "dept is not a knob of this study: did you mean depth."),
        ("color=red", "color is not a knob of this study: known are depth, width, resolution, epochs, seed"),
        ("depth=9", "No point has depth=9: there are depth=8, 14."),
        ("8", "8 is not a filter: write a knob and its values, such as depth=14,26."),
        ("--by dept", "--by dept is not a knob of this study: did you mean depth."),
        ("--state runing", "--state runing is not known: did you mean running."),
        ("--state xyz", "--state xyz is not known: known are completed, running, silent, gone, pending"),
        ("--failure diverge", "--failure diverge is not known: did you mean diverged."),
        ("--limit 0", "--limit 0 should be more than 0."),
    ],
)
def test_what_the_study_lacks_is_refused_in_one_sentence(
    say: Say, finished: Path, words: str, sentence: str
) -> None:
    said = say(f"status {finished} {words}")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"control: {sentence}")
    assert said.err.count("\n") == 1


def test_a_limit_says_how_many_more_there_are(say: Say, finished: Path) -> None:
    heading, *rows, last = _table(say(f"status {finished} --limit 3"))
    assert (heading[0], len(rows)) == ("point", 3)
    assert last == ["and", "7", "more", "rows"]
    assert len(_rows(say, f"{finished} --limit 3")) == 3
    assert "more rows" not in say(f"status {finished} --limit 10").out


def test_strengths_that_a_policy_gives_are_no_knobs(
    say: Say, tmp_path: Path, make_point: Callable[..., Point]
) -> None:
    """Only the policy's name is a knob, although by_scale gives each width its own dropout."""
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    by_scale = Regularization(policy="by_scale", plain_epochs=0)
    for width in (0.5, 1.0):
        recipe = by_scale.applied(Recipe(), layers=8, width=width, resolution=14, epochs=2)
        policy = {"recipe": recipe, "regularization": by_scale}
        study.add([make_point(width=width), make_point(width=width, **policy)])
    heading, *rows = _table(say(f"status {study.path}"))
    assert heading[:4] == ["point", "width", "policy", "state"]
    assert sorted(row[1:3] for row in rows) == [
        ["0.5", "by_scale"],
        ["0.5", "given"],
        ["1", "by_scale"],
        ["1", "given"],
    ]


def test_what_is_tuned_and_how_its_start_was_trained_are_knobs(
    say: Say, tmp_path: Path, make_point: Callable[..., Point]
) -> None:
    study = Study.create(tmp_path / "mine", Task("mnist5k"))
    starts = [Start(point=f"{number:016x}", origin="short", tune=tune) for number in (0, 1) for tune in TUNES]
    study.add([make_point(), *(make_point(start=start) for start in starts)])
    heading, *rows = _table(say(f"status {study.path}"))
    assert heading[1:4] == ["tune", "origin", "state"]
    known = [["-", "-"], *(["all", "short"], ["head", "short"]) * 2]
    assert sorted(row[1:3] for row in rows) == sorted(known)
