"""image_folder: any directory with one folder of images a class. No torch."""

from __future__ import annotations

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scaling.cores import num_cores
from scaling.data.cache import cache_dir
from scaling.data.folder import Folder, scan
from scaling.data.stored import Facts
from scaling.errors import DataError
from scaling.study.files import write_text

log = logging.getLogger(__name__)

_OWN_TEST = ("test", "val")
"""Names that the directory of the set's own test images may have."""


def read_facts(root: str | None) -> Facts:
    """What planning must know; the files are read once, and again when one of them has changed."""
    folder = find(root)
    return Facts(
        fingerprint=fingerprint(folder),
        num_images=len(folder.names),
        num_own_test=folder.num_own_test,
        num_classes=len(folder.classes),
        channels=3,
        side=None,
    )


def find(root: str | None) -> Folder:
    """The files under `root`, which holds `train/<class>/*` and maybe `test/<class>/*` or `val/<class>/*`, or
    simply `<class>/*`; DataError names what stands in the way."""
    if root is None:
        raise DataError("data.root is missing: image_folder needs the directory that holds the classes.")
    top = Path(root).expanduser()
    if not top.is_dir():
        raise DataError(f"data.root={root} is not a directory.")
    if not (top / "train").is_dir():
        return scan(top)
    own_test = [name for name in _OWN_TEST if (top / name).is_dir()]
    if len(own_test) > 1:
        raise DataError(
            f"{top} holds both test and val: move val away, as data.num_val images of train are held out for "
            f"validation, or test, so that val is what no choice looks at."
        )
    return scan(top, "train", *own_test)


def fingerprint(folder: Folder) -> str:
    """Of the files' contents; kept, and believed while all names, sizes and times are the same."""
    kept = cache_dir() / "image_folder" / "fingerprints" / _listing(folder)
    try:
        return kept.read_text()
    except OSError:
        pass
    log.info("reading %d files of %s, once", len(folder.names), folder.top)
    found = _digest(folder)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_text(kept, found)
    except OSError as error:
        log.warning("the fingerprint of %s could not be cached: %s", folder.top, error)
    return found


def _listing(folder: Folder) -> str:
    digest = hashlib.sha256(str(folder.top.resolve()).encode())
    for name in folder.names:
        status = os.stat(folder.top / name)
        digest.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode())
    return digest.hexdigest()[:32]


def _digest(folder: Folder) -> str:
    """SHA-256 over the number of own test images, and class and SHA-256 of each file in stored order."""
    digest = hashlib.sha256(str(folder.num_own_test).encode())
    with ThreadPoolExecutor(num_cores()) as threads:
        contents = threads.map(lambda name: hashlib.sha256((folder.top / name).read_bytes()), folder.names)
        for label, content in zip(folder.labels, contents, strict=True):
            digest.update(f"\0{folder.classes[label]}\0{content.hexdigest()}".encode())
    return digest.hexdigest()
