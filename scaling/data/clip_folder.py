"""clip_folder: any directory with one folder of videos per class. No torch import."""

from __future__ import annotations

from scaling.data.folder import Folder, own_test, scan, top_of
from scaling.data.image_folder import facts_of
from scaling.data.stored import Facts

TENSORS = (".npy", ".npz")
"""Files of decoded frames: T x H x W x C or T x H x W, uint8; an .npz must hold one array."""
ENDINGS = (".mp4", ".mkv", ".webm", ".avi", ".mov", ".m4v", ".mpg", ".mpeg", ".ts", ".wmv", ".flv", *TENSORS)
"""Endings of the names of video files, in lower case; other files are ignored."""


def read_facts(root: str | None) -> Facts:
    """The facts needed for planning; the files are read once, and again if one of them has changed."""
    return facts_of(find(root), clips=True)


def find(root: str | None) -> Folder:
    """The videos under `root`, which holds `train/<class>/*` and optionally `test/<class>/*` or
    `val/<class>/*`, or just `<class>/*`; DataError for any other layout."""
    top = top_of(root, "clip_folder", "the classes")
    parts = ["train", *own_test(top)] if (top / "train").is_dir() else []
    return scan(top, *parts, endings=ENDINGS, what="videos")
