"""What decoded images will take on the disk, before and after they are decoded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scaling.data.cache import cache_dir
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.disk import Disk, to_decode
from scaling.data.load import load
from scaling.data.pseudo import PseudoLabels, Teacher, Unlabelled
from scaling.data.views import Views
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.models.resnet_small import ResNetSmall
from scaling.study.point import Point
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

pytestmark = pytest.mark.usefixtures("empty_cache")


def test_a_folder_is_counted_once_a_resolution_until_it_is_decoded(
    pictures: Path, make_point: Callable[..., Point]
) -> None:
    data = declare(DataConfig(name="image_folder", root=str(pictures), num_val=20, mirror=True))
    points = [make_point(data=data, resolution=side, seed=seed) for side in (8, 12) for seed in (0, 1)]
    disk = to_decode(points)
    assert isinstance(disk, Disk)
    assert (disk.place, disk.sides) == (cache_dir(), (8, 12))
    assert disk.needed_gb == pytest.approx(200 * 3 * (8**2 + 12**2) / 1e9)
    assert disk.free_gb > 0
    load(data, str(pictures), 8)
    rest = to_decode(points)
    assert rest is not None
    assert rest.sides == (12,)
    load(data, str(pictures), 12)
    assert to_decode(points) is None


def test_only_held_out_images_are_decoded_to_evaluate(
    pictures: Path, make_point: Callable[..., Point]
) -> None:
    data = declare(DataConfig(name="image_folder", root=str(pictures), num_val=20, mirror=True))
    load(data, str(pictures), 8)
    disk = to_decode([make_point(data=data, resolution=8, evaluate_at=(8, 16))])
    assert disk is not None
    assert disk.sides == (16,)
    assert disk.needed_gb == pytest.approx((20 + data.num_test) * 3 * 16**2 / 1e9)


def test_imagenet_is_counted_where_it_is_absent(make_point: Callable[..., Point]) -> None:
    data = declare(DataConfig(name="imagenet", num_train=1000, num_val=100))
    disk = to_decode([make_point(data=data, resolution=224)])
    assert disk is not None
    assert disk.needed_gb == pytest.approx(1_331_167 * 3 * 224**2 / 1e9)


def test_unlabelled_images_are_counted_for_their_students(make_point: Callable[..., Point]) -> None:
    data = declare(DataConfig(name="imagenet", num_train=1000, num_val=100))
    teacher = Teacher(
        point="0" * 16, family="f", model=ResNetSmall(), depth=8, width=1, resolution=800, rule=""
    )
    labels = PseudoLabels(teacher=teacher, unlabelled=Unlabelled(num_images=10**6, fingerprint="absent"))
    points = [make_point(data=data, resolution=64, pseudo=labels, depth=depth) for depth in (8, 14)]
    disk = to_decode(points)
    assert disk is not None
    assert disk.sides == (64,)
    assert disk.needed_gb == pytest.approx((1_331_167 + 10**6) * 3 * 64**2 / 1e9)


def test_videos_are_counted_as_far_as_their_length_is_known(videos: Path) -> None:
    def disk_of(**config: object) -> Disk:
        data = declare(DataConfig(**config))  # type: ignore[arg-type]
        found = to_decode([_clips(data)])
        assert found is not None
        return found

    known = disk_of(name="kinetics400", num_val=4400, temporal_stride=2)
    assert known.sides == (64,)
    assert known.needed_gb == pytest.approx(233_276 * 125 * 3 * 64**2 * 4 / 3 / 1e9)
    unknown = disk_of(name="clip_folder", root=str(videos), num_val=4, num_train=8, mirror=True)
    assert (unknown.sides, unknown.needed_gb) == ((64,), 0)


def _clips(data: DataSet) -> Point:
    return Point(
        depth=14,
        width=0.5,
        resolution=32,
        frames=4,
        epochs=1,
        seed=0,
        family="resnet3d_rs",
        model=ResNet3DRS(),
        data=data,
        recipe=Recipe(batch_size=4),
        schedule=Schedule(),
        precision="fp32",
        views=Views(resolution=64),
    )


def test_sets_in_memory_take_none(make_point: Callable[..., Point]) -> None:
    assert to_decode([make_point()]) is None
