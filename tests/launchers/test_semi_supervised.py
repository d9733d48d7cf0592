"""Teachers and students on the real pool: labels once, students after them, and a teacher that fails."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from launchers.foreground import Foreground
from launchers.launch import run_request
from launchers.local import LocalPool
from launchers.planning import plan_request
from launchers.request import Request
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.study.axis import axis
from scaling.study.grid import Grid, expand
from scaling.study.store import Study
from scaling.tracking.tracker import Tracker
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")

SETTINGS: Mapping[str, Any] = {
    "depth": 8,
    "width": 0.125,
    "resolution": 8,
    "epochs": 1,
    "seed": 0,
    "precision": "fp32",
    "model": {"family": "resnet_small"},
    "recipe": {"batch_size": 32},
    "schedule": {},
}


def _declare(values: Mapping[str, Any]) -> DataSet:
    return declare(DataConfig(**values))


def _request(path: Path, data: Mapping[str, Any], **pseudo: Any) -> Request:
    settings = {**SETTINGS, "data": data, "pseudo": pseudo}
    grid = Grid(settings, [axis("pseudo.ratio", [0, 1, 3])])
    return Request(
        studies={path: expand([grid], _declare)},
        runtime=Runtime(data_root=data.get("root"), unlabelled_root=pseudo.get("root")),
        tracker=Tracker(mode="none"),
        command="python sweep.py",
    )


HERE = Foreground(Meeting(rank=0, size=1))
"""For most tests: a pool would import torch anew."""
MNIST = {"name": "mnist5k", "num_train": 64, "num_val": 64}


def test_students_follow_their_teacher_share_its_labels_and_are_done_when_typed_again(tmp_path: Path) -> None:
    path = tmp_path / "study"
    request = _request(path, MNIST, teacher={"epochs": 2}, num_images=200)
    assert run_request(request, LocalPool(slots=2)) == 0
    study = Study.open(path)
    assert {study.state(each).status for each in study.point_ids()} == {"completed"}
    assert len(study.point_ids()) == 4
    (labels,) = (path / "labels").iterdir()
    assert [each.name for each in labels.glob("*/lease-*.json")] == ["lease-000001.json"]
    (again,) = plan_request(request, LocalPool(), Console(quiet=True))
    assert again.plan.counts == {"skip": 4}
    rows = {row["pseudo.ratio"]: row for row in study.rows() if "pseudo.ratio" in row}
    baseline = next(row for row in study.rows() if row["epochs"] == 1 and "pseudo.ratio" not in row)
    assert rows.keys() == {1, 3}
    assert {row["pseudo.baseline"] for row in rows.values()} == {baseline["point"]}
    assert rows[3]["train_flops"] == 4 * baseline["train_flops"]


def test_students_of_a_teacher_that_failed_say_so_and_others_are_trained(tmp_path: Path) -> None:
    path = tmp_path / "study"
    request = _request(path, MNIST, teacher={"recipe.learning_rate": 1e12}, num_images=200)
    run_request(request, HERE)
    study = Study.open(path)
    rows = study.rows()
    assert sorted(row["status"] for row in rows) == ["completed", "failed", "failed", "failed"]
    told = [row["message"] for row in rows if "pseudo.ratio" in row]
    assert all("which failed (diverged: " in message for message in told)
    assert not [*path.glob("labels/*/*/labels.npz")]


def test_images_of_a_directory_of_their_own_are_labelled(tmp_path: Path, pictures: Path) -> None:
    others = tmp_path / "others"
    others.mkdir()
    for index in range(40):
        pixels = np.random.default_rng(index).integers(0, 255, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(others / f"{index}.png")
    (others / "39.png").write_bytes(b"damaged")
    data = {"name": "image_folder", "root": str(pictures), "num_train": 64, "num_val": 20, "mirror": True}
    request = _request(tmp_path / "study", data, teacher={"epochs": 2}, root=str(others), kind="soft")
    assert run_request(request, HERE) == 0
    rows = Study.open(tmp_path / "study").rows()
    assert [(row["status"], row["message"]) for row in rows] == [("completed", None)] * 4
