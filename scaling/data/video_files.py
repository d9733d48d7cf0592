"""Data sets of video files: their files are found, verified and decoded. No torch import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from scaling.data import clip_folder, kinetics
from scaling.data.cache import decoded_dir
from scaling.data.dataset import DataSet
from scaling.data.decode_video import DECODING
from scaling.data.decoded_videos import DecodedVideos, fetch
from scaling.data.folder import Folder
from scaling.data.image_files import check_fingerprint, check_unreadable
from scaling.data.image_folder import fingerprint

FIND: Mapping[str, Callable[[str | None], Folder]] = {
    "clip_folder": clip_folder.find,
    "kinetics400": kinetics.find,
}
"""The data sets, and the functions that find their files below a root."""


def read(data: DataSet, root: str | None, side: int) -> DecodedVideos:
    """The videos that `data` declares, with a shorter side of `side` pixels; the files of kinetics400 are
    needed only until they are decoded.

    Raises DataError if files are missing or not the declared ones, or if more are damaged than `data` allows.
    """

    def found() -> Folder:
        return FIND[data.name](root)

    if data.name == "clip_folder":
        check_fingerprint(data, fingerprint(found()))
    decoded = fetch(place_of(data, side), side, data.temporal_stride, found)
    check_unreadable(data, decoded.unreadable, len(decoded.labels), decoded.place)
    return decoded


def place_of(data: DataSet, side: int) -> Path:
    """Directory of the decoded videos with a shorter side of `side` pixels."""
    return decoded_dir(data.name, data.fingerprint, DECODING) / f"{side}-stride-{data.temporal_stride}"
