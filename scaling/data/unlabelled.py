"""Unlabelled images: files below one directory, or in tar shards below it. No torch import."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from scaling.data import image_folder
from scaling.data.cache import decoded_dir
from scaling.data.decode import DECODING
from scaling.data.decoded_images import Decoded, fetch
from scaling.data.folder import ENDINGS, Folder, walk
from scaling.data.piece import Piece
from scaling.data.pseudo import Unlabelled
from scaling.errors import DataError, Refused

ABSENT = "absent"
"""Fingerprint of images that are absent and planned by their number only."""


def declared(root: str, num_images: int | None) -> Unlabelled:
    """The first `num_images` images below `root`, or all of them. Without that directory, `num_images` absent
    images, for planning only; Refused if their number is missing too."""
    if not Path(root).expanduser().is_dir():
        if num_images is None:
            raise Refused(
                f"pseudo.root={root} is not a directory: to plan without it, give pseudo.num_images."
            )
        return Unlabelled(num_images=num_images, fingerprint=ABSENT)
    folder = find(root)
    if num_images is not None and num_images > len(folder.names):
        raise Refused(f"pseudo.num_images={num_images} is more than the {len(folder.names)} below {root}.")
    return Unlabelled(
        num_images=num_images or len(folder.names), fingerprint=image_folder.fingerprint(folder)
    )


@lru_cache(maxsize=2)
def find(root: str | None) -> Folder:
    """All images below `root`, including those in tar shards, in the order of their names; as their labels
    are unknown, all are 0. DataError if there are none."""
    if root is None or not Path(root).expanduser().is_dir():
        raise DataError(f"pseudo.root={root} is not a directory: the unlabelled images should lie in it.")
    top = Path(root).expanduser()
    pieces = sorted(_pieces(top), key=str)
    if not pieces:
        raise DataError(f"{top} has no images ({', '.join(ENDINGS[:3])} and such, or shards of them, *.tar).")
    names = [os.path.relpath(piece.path, top) + (f"/{piece.name}" if piece.name else "") for piece in pieces]
    return Folder(top=top, names=names, labels=[0] * len(names), classes=[""], within=pieces)


def check(labels: Unlabelled, root: str | None) -> Folder:
    """The declared images; DataError if those below `root` are not the declared ones."""
    if labels.fingerprint == ABSENT:
        raise DataError(
            f"The {labels.num_images} unlabelled images were planned only: give their directory as "
            "pseudo.root and type the line again."
        )
    folder = find(root)
    found = image_folder.fingerprint(folder)
    if found != labels.fingerprint:
        raise DataError(
            f"The images below pseudo.root={root} are not the declared ones: their fingerprint is {found}, "
            f"but the point was made for {labels.fingerprint}."
        )
    return folder.part(range(labels.num_images))


def read(labels: Unlabelled, root: str | None, resolution: int) -> Decoded:
    """The declared images, decoded once per resolution, like those of a data set."""
    return fetch(place_of(labels, resolution), resolution, lambda: check(labels, root))


def place_of(labels: Unlabelled, resolution: int) -> Path:
    """Directory of the decoded images."""
    content = f"{labels.fingerprint}/{labels.num_images}"
    return decoded_dir("unlabelled", content, DECODING) / str(resolution)


def _pieces(top: Path) -> Iterator[Piece]:
    for place, names in walk(top):
        for name in names:
            if name.lower().endswith(ENDINGS):
                yield Piece(Path(place, name))
            elif name.endswith(".tar"):
                yield from _of_shard(Path(place, name))


def _of_shard(shard: Path) -> Sequence[Piece]:
    try:
        with tarfile.open(shard, "r:") as tar:
            return [
                Piece(shard, member.offset_data, member.size, member.name)
                for member in tar
                if member.isreg() and member.name.lower().endswith(ENDINGS)
            ]
    except (OSError, tarfile.TarError) as error:
        raise DataError(f"{shard} is not a tar file, or is damaged or compressed: {error}.") from error
