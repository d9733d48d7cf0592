"""Held images: what is counted is what the loaded splits take."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.held import on_gpu_gb, on_host_gb
from scaling.data.images import Images, Split
from scaling.data.joint import TwoSplits, joined, with_rest
from scaling.data.load import load
from scaling.data.load_clips import load_clips
from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.labels import Labelled
from scaling.study.point import Point

Make = Callable[..., Point]

DIGITS = declare(DataConfig(name="mnist5k", num_train=300, num_val=100))
TEACHER = Teacher(
    weights="0" * 64,
    family="resnet_small",
    model=ResNetSmall(),
    depth=8,
    width=1,
    resolution=14,
    rule="0" * 8,
)


def _moved_gb(images: Images) -> float:
    """Images that move to a GPU, counted on the device of tensors without memory."""
    moved = images.to(torch.device("meta"))
    splits = [each for each in (moved.train, moved.val, moved.test) if isinstance(each, Split)]
    return sum(each.images.nbytes for each in splits if each.images.device.type == "meta") / 1e9


@pytest.mark.parametrize("resolution", [14, 28])
@pytest.mark.parametrize("name", ["mnist5k", "scenes_of_mnist5k"])
def test_all_splits_are_on_the_gpu_at_the_resolution(make_point: Make, name: str, resolution: int) -> None:
    data = declare(DataConfig(name=name, num_train=300, num_val=100))
    point = make_point(data=data, resolution=resolution)
    images = load(data, None, resolution)
    assert on_gpu_gb(point) == pytest.approx(_moved_gb(images))
    num_images = 400 + data.num_test
    stored_gb = num_images * (1 + data.masks) * (data.side or 0) ** 2 / 1e9
    assert on_host_gb(point) == pytest.approx(_moved_gb(images) + stored_gb * (resolution != data.side))


def _pseudo(num_images: int, fingerprint: str | None = None) -> PseudoLabels:
    return PseudoLabels(
        teacher=TEACHER, unlabelled=Unlabelled(num_images=num_images, fingerprint=fingerprint)
    )


def _student(data: DataSet, pseudo: PseudoLabels, split: Split) -> Images:
    number = pseudo.unlabelled.num_images
    sure = Labelled(classes=np.zeros((number, 1), np.uint16), probabilities=np.ones((number, 1), np.float16))
    return joined(load(data, None, 14), data, pseudo, sure, split, 0.0)


def test_a_student_has_the_rest_of_its_data_set_on_the_gpu(make_point: Make) -> None:
    point = make_point(data=DIGITS, resolution=14, pseudo=_pseudo(50))
    images = _student(DIGITS, _pseudo(50), with_rest(DIGITS, None, 50, 14))
    assert on_gpu_gb(point) == pytest.approx(_moved_gb(images))


def test_a_student_of_images_from_elsewhere_has_those_of_its_evaluations_there(make_point: Make) -> None:
    data = declare(DataConfig(name="cifar10", num_train=300, num_val=100))
    point = make_point(data=data, resolution=14, pseudo=_pseudo(50, "absent"))
    own = torch.zeros((300, 3, 14, 14), dtype=torch.uint8)
    others = Split(images=own[:50], labels=torch.zeros(50), places=torch.arange(50))
    train = TwoSplits(images=own, labels=torch.zeros(350), others=others)
    assert train.to(torch.device("meta")).images.device.type == "cpu"
    assert on_gpu_gb(point) == pytest.approx((100 + 10_000) * 3 * 14**2 / 1e9)


def test_clips_stay_on_the_host(make_point: Make) -> None:
    data = declare(DataConfig(name="moving_mnist5k", num_val=750))
    point = make_point(data=data, resolution=32, frames=4, family="resnet3d_rs", model=ResNet3DRS(), depth=14)
    clips = load_clips(data, None, 32, 4, point.views)
    assert on_gpu_gb(point) == _moved_gb(clips) == 0
    assert on_host_gb(point) == pytest.approx(5000 * (data.num_frames or 0) * 32**2 / 1e9)


def test_decoded_files_stay_on_the_disk(make_point: Make) -> None:
    data = declare(DataConfig(name="imagenet", num_val=25_022))
    point = make_point(data=data, resolution=224)
    assert on_gpu_gb(point) == on_host_gb(point) == 0
