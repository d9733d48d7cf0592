"""A directory of one's own images, made here from the digits."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.load import load
from scaling.data.stored import Stored
from scaling.errors import DataError

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(scope="module")
def stored() -> Stored:
    return mnist5k.read()


@pytest.fixture
def digits(tmp_path: Path, stored: Stored) -> Path:
    """`train/` with 20 images of each of 3 digits and `test/` with 5."""
    for digit in range(3):
        chosen = np.flatnonzero(stored.labels == digit)[:25]
        for place, indices in (("train", chosen[:20]), ("test", chosen[20:])):
            folder = tmp_path / "digits" / place / f"digit{digit}"
            folder.mkdir(parents=True)
            for index in indices:
                Image.fromarray(stored.images[index, 0]).save(folder / f"{index}.png")
    return tmp_path / "digits"


def declared(root: Path, **changes: object) -> DataSet:
    settings: dict[str, object] = {"num_val": 10, "side": 28, "mirror": False} | changes
    return declare(DataConfig(name="image_folder", root=str(root), **settings))  # type: ignore[arg-type]


def test_train_and_test_folders(digits: Path, stored: Stored) -> None:
    data = declared(digits)
    assert (data.num_train, data.num_val, data.num_test, data.num_classes) == (50, 10, 15, 3)
    images = load(data, str(digits), 28)
    assert images.train.images.shape == (50, 3, 28, 28)
    assert images.test.labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    first = stored.images[np.flatnonzero(stored.labels == 0)[20], 0]
    assert np.array_equal(images.test.images[0, 0].numpy(), first)


def test_one_folder_of_classes_gives_a_share_to_the_test(digits: Path) -> None:
    data = declared(digits / "train")
    assert (data.num_train, data.num_val, data.num_test) == (41, 10, 9)
    assert len(load(data, str(digits / "train"), 28).test) == 9


def test_images_become_squares(digits: Path) -> None:
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255
    Image.fromarray(wide).save(digits / "test" / "digit2" / "zz_wide.png")
    images = load(declared(digits, side=10), str(digits), 10)
    assert images.train.images.shape == (50, 3, 10, 10)
    assert images.test.images[-1].min() > 200


def test_images_are_decoded_once(digits: Path, empty_cache: Path) -> None:
    data = declared(digits)
    changed = digits / "train" / "digit0"
    file = next(changed.iterdir())
    status = file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert declared(digits) == data
    assert len(list((empty_cache / "image_folder").iterdir())) == 1


def test_a_changed_folder_is_another_data_set(digits: Path) -> None:
    data = declared(digits)
    next((digits / "train" / "digit0").iterdir()).unlink()
    assert declared(digits).fingerprint != data.fingerprint
    with pytest.raises(DataError, match=data.fingerprint):
        load(data, str(digits), 28)


def test_an_unreadable_image_is_named(digits: Path) -> None:
    broken = digits / "train" / "digit1" / "broken.jpg"
    broken.write_bytes(b"no image")
    with pytest.raises(DataError, match=f"{broken} cannot be read as an image"):
        declared(digits)


def test_a_bad_directory_is_told_in_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with pytest.raises(DataError, match="is not a directory"):
        declared(folder)
    folder.mkdir()
    with pytest.raises(DataError, match="holds no classes"):
        declared(folder)
    (folder / "a").mkdir()
    with pytest.raises(DataError, match="holds one class, a"):
        declared(folder)
    (folder / "b").mkdir()
    with pytest.raises(DataError, match="has no images in a, b"):
        declared(folder)


def test_train_and_test_need_the_same_classes(digits: Path) -> None:
    (digits / "test" / "digit2").rename(digits / "test" / "digit7")
    with pytest.raises(DataError, match="only one has digit2, digit7"):
        declared(digits)
