"""Data sets of image files: their files are found, verified and decoded. No torch import."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scaling.data import image_folder, imagenet, mask_folder, segmentation
from scaling.data.cache import decoded_dir
from scaling.data.dataset import DataSet
from scaling.data.decode import DECODING
from scaling.data.decoded_images import Decoded, fetch
from scaling.data.folder import Folder
from scaling.errors import DataError

log = logging.getLogger(__name__)

FIND: Mapping[str, Callable[[str | None], Folder]] = {
    "image_folder": image_folder.find,
    "imagenet": imagenet.find,
    "mask_folder": mask_folder.find,
    "pascal_voc": segmentation.find_pascal_voc,
    "ade20k": segmentation.find_ade20k,
}
"""The data sets, and the functions that find their files below a root."""
OWN = ("image_folder", "mask_folder")
"""The data sets that are a user's own directory, whose files are verified by a fingerprint."""


def read(
    data: DataSet,
    root: str | None,
    resolution: int,
    find: Callable[[str | None], Folder] | None = None,
    choose: Callable[[Folder], Sequence[int]] | None = None,
) -> Decoded:
    """The images that `data` declares; the files of public data sets are needed only until they are decoded.

    `choose` returns the indices of held-out images; then only these are decoded, in its order, since most
    images are not needed to evaluate at a resolution at which no point trains. Raises DataError if files are
    missing or not the declared ones, or if more are damaged than `data` allows.
    """
    find = find or FIND[data.name]
    if data.name in OWN:
        check_fingerprint(data, image_folder.fingerprint(find(root)))
    if choose is None:
        decoded = fetch(place_of(data, resolution), resolution, lambda: find(root))
    else:
        decoded = fetch(place_of_held_out(data, resolution), resolution, lambda: _part(find(root), choose))
    check_unreadable(data, decoded.unreadable, decoded.num_in_set, decoded.place)
    return decoded


def place_of(data: DataSet, resolution: int) -> Path:
    """Directory of all decoded images of a data set at a resolution."""
    return decoded_dir(data.name, data.fingerprint, DECODING) / str(resolution)


def place_of_held_out(data: DataSet, resolution: int) -> Path:
    """Directory of the validation and test images if they are decoded without the others."""
    part = f"{resolution}-held-out-{data.num_val}-{data.num_test}-{data.split_seed}"
    return place_of(data, resolution).with_name(part)


def _part(folder: Folder, choose: Callable[[Folder], Sequence[int]]) -> Folder:
    return folder.part(choose(folder))


def check_fingerprint(data: DataSet, found: str) -> None:
    """Raise DataError unless the fingerprint of the images found is the one that `data` declares."""
    if found != data.fingerprint:
        raise DataError(
            f"The images of {data.name} are not the declared ones: their fingerprint is {found}, but the "
            f"point was made for {data.fingerprint}."
        )


def tell_unreadable(names: Mapping[int, str]) -> None:
    """Log the name of each file that is left out."""
    for name in names.values():
        log.warning("left out, as it cannot be decoded: %s", name)


def check_unreadable(data: DataSet, unreadable: Mapping[int, str], num_in_set: int, place: Path) -> None:
    """Raise DataError if more files are damaged than `data` allows; `place` holds the decoded ones."""
    found, allowed = len(unreadable), math.ceil(data.max_unreadable * num_in_set)
    if found > allowed:
        tell_unreadable(unreadable)
        names = "; ".join(list(unreadable.values())[:3])
        raise DataError(
            f"{found} of {num_in_set} files of {data.name} cannot be decoded, and "
            f"data.max_unreadable={data.max_unreadable:g} allows {allowed}: {names}; repair them and remove "
            f"{place}, or allow more."
        )
