"""Labelling: its price is that of a pass over every image, told once for each teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.models.resnet_small import ResNetSmall
from scaling.profile.devices import DEVICES
from scaling.profile.forecast import EVALUATED_SHARE, Forecast
from scaling.study.labelling import labellings
from scaling.study.labels import IMAGES_A_SHARD, Labelled, Labels
from scaling.study.point import Point

NUM_IMAGES = 3 * IMAGES_A_SHARD

Make = Callable[..., Point]


def _student(make_point: Make, **changes: object) -> Point:
    teacher = make_point(depth=20, width=1, epochs=30, seed=changes.get("seed", 0))
    labels = PseudoLabels(
        teacher=Teacher(
            point=teacher.id,
            family="resnet_small",
            model=ResNetSmall(),
            depth=20,
            width=1,
            resolution=14,
            rule="r",
        ),
        unlabelled=Unlabelled(num_images=NUM_IMAGES),
    )
    return make_point(pseudo=labels, **changes)


def test_each_teacher_is_paid_once_whatever_its_students_are(make_point: Make, tmp_path: Path) -> None:
    students = [_student(make_point, depth=depth, seed=seed) for depth in (8, 14) for seed in (0, 1, 2)]
    forecast = Forecast(DEVICES["cpu"])
    (told,) = labellings([make_point(), *students], tmp_path, forecast.of_labelling)
    teacher = make_point(depth=20, width=1, epochs=30)
    assert (told.num_teachers, told.num_images, told.num_left) == (3, NUM_IMAGES, 3 * NUM_IMAGES)
    assert told.flops == 3 * NUM_IMAGES * teacher.cost.flops
    assert told.gb == pytest.approx(3 * NUM_IMAGES * 4 / 1e9)
    trained = forecast.of(replace(teacher, data=replace(teacher.data, num_val=0, num_test=0)))
    assert trained is not None
    assert told.hours is not None
    seen = teacher.epochs * teacher.steps_per_epoch * teacher.recipe.batch_size
    assert told.hours == pytest.approx(EVALUATED_SHARE * trained.hours * told.num_left / seen)


def test_what_is_labelled_is_not_paid_again(make_point: Make, tmp_path: Path) -> None:
    student = _student(make_point)
    assert student.pseudo is not None

    def label(chosen: range) -> Labelled:
        if chosen.start:
            raise InterruptedError
        shape = (len(chosen), 1)
        return Labelled(classes=np.zeros(shape, np.uint16), probabilities=np.ones(shape, np.float16))

    with pytest.raises(InterruptedError):
        Labels(tmp_path, student, student.pseudo).complete(label, dict, lambda: None)
    (told,) = labellings([student], tmp_path, lambda *_: None)
    assert told.num_left == 2 * IMAGES_A_SHARD
    assert told.hours is None


def test_soft_labels_of_many_classes_keep_the_likeliest_alone(make_point: Make, tmp_path: Path) -> None:
    """130 million images of 1,000 classes: 8.32 GB instead of 260."""
    many = replace(make_point().data, num_classes=1000)
    student = _student(make_point, data=many)
    assert student.pseudo is not None
    soft = replace(student.pseudo, kind="soft", unlabelled=Unlabelled(num_images=130_000_000))
    (told,) = labellings([replace(student, pseudo=soft)], tmp_path, lambda *_: None)
    assert told.gb == pytest.approx(8.32)
