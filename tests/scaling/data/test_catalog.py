"""Declaring data sets: counts, and refusals in one sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scaling.data.catalog import DataConfig, declare
from scaling.errors import DataError, Refused

MNIST5K = DataConfig(name="mnist5k", num_val=750)


def test_mnist5k_holds_out_750_and_750() -> None:
    data = declare(MNIST5K)
    assert (data.num_train, data.num_val, data.num_test) == (3500, 750, 750)
    assert (data.num_classes, data.channels, data.side, data.mirror) == (10, 1, 28, False)


def test_fashion_mnist_keeps_its_own_test_set() -> None:
    data = declare(DataConfig(name="fashion_mnist", num_val=5000))
    assert (data.num_train, data.num_val, data.num_test) == (55_000, 5_000, 10_000)
    assert data.mirror


def test_the_place_of_the_files_is_no_part_of_the_data_set() -> None:
    assert declare(MNIST5K) == declare(replace(MNIST5K, root="/somewhere"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": "mnist"}, "data.name=mnist is unknown: "
         "use one of mnist5k, fashion_mnist, cifar10, cifar100, imagenet, moving_mnist5k, kinetics400, "
         "scenes_of_mnist5k, scenes_of_fashion_mnist, pascal_voc, ade20k, image_folder, "
         "clip_folder, mask_folder."),
        ({"num_val": 0}, "data.num_val=0 leaves no images to choose by: use at least 1."),
        ({"num_val": 4250}, "data.num_val=4250 leaves no training images: "
         "mnist5k has 4250 besides its test set."),
        ({"num_train": 0}, "data.num_train=0 must be from 1 to 3500 for mnist5k."),
        ({"num_train": 3501}, "data.num_train=3501 must be from 1 to 3500 for mnist5k."),
        ({"mirror": True}, "data.mirror is a setting of image_folder, clip_folder, mask_folder, "
         "mnist5k has its own."),
        ({"temporal_stride": 2}, "data.temporal_stride=2 is for videos: use 1 for mnist5k."),
        ({"name": "moving_mnist5k", "temporal_stride": 0},
         "data.temporal_stride=0 must be at least 1: use 1 for moving_mnist5k."),
        ({"max_unreadable": 1.0}, "data.max_unreadable=1 must be at least 0 and less than 1."),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused) as refusal:
        declare(replace(MNIST5K, **changes))
    assert str(refusal.value) == sentence


def test_videos_have_as_many_frames_as_the_stride_leaves() -> None:
    data = declare(DataConfig(name="moving_mnist5k", num_val=750, temporal_stride=3))
    assert (data.clips, data.temporal_stride, data.num_frames) == (True, 3, 6)


def test_kinetics400_is_declared_where_it_is_absent() -> None:
    data = declare(DataConfig(name="kinetics400", num_val=4400, temporal_stride=2))
    assert (data.num_train + data.num_val, data.num_test, data.num_classes) == (215_570, 17_706, 400)
    assert data.num_frames is None


def test_image_folder_needs_its_settings() -> None:
    config = DataConfig(name="image_folder", num_val=5, mirror=True)
    with pytest.raises(DataError, match=r"data\.root is missing"):
        declare(config)
    with pytest.raises(Refused, match=r"data\.mirror is missing"):
        declare(replace(config, root="/x", mirror=None))
