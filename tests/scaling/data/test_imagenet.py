"""ImageNet as its archives unpack, by a small stand-in: two of its classes, drawn from photographs."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from scaling.data import image_files, imagenet
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.load import images_of
from scaling.errors import DataError

CLASSES = ("n01440764", "n15075141")
FACTS = replace(imagenet.FACTS, num_images=50, num_own_test=10, num_classes=2)
DIGEST = hashlib.sha256("\n".join(CLASSES).encode()).hexdigest()
FIND = partial(imagenet.find, facts=FACTS, classes_sha256=DIGEST)

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """40 training and 10 validation images."""
    generator = np.random.default_rng(0)
    for name, pixels in zip(CLASSES, load_sample_images().images, strict=True):
        photograph = Image.fromarray(pixels)
        for part, number in (("train", 20), ("val", 5)):
            folder = tmp_path / "imagenet" / part / name
            folder.mkdir(parents=True)
            for index in range(number):
                x, y = generator.integers(0, 100, 2)
                photograph.crop((x, y, x + 300, y + 225)).save(folder / f"{name}_{index}.JPEG")
    return tmp_path / "imagenet"


@pytest.fixture
def data() -> DataSet:
    declared = declare(DataConfig(name="imagenet", num_val=25_022))
    return replace(declared, num_classes=2, num_train=32, num_val=8, num_test=10)


def test_it_is_planned_where_it_is_absent() -> None:
    data = declare(DataConfig(name="imagenet", num_val=25_022))
    assert (data.num_train, data.num_val, data.num_test) == (1_256_145, 25_022, 50_000)


@pytest.mark.parametrize("below", ["", "ILSVRC/Data/CLS-LOC"])
def test_its_validation_images_are_the_test_set(
    root: Path, data: DataSet, tmp_path: Path, below: str
) -> None:
    if below:
        (tmp_path / "kaggle" / below).parent.mkdir(parents=True)
        root.rename(tmp_path / "kaggle" / below)
        root = tmp_path / "kaggle"
    images = images_of(data, image_files.read(data, str(root), 32, FIND))
    assert [len(split) for split in (images.train, images.val, images.test)] == [32, 8, 10]
    assert images.test.labels.tolist() == [0] * 5 + [1] * 5
    assert images.train.pixels(slice(0, 3)).shape == (3, 3, 32, 32)


def test_once_decoded_the_files_are_not_needed(root: Path, data: DataSet) -> None:
    image_files.read(data, str(root), 32, FIND)
    shutil.rmtree(root)
    assert len(image_files.read(data, None, 32, FIND).labels) == 50
    with pytest.raises(DataError, match="imagenet is in none of"):
        image_files.read(data, str(root), 48, FIND)


def test_absence_names_every_place_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        imagenet.find(str(tmp_path))
    for words in (f"{tmp_path}, ", f"{tmp_path}/ILSVRC/Data/CLS-LOC", "data.root", "image-net.org"):
        assert words in str(error.value)
    with pytest.raises(DataError, match=r"imagenet has no default directory: give as data.root"):
        imagenet.find(None)


def test_fewer_images_are_not_imagenet(root: Path) -> None:
    next((root / "train" / CLASSES[0]).iterdir()).unlink()
    with pytest.raises(DataError, match="has 39 training and 10 validation images of 2 classes"):
        FIND(str(root))


def test_other_classes_are_not_imagenet(root: Path) -> None:
    for part in ("train", "val"):
        (root / part / CLASSES[1]).rename(root / part / "n02")
    with pytest.raises(DataError, match="are not those of imagenet"):
        FIND(str(root))


def test_validation_images_without_classes_are_told(root: Path) -> None:
    for folder in (root / "val").iterdir():
        for file in folder.iterdir():
            file.rename(root / "val" / file.name)
        folder.rmdir()
    with pytest.raises(DataError, match="val holds no classes"):
        FIND(str(root))


def test_the_limit_on_damage_is_part_of_what_is_declared(root: Path, data: DataSet) -> None:
    for file in list((root / "train" / CLASSES[0]).iterdir())[:2]:
        file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"2 of 50 files of imagenet .* allows 1"):
        image_files.read(data, str(root), 32, FIND)
    assert len(image_files.read(replace(data, max_unreadable=0.04), str(root), 32, FIND).unreadable) == 2


def test_the_names_of_the_real_classes_are_those_that_timm_lists() -> None:
    names = files("timm") / "data" / "_info" / "imagenet_synsets.txt"
    classes = "\n".join(sorted(names.read_text().split()))
    assert hashlib.sha256(classes.encode()).hexdigest() == imagenet.CLASSES_SHA256
