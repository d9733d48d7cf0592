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
from scaling.profile.forecast import EVALUATED_SHARE, Forecast, Hours
from scaling.study.labelling_cost import labelling_cost, labellings
from scaling.study.labels import IMAGES_A_SHARD, Labelled, Labels
from scaling.study.limits import Limits, Share, over
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
    seen = teacher.num_steps * teacher.recipe.batch_size
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


def test_limits_count_the_labels_once_with_the_first_student_that_is_kept(
    make_point: Make, tmp_path: Path
) -> None:
    students = [_student(make_point, depth=depth) for depth in (8, 14)]
    costs = [labelling_cost(each, tmp_path, lambda *_: Hours(10.0, "measured")) for each in students]
    shares = [
        Share(point=point, hours=1.0, memory_gb=1.0, is_settled=False, labelling=cost)
        for point, cost in zip(students, costs, strict=True)
    ]
    assert costs[0] == costs[1]
    assert [cost and cost.hours_left for cost in costs] == [10.0, 10.0]
    assert over(Limits(device_hours=12.0), shares) == {}
    (kept, dropped) = students
    assert over(Limits(device_hours=11.5), shares) == {
        dropped.id: "limit.device_hours=11.5: it takes 1, 0.5 are left"
    }
    assert over(Limits(device_hours=9.0), shares)[kept.id] == (
        "limit.device_hours=9: it takes 11 with its labels, 9 are left"
    )
    done = [replace(shares[0], is_settled=True), shares[1]]
    assert over(Limits(device_hours=12.0), done) == {}, "typed again it is the same plan"
    train_flops = sum(student.cost.train_flops for student in students)
    assert costs[0] is not None
    assert over(Limits(train_flops=train_flops + costs[0].flops), shares) == {}
    assert over(Limits(train_flops=train_flops + 0.9 * costs[0].flops), shares).keys() == {dropped.id}


def test_soft_labels_of_many_classes_keep_the_likeliest_alone(make_point: Make, tmp_path: Path) -> None:
    """130 million images of 1,000 classes: 8.32 GB instead of 260."""
    many = replace(make_point().data, num_classes=1000)
    student = _student(make_point, data=many)
    assert student.pseudo is not None
    soft = replace(student.pseudo, kind="soft", unlabelled=Unlabelled(num_images=130_000_000))
    (told,) = labellings([replace(student, pseudo=soft)], tmp_path, lambda *_: None)
    assert told.gb == pytest.approx(8.32)
