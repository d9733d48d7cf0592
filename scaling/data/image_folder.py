"""image_folder: any directory with one folder of images per class. No torch import."""

from __future__ import annotations

import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor

from scaling.cores import num_cores
from scaling.data import shards
from scaling.data.cache import cache_dir, fetch_text
from scaling.data.folder import Folder, own_test, scan, top_of
from scaling.data.piece import Piece
from scaling.data.stored import Facts
from scaling.errors import DataError

log = logging.getLogger(__name__)


def read_facts(root: str | None) -> Facts:
    """The facts needed for planning; the files are read once, and again if one of them has changed."""
    return facts_of(find(root))


def facts_of(folder: Folder, *, clips: bool = False) -> Facts:
    """The facts of a folder of images, or of videos."""
    return Facts(
        fingerprint=fingerprint(folder),
        num_images=len(folder.names),
        num_own_test=folder.num_own_test,
        num_classes=len(folder.classes),
        channels=3,
        side=None,
        clips=clips,
    )


def find(root: str | None) -> Folder:
    """The files under `root`, which holds `train/<class>/*` and optionally `test/<class>/*` or
    `val/<class>/*`, or just `<class>/*`, or shards `*.tar`; DataError for any other layout."""
    top = top_of(root, "image_folder", "the classes")
    if not (top / "train").is_dir():
        found = shards.shards_in(top)
        return shards.scan(found) if found else scan(top)
    return scan(top, "train", *own_test(top))


def fingerprint(folder: Folder) -> str:
    """Digest of the contents of the files, cached until a name, size or modification time changes."""
    return fetch_text(
        cache_dir() / "image_folder" / "fingerprints" / _listing(folder), lambda: _digest(folder)
    )


def _listing(folder: Folder) -> str:
    digest = hashlib.sha256(os.fsencode(folder.top.resolve()))
    files = [(name, folder.piece(index)) for index, name in enumerate(folder.names)]
    files += [(name, folder.mask(index)) for index, name in enumerate(folder.masks or ())]
    for name, piece in files:
        try:
            status = os.stat(piece.path)
        except OSError as error:
            raise DataError(
                f"{piece.path} cannot be read ({error.strerror}): repair or remove it."
            ) from error
        digest.update(os.fsencode(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}"))  # in any encoding
    return digest.hexdigest()[:32]


def _digest(folder: Folder) -> str:
    """SHA-256 over the number of the data set's own test images, the class and SHA-256 of each image in
    stored order, and the SHA-256 of each mask. It is the same for the same images in a folder and in
    shards."""
    log.info("reading %d images of %s, once", len(folder.names), folder.top)
    digest = hashlib.sha256(str(folder.num_own_test).encode())
    with ThreadPoolExecutor(num_cores()) as threads:
        pieces = map(folder.piece, range(len(folder.names)))
        contents = threads.map(_content, pieces)
        for label, content in zip(folder.labels, contents, strict=True):
            digest.update(f"\0{label}\0{content}".encode())
        for content in threads.map(_content, map(folder.mask, range(len(folder.masks or ())))):
            digest.update(f"\0{content}".encode())
    return digest.hexdigest()


def _content(piece: Piece) -> str:
    try:
        return hashlib.sha256(piece.read()).hexdigest()
    except OSError as error:
        raise DataError(f"{piece.path} cannot be read ({error.strerror}): repair or remove it.") from error
