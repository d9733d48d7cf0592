"""Safe reading inside a study: the end of a point's file, never a file elsewhere."""

from __future__ import annotations

import os
import stat

from scaling.study.store import Study


class Outside(PermissionError):
    """The file lies outside the study, through a link, or is not a regular file."""


def end_of(study: Study, point_id: str, name: str, most: int) -> bytes:
    """The last `most` bytes of a point's file, from the start of a line; empty where there is no such file.

    `point_id` must be one of the study's. Raises Outside, and OSError where the file cannot be read.
    """
    root = os.path.realpath(study.path)
    path = os.path.realpath(f"{root}/points/{point_id}/{name}")
    if not path.startswith(f"{root}/"):
        raise Outside(f"{name} of {point_id} is a link that leads out of the study.")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    with open(handle, "rb") as file:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            raise Outside(f"{name} of {point_id} is not a regular file.")
        start = max(0, about.st_size - most)
        file.seek(start)
        content = file.read(most)
    return content.partition(b"\n")[2] if start else content
