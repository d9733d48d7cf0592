"""Labels: shards made together, each once, whoever is killed; and those of others refused."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.errors import DataError
from scaling.models.resnet_small import ResNetSmall
from scaling.study import labels as module
from scaling.study import lease
from scaling.study.labels import Labelled, Labels
from scaling.study.point import Point

NUM_IMAGES = 25
TEACHER = Teacher(
    point="0123456789abcdef",
    family="resnet_small",
    model=ResNetSmall(),
    depth=8,
    width=1,
    resolution=14,
    rule="r",
)
HARD = PseudoLabels(teacher=TEACHER, unlabelled=Unlabelled(num_images=NUM_IMAGES))


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IMAGES_A_SHARD", 10)


@pytest.fixture
def make(tmp_path: Path, make_point: Callable[..., Point]) -> Callable[..., Labels]:
    def labels(pseudo: PseudoLabels = HARD, **changes: Any) -> Labels:
        return Labels(tmp_path, make_point(**changes), pseudo)

    return labels


def _label(chosen: range) -> Labelled:
    places = np.array(chosen)[:, None]
    return Labelled(classes=(places % 10).astype(np.uint16), probabilities=np.full_like(places, 0.5, float))


def _complete(labels: Labels, label: Callable[[range], Labelled] = _label) -> None:
    labels.complete(label, lambda: {"host": "here"}, lambda: None)


def test_all_images_are_labelled_in_order(make: Callable[..., Labels]) -> None:
    labels = make()
    assert labels.num_missing() == NUM_IMAGES
    _complete(labels)
    assert labels.num_missing() == 0
    assert labels.read().classes[:, 0].tolist() == [index % 10 for index in range(NUM_IMAGES)]
    with np.load(labels.path / "000002" / "labels.npz") as shard:
        told = json.loads(str(shard["provenance"]))
    assert told["host"] == "here"
    assert told["labels"] == labels.name


def test_workers_share_the_shards_and_make_each_once(make: Callable[..., Labels]) -> None:
    made: list[range] = []
    meet = threading.Barrier(3, timeout=20)

    def slow(chosen: range) -> Labelled:
        made.append(chosen)
        meet.wait()  # three are at work at once, on a shard each
        return _label(chosen)

    workers = [threading.Thread(target=_complete, args=(make(), slow)) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(timeout=30)
    assert sorted(each.start for each in made) == [0, 10, 20]
    assert len(make().read()) == NUM_IMAGES


def test_what_is_there_is_not_made_again_and_who_was_killed_is_replaced(make: Callable[..., Labels]) -> None:
    labels = make()
    _complete(labels)
    shutil.rmtree(labels.path / "000001")
    dead = labels.path / "000001"
    dead.mkdir()
    held = lease.acquire(dead)
    assert held is not None
    held.release()
    content = json.loads((dead / "lease-000001.json").read_text())
    (dead / "lease-000001.json").write_text(json.dumps(content | {"released": False, "pid": 2**22 + 1}))
    made: list[range] = []

    def noted(chosen: range) -> Labelled:
        made.append(chosen)
        return _label(chosen)

    _complete(make(), noted)
    assert made == [range(10, 20)]


def test_an_interrupted_worker_leaves_whole_shards(make: Callable[..., Labels]) -> None:
    def stopped(chosen: range) -> Labelled:
        if chosen.start:
            raise KeyboardInterrupt
        return _label(chosen)

    with pytest.raises(KeyboardInterrupt):
        _complete(make(), stopped)
    assert make().num_missing() == 15
    _complete(make())
    assert len(make().read()) == NUM_IMAGES


@pytest.mark.parametrize("change", ["threshold", "balanced", "ratio", "depth", "seed"])
def test_students_that_choose_otherwise_share_them(make: Callable[..., Labels], change: str) -> None:
    others = {"threshold": replace(HARD, threshold=0.5), "balanced": replace(HARD, balanced=True)}
    others["ratio"] = replace(HARD, ratio=3)
    axes = {"depth": {"depth": 14}, "seed": {"seed": 1}}
    assert make(others.get(change, HARD), **axes.get(change, {})).name == make().name


def test_another_teacher_or_data_set_or_kind_has_its_own(
    make: Callable[..., Labels], make_point: Callable[..., Point]
) -> None:
    data = replace(make_point().data, fingerprint="1" * 64)
    names = {
        make().name,
        make(replace(HARD, teacher=replace(TEACHER, point="f" * 16))).name,
        make(replace(HARD, kind="soft")).name,
        make(replace(HARD, unlabelled=Unlabelled(num_images=24))).name,
        make(data=data).name,
    }
    assert len(names) == 5


def test_labels_of_another_data_set_are_refused_in_a_sentence(
    make: Callable[..., Labels], make_point: Callable[..., Point]
) -> None:
    theirs, ours = make(data=replace(make_point().data, fingerprint="1" * 64)), make()
    _complete(theirs)
    shutil.copytree(theirs.path, ours.path)
    with pytest.raises(DataError, match=r"has labels of another data set: it says .*1111.* and the point"):
        _complete(ours)
    (ours.path / "labels.json").unlink()
    _complete(ours)
    with pytest.raises(DataError, match=f"has the labels {theirs.name}, not {ours.name}"):
        ours.read()


def test_a_damaged_shard_is_set_aside_and_made_again(make: Callable[..., Labels]) -> None:
    labels = make()
    _complete(labels)
    (labels.path / "000001" / "labels.npz").write_bytes(b"half")
    with pytest.raises(DataError, match=r"labels.npz is damaged .* kept as labels.npz.corrupt-0"):
        labels.read()
    _complete(labels)
    assert len(labels.read()) == NUM_IMAGES
