"""Labelling and joint training: real teachers on real digits, resumed bit by bit, and what cannot be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch

from scaling.data.images import Images
from scaling.data.load import load
from scaling.data.pseudo import Kind, PseudoLabels, Teacher, Unlabelled
from scaling.errors import DataError
from scaling.models.build import build
from scaling.study.point import Point
from scaling.training.batches import Batches
from scaling.training.checkpoint import Checkpoint
from scaling.training.failure import Stopped
from scaling.training.labeller import taught
from scaling.training.loop import Hooks, train
from scaling.training.outcome import Outcome
from scaling.training.placement import Placement
from scaling.training.runtime import Runtime
from scaling.training.saving import Saving
from scaling.training.weights import Weights
from tests.scaling.training.pool import Pool

MakePoint: TypeAlias = Callable[..., Point]
MakeStudent: TypeAlias = Callable[..., Point]
NUM_IMAGES = 300


@pytest.fixture(scope="module")
def trained(make_point: MakePoint, cpu: torch.device, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """A teacher that has learned something of 128 digits."""
    teacher = make_point(width=0.5, epochs=12)
    return _train(teacher, load(teacher.data, None, 8), cpu, tmp_path_factory.mktemp("teacher")).weights


@pytest.fixture(scope="module")
def file(trained: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.pt"
    torch.save(dict(trained), path)
    return path


@pytest.fixture
def student(make_point: MakePoint, file: Path) -> MakeStudent:
    def make(*, ratio: int = 2, kind: Kind = "hard", threshold: float = 0.0, **changes: Any) -> Point:
        point = make_point(**changes)
        teacher = Teacher(
            weights=hashlib.sha256(file.read_bytes()).hexdigest(),
            family=point.family,
            model=point.model,
            depth=8,
            width=0.5,
            resolution=8,
            rule="r",
        )
        labels = PseudoLabels(
            teacher=teacher,
            unlabelled=Unlabelled(num_images=NUM_IMAGES),
            kind=kind,
            threshold=threshold,
            ratio=ratio,
        )
        return replace(point, pseudo=labels)

    return make


def _train(point: Point, images: Images, device: torch.device, directory: Path, **stop: Any) -> Outcome:
    return train(
        point,
        images,
        Placement(device=device),
        Saving(checkpoint=Checkpoint(directory / "checkpoint.pt"), every_s=1e9),
        Hooks(**stop),
    )


def _taught(point: Point, file: Path, study: Path, **changes: Any) -> Images:
    runtime = Runtime(teacher_weights=str(file))
    return taught(
        point,
        load(point.data, None, point.resolution),
        runtime,
        torch.device("cpu"),
        studies=[study],
        **{"should_stop": lambda: False, **changes},
    )


def test_labels_are_better_than_a_guess_and_of_the_images_that_follow(
    student: MakeStudent, file: Path, tmp_path: Path
) -> None:
    point = student()
    images = _taught(point, file, tmp_path)
    whole = load(replace(point.data, num_train=128 + NUM_IMAGES), None, 8).train
    assert torch.equal(images.train.images, whole.images)
    assert torch.equal(images.train.labels[:128], whole.labels[:128])
    right = (images.train.labels[128:] == whole.labels[128:]).float().mean()
    assert 0.25 < right < 1  # a guess has 0.1, and they are the teacher's, not the true ones
    assert images.mix is not None
    assert torch.equal(images.mean, load(point.data, None, 8).mean)


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_batch_has_both_kinds_wherever_it_is_cut_and_all_images_in_turn(
    student: MakeStudent, file: Path, tmp_path: Path, kind: Kind
) -> None:
    point = student(kind=kind, epochs=10)
    images = _taught(point, file, tmp_path)
    whole = Batches(point, images, slice(0, 96), 0)
    seen = [whole._chosen(step) for step in range(point.num_steps)]
    for chosen in seen:
        assert ((chosen.view(-1, 3) < 128).sum(1) == 1).all()  # one labelled, two not, and so on
    pseudo = torch.cat(seen).view(-1, 3)[:, 1:].flatten()
    counts = torch.bincount(pseudo - 128, minlength=NUM_IMAGES)
    assert (int(counts.min()), int(counts.max())) == (8, 9)  # of 2,560 pictures of 300
    assert torch.equal(Batches(point, images, slice(0, 96), 0)._chosen(33), seen[33])  # from nothing
    halves = [Batches(point, images, share, 0).at(3) for share in (slice(0, 48), slice(48, 96))]
    batch = whole.at(3)
    assert torch.equal(batch.images, torch.cat([half.images for half in halves]))
    assert torch.equal(batch.labels, torch.cat([half.labels for half in halves]))
    assert batch.labels.shape == ((96,) if kind == "hard" else (96, 10))


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_student_that_was_stopped_ends_bit_by_bit_like_one_that_was_not(
    student: MakeStudent, file: Path, tmp_path: Path, cpu: torch.device, kind: Kind
) -> None:
    point = student(kind=kind)
    images = _taught(point, file, tmp_path)
    for name in ("whole", "broken"):
        (tmp_path / name).mkdir()
    whole = _train(point, images, cpu, tmp_path / "whole")
    left = iter([False] * 5 + [True])
    with pytest.raises(Stopped):
        _train(point, images, cpu, tmp_path / "broken", should_stop=lambda: next(left))
    resumed = _train(point, _taught(point, file, tmp_path), cpu, tmp_path / "broken")
    assert resumed.metrics == whole.metrics
    assert all(torch.equal(resumed.weights[name], value) for name, value in whole.weights.items())


def test_two_processes_label_together_and_train_the_student_that_one_trains(
    student: MakeStudent, tmp_path: Path
) -> None:
    """Without the average, what is evaluated depends on the running statistics alone."""
    point = student(kind="soft", norm_batch=16, ema_decay=0)
    teacher = replace(point.baseline, width=0.5)
    assert point.pseudo is not None
    named = replace(point.pseudo.teacher, weights=None, point=teacher.id)
    point = replace(point, pseudo=replace(point.pseudo, teacher=named))
    found = []
    for size in (1, 2):
        pool = Pool(tmp_path / str(size), teacher, point, size=size)
        pool.todo = replace(pool.todo, terms=replace(pool.todo.terms, needed=frozenset({teacher.id})))
        pool.start()
        assert pool.ended() == [0] * size
        found.append(pool.outcome(1))
    assert found[1][1] == pytest.approx(found[0][1], rel=1e-5)
    for row, theirs in zip(found[0][0], found[1][0], strict=True):
        assert theirs == pytest.approx(row, rel=1e-5)


def test_a_student_without_pseudo_labelled_images_trains_as_ever(
    make_point: MakePoint, tmp_path: Path, student: MakeStudent, cpu: torch.device
) -> None:
    baseline = student().baseline
    assert baseline.id == make_point().id
    assert _train(baseline, load(baseline.data, None, 8), cpu, tmp_path).metrics["train_loss"] > 0


def test_a_worker_that_is_told_to_stop_does_so_while_it_labels(
    student: MakeStudent, file: Path, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        _taught(student(), file, tmp_path, should_stop=lambda: True)
    assert _taught(student(), file, tmp_path).mix is not None


def test_a_threshold_that_leaves_nothing_is_told(student: MakeStudent, file: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"pseudo.threshold=0.9999 leaves none of 300 .* the most confident label has 0\.\d"
    ):
        _taught(student(threshold=0.9999), file, tmp_path)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ({"num_classes": 7}, r"distinguishes 7 classes, but mnist5k has 10"),
        ({"in_channels": 3}, r"takes images of 3 channels, but mnist5k has 1"),
        ({"width": 0.25}, r"belongs to another network than described: its .* is \(.*\), not \("),
        ({"depth": 14}, r"belongs to another network than described: only one of them has "),
    ],
    ids=str,
)
def test_weights_of_something_else_are_told(
    student: MakeStudent, tmp_path: Path, network: dict[str, Any], said: str
) -> None:
    point, file = student(), tmp_path / "other.pt"
    shape = {"in_channels": 1, "num_classes": 10} | network
    family = point.model.network(shape.pop("depth", 8), shape.pop("width", 0.5))
    torch.save(build(family, **shape).state_dict(), file)
    assert point.pseudo is not None
    teacher = replace(point.pseudo.teacher, weights=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(DataError, match=said):
        _taught(replace(point, pseudo=replace(point.pseudo, teacher=teacher)), file, tmp_path)


def test_a_teacher_that_is_not_there_is_told(student: MakeStudent, file: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent.pt cannot be read \(No such file or directory\)"):
        _taught(student(), tmp_path / "absent.pt", tmp_path)
    other = tmp_path / "other.pt"
    torch.save({"head": torch.zeros(1)}, other)
    with pytest.raises(DataError, match=r"other\.pt is not the declared file: its SHA-256 is"):
        _taught(student(), other, tmp_path)
    point = student()
    assert point.pseudo is not None
    teacher = replace(point.pseudo.teacher, weights=None, point="0" * 16)
    with pytest.raises(DataError, match="It needs 0000000000000000, which is neither done nor planned"):
        _taught(replace(point, pseudo=replace(point.pseudo, teacher=teacher)), file, tmp_path)
