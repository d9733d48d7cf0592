"""Fashion-MNIST: found where it lies, and a sentence with the three ways where it does not."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from scaling.data import fashion_mnist
from scaling.data.fashion_mnist import read
from scaling.errors import DataError


def write_files(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, count in (("train", 5), ("t10k", 2)):
        images = np.full((count, 28, 28), count, np.uint8)
        header = struct.pack(">HBBiii", 0, 8, 3, *images.shape)
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images.tobytes()))
        labels = struct.pack(">HBBi", 0, 8, 1, count) + bytes(range(count))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))


@pytest.mark.parametrize("below", ["", "FashionMNIST/raw"])
def test_found_in_root_before_anywhere_else(tmp_path: Path, below: str) -> None:
    write_files(tmp_path / "root" / below)
    stored = read(str(tmp_path / "root"))
    assert stored.images.shape == (7, 1, 28, 28)
    assert stored.labels.tolist() == [0, 1, 2, 3, 4, 0, 1]
    assert stored.num_own_test == 2


@pytest.mark.usefixtures("fashion_mnist")
def test_the_images_of_debian_are_the_declared_ones() -> None:
    assert read(None).facts == fashion_mnist.FACTS


def test_nowhere_names_all_three_ways(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens: there is no network
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(DataError) as error:
        read(str(tmp_path), system_dirs=[])
    for way in (str(tmp_path), "data.root", "dataset-fashion-mnist", "torchvision"):
        assert way in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((empty_cache / "FashionMNIST").iterdir())


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_files(tmp_path / "root")
    name = tmp_path / "root" / "t10k-labels-idx1-ubyte.gz"
    name.write_bytes(name.read_bytes()[:-9])
    with pytest.raises(DataError, match=f"{name} cannot be read"):
        read(str(tmp_path / "root"))
