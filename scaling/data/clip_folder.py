"""clip_folder: any directory with one folder of videos a class. No torch."""

from __future__ import annotations

from scaling.data.folder import Folder, own_test, scan, top_of
from scaling.data.image_folder import facts_of
from scaling.data.stored import Facts

TENSORS = (".npy", ".npz")
"""Files of frames that are decoded already: T x H x W x C or T x H x W, uint8; of an .npz its one array."""
ENDINGS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", *TENSORS)
"""Endings of the names of video files, in lower case; other files are ignored."""


def read_facts(root: str | None) -> Facts:
    """What planning must know; the files are read once, and again when one of them has changed."""
    return facts_of(find(root), clips=True)


def find(root: str | None) -> Folder:
    """The videos under `root`, which holds `train/<class>/*` and maybe `test/<class>/*` or `val/<class>/*`,
    or simply `<class>/*`; DataError names what stands in the way."""
    top = top_of(root, "clip_folder", "the classes")
    parts = ["train", *own_test(top)] if (top / "train").is_dir() else []
    return scan(top, *parts, endings=ENDINGS, what="videos")
