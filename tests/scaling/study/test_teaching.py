"""Teaching: students and their teachers as one grid, and what makes two of them one point."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.pseudo import PseudoLabels
from scaling.errors import Refused
from scaling.study.axis import axis
from scaling.study.grid import Expansion, Grid, expand
from scaling.study.match import Match
from scaling.study.point import Point
from scaling.study.settings import point_from_json

SETTINGS: Mapping[str, Any] = {
    "depth": 8,
    "width": 0.5,
    "resolution": 14,
    "epochs": 2,
    "seed": 0,
    "precision": "fp32",
    "model": {"family": "resnet_small"},
    "data": {"name": "mnist5k", "num_train": 500, "num_val": 100},
    "recipe": {"batch_size": 64},
    "schedule": {},
}
TEACHER = {"depth": 20, "epochs": 6, "recipe.dropout": 0.1}


def _declare(values: Mapping[str, Any]) -> DataSet:
    return declare(DataConfig(**values))


def _expand(*axes: tuple[str, list[Any]], **pseudo: Any) -> Expansion:
    settings = {**SETTINGS, "pseudo": {"teacher": TEACHER, **pseudo}}
    return expand([Grid(settings, [axis(name, values) for name, values in axes])], _declare)


def _student(**pseudo: Any) -> Point:
    return _expand(**pseudo).points[-1]


def test_a_teacher_comes_once_before_its_students_and_is_what_they_are_otherwise() -> None:
    teacher, *students = _expand(("depth", [8, 14]), ("width", [0.5]), ("pseudo.ratio", [1, 3])).points
    assert (teacher.depth, teacher.width, teacher.epochs, teacher.recipe.dropout) == (20, 0.5, 6, 0.1)
    assert teacher.pseudo is None
    assert len(students) == 4
    assert {student.needs for student in students} == {(teacher.id,)}
    assert {student.recipe.dropout for student in students} == {0.0}


def test_a_section_of_the_teacher_changes_what_it_names_alone() -> None:
    teacher, student = _expand(teacher={"recipe": {"dropout": 0.1}}).points
    assert teacher.recipe == replace(student.recipe, dropout=0.1)


def test_each_seed_has_its_teacher_unless_the_teacher_has_a_seed_of_its_own() -> None:
    seeds = ("seed", [0, 1, 2])
    assert len(_expand(seeds).points) == 6
    assert len(_expand(seeds, teacher=TEACHER | {"seed": 7}).points) == 4


def test_without_pseudo_labelled_images_it_is_the_same_point() -> None:
    """So that no cost is paid twice, and the baseline of every student is in the grid."""
    expansion = _expand(("pseudo.ratio", [0, 1]), ("pseudo.kind", ["hard", "soft"]))
    plain = expand([Grid(SETTINGS, [])], _declare).points
    assert expansion.points[0].id == plain[0].id
    assert expansion.num_repeats == 1
    assert {point.baseline.id for point in expansion.points if point.pseudo} == {plain[0].id}


def test_steps_stay_and_every_image_that_is_seen_is_paid() -> None:
    student = _student(ratio=3)
    baseline = student.baseline
    assert student.steps_per_epoch == baseline.steps_per_epoch
    assert student.cost.train_flops == 4 * baseline.cost.train_flops
    assert student.cost.memory_gb == baseline.cost.memory_gb


@pytest.mark.parametrize(
    "change",
    [
        {"ratio": 2},
        {"kind": "soft"},
        {"threshold": 0.5},
        {"balanced": True},
        {"num_images": 9},
        {"teacher": {"depth": 14}},
    ],
    ids=str,
)
def test_what_decides_changes_the_id_and_the_setting(change: dict[str, Any]) -> None:
    student, other = _student(), _student(**change)
    assert (student.id != other.id, student.setting != other.setting) == (True, True)


def test_students_are_compared_over_seeds_and_networks_whoever_teaches_them() -> None:
    grid = _expand(("seed", [0, 1]), ("depth", [8, 14]), teacher={"width": 1.0})
    students = [point for point in grid.points if point.pseudo]
    assert len({point.pseudo.teacher.point for point in students if point.pseudo}) == 4
    assert len({point.setting for point in students}) == 1
    assert students[0].setting != students[0].baseline.setting


def test_a_student_is_read_back_as_it_was_written() -> None:
    student = _student(kind="soft", threshold=0.5)
    assert point_from_json(json.loads(json.dumps(student.to_json()))) == student
    assert "pseudo" not in student.baseline.to_json()


def test_budgets_count_the_pseudo_labelled_images() -> None:
    match = Match(cost="train_flops", budgets=(2e11,), solve="epochs", tolerance=0.2)
    for ratio in (1, 3):
        settings = {**SETTINGS, "pseudo": {"teacher": TEACHER, "ratio": ratio}}
        student = expand([Grid(settings, [], match)], _declare).points[-1]
        assert student.cost.train_flops == pytest.approx(2e11, rel=0.2)


def test_weights_of_a_file_need_no_point(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"weights")
    (student,) = _expand(teacher={"weights": str(file), "depth": 14}).points
    assert student.needs == ()
    assert student.pseudo is not None
    teacher = student.pseudo.teacher
    assert teacher.weights == hashlib.sha256(b"weights").hexdigest()
    moved = replace(student, pseudo=replace(student.pseudo, teacher=replace(teacher, weights="0" * 64)))
    assert moved.id != student.id


@pytest.mark.parametrize(
    ("pseudo", "said"),
    [
        ({"ratio": -1}, r"pseudo.ratio=-1 must not be negative"),
        ({"kind": "firm"}, r"pseudo.kind='firm' should be"),
        ({"threshold": 1.0}, r"pseudo.threshold=1 must be at least 0 and less than 1"),
        ({"num_images": 10**6}, r"is more than the 3\d\d\d training images of mnist5k"),
        ({"teacher": {"data.num_train": 9}}, r"a teacher has the data.num_train of its students"),
        ({"teacher": {"rezipe.dropout": 1}}, r"pseudo.teacher.rezipe.dropout is not an option"),
        ({"teacher": {"recipe.drop": 1}}, r"recipe.drop is not an option"),
        ({"teacher": {"deep": 20}}, r"pseudo.teacher.deep is not an option: did you mean depth"),
        ({"teacher": 20}, r"pseudo.teacher=20 should be its differences from its students"),
        ({"teacher": {"recipe": 1}}, r"pseudo.teacher.recipe=1 should be settings of it"),
        ({"teacher": {"model": "big"}}, r"pseudo.teacher.model=big should be settings of it"),
        ({"teacher": {"recipe.dropout.rate": 1}}, r"pseudo.teacher.recipe.dropout.rate is not an option"),
        ({"teacher": {"depth": 9}}, "^pseudo.teacher: depth=9"),
        ({"teacher": {"weights": "/no/file"}}, r"cannot be read \(No such file or directory\)"),
        ({"root": "/no/directory"}, r"to plan without it, give pseudo.num_images"),
        ({"root": "/no/directory", "num_images": 10}, r"pseudo.root has images of 3 channels"),
        ({"ratios": 1}, r"pseudo.ratios is not an option"),
    ],
    ids=str,
)
def test_a_slip_is_one_sentence(pseudo: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused, match=said):
        _expand(**pseudo)


def test_masks_are_labelled_by_nobody() -> None:
    settings = {**SETTINGS, "data": {"name": "scenes_of_mnist5k", "num_train": 64, "num_val": 10}}
    with pytest.raises(Refused, match="gives images a class, but scenes_of_mnist5k has masks: leave it out"):
        expand([Grid({**settings, "pseudo": {"teacher": TEACHER}}, [])], _declare)


def test_a_warm_up_longer_than_the_point_is_refused() -> None:
    with pytest.raises(Refused, match=r"schedule.warmup_steps=99 takes all of the 14 steps of the point"):
        expand([Grid({**SETTINGS, "schedule": {"warmup_steps": 99}}, [])], _declare)


def test_all_images_that_are_left_are_labelled_and_none_is_refused() -> None:
    labels = _student().pseudo
    assert isinstance(labels, PseudoLabels)
    whole = declare(DataConfig(name="mnist5k", num_val=100))
    assert labels.unlabelled.num_images == whole.num_train - 500
    everything = {**SETTINGS, "data": {"name": "mnist5k", "num_val": 100}, "pseudo": {"teacher": TEACHER}}
    with pytest.raises(Refused, match="leaves no image of mnist5k to label"):
        expand([Grid(everything, [])], _declare)
