"""CIFAR: read as its authors packed it, verified, and never executed. The photographs are digits here."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from torchvision import datasets

from scaling.data import mnist5k
from scaling.data.catalog import DataConfig, declare
from scaling.data.cifar import CIFAR10, CIFAR100, Cifar, read
from scaling.data.load import load
from scaling.errors import DataError
from tests.conftest import TINY

pytestmark = pytest.mark.usefixtures("empty_cache")

PER_FILE = 12


@pytest.fixture(scope="module")
def digits() -> NDArray[np.uint8]:
    """As RGB images of 32 pixels, each channel of another brightness."""
    chosen = mnist5k.read().images[:: 5000 // (6 * PER_FILE)][: 6 * PER_FILE]
    padded = np.pad(chosen, ((0, 0), (0, 0), (2, 2), (2, 2)))
    return np.concatenate([padded, padded // 2, padded // 3], axis=1)


def packed(images: NDArray[np.uint8], labels: list[int], key: str) -> bytes:
    """A file as Python 2 pickled it: texts are bytes, and an array is named by its module of that time."""
    pixels = images.tobytes()
    length = struct.pack("<i", len(images))
    return b"".join([
        b"\x80\x02}(", _text("data"), b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85",
        _text("b"), b"\x87R(K\x01J", length, b"M\x00\x0c\x86cnumpy\ndtype\n", _text("u1"),
        b"K\x00K\x01\x87R(K\x03", _text("|"), b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
        b"T", struct.pack("<i", len(pixels)), pixels, b"tb",
        _text(key), b"](", b"".join(b"K" + bytes([label]) for label in labels), b"eu.",
    ])  # fmt: skip


def _text(text: str) -> bytes:
    return b"U" + bytes([len(text)]) + text.encode()


def write(cifar: Cifar, folder: Path, images: NDArray[np.uint8], each: bytes | None = None) -> Cifar:
    """The set in `folder`, `PER_FILE` images a file; what it would be called if that were official."""
    folder.mkdir(parents=True)
    sums = {}
    for index, name in enumerate([*cifar.train, *cifar.test]):
        part = images[index * PER_FILE :][:PER_FILE]
        labels = [number % cifar.num_classes for number in range(len(part))]
        content = each or packed(part, labels, cifar.labels)
        (folder / name).write_bytes(content)
        sums[name] = hashlib.md5(content).hexdigest()
    return replace(
        cifar,
        train={name: sums[name] for name in cifar.train},
        test={name: sums[name] for name in cifar.test},
    )


@pytest.mark.parametrize("cifar", [CIFAR10, CIFAR100], ids=["cifar10", "cifar100"])
@pytest.mark.parametrize("place", ["root", "below_root", "cache"])
def test_found_in_the_layout_of_torchvision(
    cifar: Cifar, place: str, tmp_path: Path, empty_cache: Path, digits: NDArray[np.uint8]
) -> None:
    root = tmp_path / "root"
    folders = {"root": root, "below_root": root / cifar.folder, "cache": empty_cache / cifar.folder}
    stored = read(write(cifar, folders[place], digits), str(root))
    num_files = len(cifar.train) + 1
    assert np.array_equal(stored.images, digits[: num_files * PER_FILE])
    assert stored.labels.tolist() == num_files * [index % cifar.num_classes for index in range(PER_FILE)]
    assert stored.num_own_test == PER_FILE
    assert stored.facts.fingerprint == cifar.facts.fingerprint


@pytest.mark.parametrize(
    ("cifar", "torchvisions"), [(CIFAR10, datasets.CIFAR10), (CIFAR100, datasets.CIFAR100)]
)
def test_the_official_files_are_those_that_torchvision_knows(
    cifar: Cifar, torchvisions: type[datasets.CIFAR10]
) -> None:
    assert (cifar.folder, cifar.archive) == (torchvisions.base_folder, torchvisions.filename)
    assert cifar.archive_md5 == torchvisions.tgz_md5
    assert list(cifar.train.items()) == [tuple(each) for each in torchvisions.train_list]
    assert list(cifar.test.items()) == [tuple(each) for each in torchvisions.test_list]


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch"])
def test_a_file_that_was_tampered_with_is_named(tmp_path: Path, digits: NDArray[np.uint8], name: str) -> None:
    cifar = write(CIFAR10, tmp_path / "root", digits)
    path = tmp_path / "root" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"^{path} is not the official file: its md5 is "):
        read(cifar, str(tmp_path / "root"))


def test_images_that_are_not_the_official_ones_are_not_trained_on(
    tmp_path: Path, digits: NDArray[np.uint8]
) -> None:
    write(CIFAR10, tmp_path / "root", digits)
    data = declare(DataConfig(name="cifar10", num_val=5000))
    with pytest.raises(DataError, match=r"data_batch_1 is not the official file"):
        load(data, str(tmp_path / "root"), 32)


class _Malicious:
    def __init__(self, proof: Path) -> None:
        self._proof = proof

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self._proof}",)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_nothing_pickled_is_executed(tmp_path: Path, digits: NDArray[np.uint8], protocol: int) -> None:
    """Even in a file whose checksum is the expected one."""
    proof = tmp_path / "executed"
    content = pickle.dumps({"data": _Malicious(proof)}, protocol)
    cifar = write(CIFAR10, tmp_path / "root", digits, each=content)
    with pytest.raises(DataError, match=r"data_batch_1 cannot be read: it names \w+.system, which an array"):
        read(cifar, str(tmp_path / "root"))
    assert not proof.exists()
    pickle.loads(content)
    assert proof.exists()


def test_a_damaged_pickle_is_named(tmp_path: Path, digits: NDArray[np.uint8]) -> None:
    whole = packed(digits[:PER_FILE], [0] * PER_FILE, "labels")
    cifar = write(CIFAR10, tmp_path / "root", digits, each=whole[:-30])
    with pytest.raises(DataError, match=r"data_batch_1 cannot be read: "):
        read(cifar, str(tmp_path / "root"))


def test_where_it_is_absent_the_line_says_how_to_get_it(
    bash: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    nobody_listens = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy")}
    done = bash(
        f"python sweep.py data=cifar10 data.root={tmp_path}/mine {TINY} tracker=none study.root={tmp_path}",
        no_proxy="",
        **nobody_listens,
    )
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    for words in (
        f"cifar10 is in none of {tmp_path}/mine, {tmp_path}/cache/scaling-study/cifar-10-batches-py: ",
        "give its directory as data.root, ",
        "unpack https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz there, ",
        "or let torchvision download it, which failed here",
    ):
        assert words in said
    assert "Traceback" not in done.stdout + done.stderr
