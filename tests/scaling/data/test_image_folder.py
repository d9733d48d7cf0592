"""A directory of one's own images, made here from the digits."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.data.load import held_out, load
from scaling.data.stored import Stored
from scaling.errors import DataError

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture(scope="module")
def stored() -> Stored:
    return mnist5k.read()


@pytest.fixture
def digits(tmp_path: Path, stored: Stored) -> Path:
    """`train/` with 20 images of each of 3 digits and `test/` with 5."""
    load.cache_clear()
    for digit in range(3):
        chosen = np.flatnonzero(stored.labels == digit)[:25]
        for place, indices in (("train", chosen[:20]), ("test", chosen[20:])):
            folder = tmp_path / "digits" / place / f"digit{digit}"
            folder.mkdir(parents=True)
            for index in indices:
                Image.fromarray(stored.images[index, 0]).save(folder / f"{index}.png")
    return tmp_path / "digits"


def declared(root: Path, **changes: object) -> DataSet:
    settings: dict[str, object] = {"num_val": 10, "mirror": False} | changes
    return declare(DataConfig(name="image_folder", root=str(root), **settings))  # type: ignore[arg-type]


def test_train_and_test_folders(digits: Path, stored: Stored) -> None:
    data = declared(digits)
    assert (data.num_train, data.num_val, data.num_test, data.num_classes) == (50, 10, 15, 3)
    images = load(data, str(digits), 28)
    assert [len(split) for split in (images.train, images.val, images.test)] == [50, 10, 15]
    assert images.test.labels.tolist() == [0] * 5 + [1] * 5 + [2] * 5
    first = stored.images[np.flatnonzero(stored.labels == 0)[20], 0]
    assert np.array_equal(images.test.pixels(slice(0, 1))[0, 0].numpy(), first)


def test_the_same_images_are_held_out_for_ever(digits: Path) -> None:
    val = load(declared(digits), str(digits), 28).val
    digest = hashlib.sha256(val.pixels(slice(None)).contiguous().numpy().tobytes()).hexdigest()
    assert digest[:16] == "37e97ea10bdd16be"


def test_damage_among_held_out_images_counts_against_the_whole_set(digits: Path) -> None:
    """Whether all images or only these are decoded at a resolution."""
    for file in list((digits / "test" / "digit0").iterdir())[:3]:
        file.write_bytes(b"no image")
    data = declared(digits, max_unreadable=0.04)  # 3 of 75
    _, test = held_out(data, str(digits), 20)
    assert len(test) == 12
    images = load(data, str(digits), 20)
    assert len(images.test) == 12
    assert torch.equal(test.pixels(slice(None)), images.test.pixels(slice(None)))
    assert all("it is not an image" in reason for reason in images.unreadable.values())
    with pytest.raises(DataError, match="3 of 75 files of image_folder cannot be decoded"):
        held_out(replace(data, max_unreadable=0.02), str(digits), 24)


def test_val_may_be_the_name_of_the_own_test_images(digits: Path) -> None:
    data = declared(digits)
    (digits / "test").rename(digits / "val")
    assert declared(digits) == data
    shutil.copytree(digits / "val", digits / "test")
    with pytest.raises(DataError, match="holds both test and val"):
        declared(digits)


def test_one_folder_of_classes_gives_a_share_to_the_test(digits: Path) -> None:
    data = declared(digits / "train")
    assert (data.num_train, data.num_val, data.num_test) == (41, 10, 9)
    assert len(load(data, str(digits / "train"), 28).test) == 9


def test_each_resolution_is_decoded_from_the_files(digits: Path) -> None:
    small, large = (load(declared(digits), str(digits), resolution) for resolution in (10, 40))
    assert small.train.pixels(torch.arange(4)).shape == (4, 3, 10, 10)
    assert large.val.pixels(slice(None)).shape == (10, 3, 40, 40)
    assert torch.equal(small.train.labels, large.train.labels)


def test_statistics_are_those_of_the_training_images(digits: Path) -> None:
    images = load(declared(digits), str(digits), 28)
    pixels = images.train.pixels(slice(None)).double()
    torch.testing.assert_close(images.mean.flatten(), pixels.mean((0, 2, 3)).float())
    deviation = pixels.std((0, 2, 3), correction=0).float()
    torch.testing.assert_close(images.deviation.flatten(), deviation)


def test_files_are_read_once(digits: Path) -> None:
    data = declared(digits)
    file = next((digits / "train" / "digit0").iterdir())
    status = file.stat()
    file.write_bytes(bytes(status.st_size))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert declared(digits) == data


def test_images_are_decoded_once_wherever_they_lie(digits: Path, empty_cache: Path) -> None:
    data = declared(digits)
    first = load(data, str(digits), 28)
    moved = digits.rename(digits.with_name("moved"))
    assert declared(moved) == data
    load.cache_clear()
    again = load(data, str(moved), 28)
    assert torch.equal(first.train.pixels(slice(None)), again.train.pixels(slice(None)))
    assert len(list((empty_cache / "image_folder").glob("*/28"))) == 1


def test_a_changed_folder_is_another_data_set(digits: Path) -> None:
    data = declared(digits)
    file = next((digits / "train" / "digit0").iterdir())
    file.unlink()
    assert declared(digits).fingerprint != data.fingerprint
    with pytest.raises(DataError, match=data.fingerprint):
        load(data, str(digits), 28)


def test_an_image_of_another_class_is_another_data_set(digits: Path) -> None:
    data = declared(digits)
    file = max((digits / "train" / "digit0").iterdir())
    file.rename(digits / "train" / "digit1" / "0.png")  # the order of the contents stays
    assert declared(digits).fingerprint != data.fingerprint


def test_what_cannot_be_decoded_is_left_out_of_its_split(digits: Path) -> None:
    whole = load(declared(digits), str(digits), 28)
    for number, file in enumerate(sorted((digits / "train").rglob("*.png"))[:60:20]):
        file.write_bytes(b"" if number else file.read_bytes()[:60])
    (digits / "test" / "digit2" / "zz.jpg").write_text("this is no image")
    data = declared(digits, max_unreadable=0.06)
    assert (data.num_train, data.num_val, data.num_test) == (50, 10, 16)
    images = load(data, str(digits), 28)
    assert len(images.unreadable) == 4
    assert len(images.train) == 50  # as many steps as were declared
    assert len(images.val) + len(set(images.train.places.tolist())) == 57
    assert torch.equal(images.test.pixels(slice(None)), whole.test.pixels(slice(None)))
    assert any("zz.jpg: it is not an image" in why for why in images.unreadable.values())


def test_more_than_may_be_damaged_is_refused(digits: Path, empty_cache: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (digits / "train" / "digit1" / name).write_bytes(b"no image")
    load(declared(digits, max_unreadable=0.02), str(digits), 8)
    data = declared(digits, max_unreadable=0.001)
    with pytest.raises(DataError) as error:
        load(data, str(digits), 8)
    expected = (
        "2 of 77 files of image_folder cannot be decoded",
        "data.max_unreadable=0.001 allows 1",
        f"{digits}/train/digit1/a.jpg: ",
        f"remove {empty_cache}/image_folder/",
    )
    for words in expected:
        assert words in str(error.value)


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


def test_a_link_to_a_directory_above_repeats_no_image(digits: Path) -> None:
    before = declared(digits)
    (digits / "train/digit0/again").symlink_to("..", target_is_directory=True)
    (digits / "train/digit0/here").symlink_to(".", target_is_directory=True)
    assert declared(digits) == before


def test_links_to_directories_beside_them_repeat_no_image(digits: Path) -> None:
    (digits / "train/digit0/more").mkdir()
    file = next((digits / "train/digit0").glob("*.png"))
    file.rename(digits / "train/digit0/more" / file.name)
    before = declared(digits)
    (digits / "train/digit0/again").symlink_to("more", target_is_directory=True)
    (digits / "train/digit0/other").symlink_to("more", target_is_directory=True)
    assert declared(digits) == before


def test_hidden_files_are_no_images(digits: Path) -> None:
    before = declared(digits)
    for name in ("._1.png", ".ipynb_checkpoints/1-checkpoint.png"):
        file = digits / "train/digit0" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"none")
    assert declared(digits) == before


def test_names_in_another_encoding_are_read(digits: Path) -> None:
    """As archives from Windows leave them, of an image and of a class."""
    before = declared(digits)
    for part in ("train", "test"):
        os.rename(digits / part / "digit2", os.fsencode(digits / part) + b"/digit\xe9")
    for index, file in enumerate(sorted((digits / "train/digit0").iterdir())):
        os.rename(file, os.fsencode(file.parent) + b"/%02d\xe9.png" % index)
    data = declared(digits)
    assert data == before
    assert len(load(data, str(digits), 8).train) == before.num_train


def test_what_cannot_be_read_is_named(digits: Path) -> None:
    (digits / "train/digit0/lost.png").symlink_to("/nowhere.png")
    with pytest.raises(DataError, match=r"lost\.png cannot be read \(No such file or directory\): repair or"):
        declared(digits)


def test_parts_are_no_classes(digits: Path) -> None:
    (digits / "test").rename(digits / "Validation")
    with pytest.raises(DataError, match="holds Validation, train: name them train and test, or move"):
        declared(digits)
    (digits / "train").rename(digits / "Training")
    with pytest.raises(DataError, match="holds Training, Validation, which are parts, not classes: name"):
        declared(digits)
