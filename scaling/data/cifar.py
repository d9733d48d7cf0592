"""cifar10 and cifar100: 60,000 photographs of 32 pixels (Krizhevsky 2009), found or downloaded."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from scaling.data.places import Wanted, find
from scaling.data.stored import Facts, Stored
from scaling.errors import DataError

_SIDE = 32
_URL = "https://www.cs.toronto.edu/~kriz"


@dataclass(frozen=True, kw_only=True)
class Cifar:
    """One of the two data sets, as packed by its authors; the checksums are torchvision's."""

    name: str
    folder: str
    """Folder in the archive."""
    archive: str
    archive_md5: str
    train: Mapping[str, str]
    """md5 of each file."""
    test: Mapping[str, str]
    labels: Literal["labels", "fine_labels"]
    """Key of the labels in a file."""
    num_classes: int

    @property
    def facts(self) -> Facts:
        """The declared facts of the set."""
        return Facts(
            fingerprint=f"md5:{self.archive_md5}",
            num_images=60_000,
            num_own_test=10_000,
            num_classes=self.num_classes,
            channels=3,
            side=_SIDE,
        )


CIFAR10 = Cifar(
    name="cifar10",
    folder="cifar-10-batches-py",
    archive="cifar-10-python.tar.gz",
    archive_md5="c58f30108f718f92721af3b95e74349a",
    train={
        "data_batch_1": "c99cafc152244af753f735de768cd75f",
        "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "634d18415352ddfa80567beed471001a",
        "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    },
    test={"test_batch": "40351d587109b95175f43aff81a1287e"},
    labels="labels",
    num_classes=10,
)

CIFAR100 = Cifar(
    name="cifar100",
    folder="cifar-100-python",
    archive="cifar-100-python.tar.gz",
    archive_md5="eb9058c3a382ffc7106e4002c42a8d85",
    train={"train": "16019d7e3df5f24257cddd939b257f8d"},
    test={"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"},
    labels="fine_labels",
    num_classes=100,
)


def read(cifar: Cifar, root: str | None) -> Stored:
    """The data set from `root`, or the cache directory, or downloaded to it; DataError if all fail."""
    wanted = Wanted(
        name=cifar.name,
        folder=Path(cifar.folder),
        files=(*cifar.train, *cifar.test),
        way=f"unpack {_URL}/{cifar.archive} there",
    )
    folder = find(wanted, root, lambda directory: _download(cifar, directory))
    parts = {name: _read_part(folder / name, md5, cifar.labels) for name, md5 in _files(cifar).items()}
    return Stored(
        images=np.concatenate([images for images, _ in parts.values()]),
        labels=np.concatenate([labels for _, labels in parts.values()]),
        num_own_test=sum(len(parts[name][1]) for name in cifar.test),
        verified=cifar.facts.fingerprint,
    )


def _files(cifar: Cifar) -> Mapping[str, str]:
    return {**cifar.train, **cifar.test}


def _download(cifar: Cifar, directory: Path) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    download_and_extract_archive(f"{_URL}/{cifar.archive}", str(directory), md5=cifar.archive_md5)


def _read_part(path: Path, md5: str, key: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images and labels of one file, a dict pickled by Python 2."""
    content = path.read_bytes()
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found != md5:
        raise DataError(f"{path} is not the official file: its md5 is {found}, and should be {md5}.")
    try:
        entry = _ArraysOnly(io.BytesIO(content), encoding="latin1").load()
        images = np.asarray(entry["data"], np.uint8).reshape(-1, 3, _SIDE, _SIDE)
        return images, np.array(entry[key], np.int64)
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(f"{path} cannot be read: {error}.") from error


class _ArraysOnly(pickle.Unpickler):
    """Unpickles plain values and arrays only, since a pickle could otherwise run any code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _OF_ARRAYS:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which an array does not need")
        return super().find_class(module, name)


_OF_ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}
