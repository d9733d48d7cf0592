"""Places: where the files of a named data set may lie, and a download to the last of them. No torch."""

from __future__ import annotations

import logging
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scaling.data.cache import cache_dir
from scaling.errors import DataError

log = logging.getLogger(__name__)

_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The files of a data set."""

    name: str
    """Name of the data set."""
    folder: Path
    """Where torchvision puts them, below the directory that it is given."""
    files: tuple[str, ...]
    way: str
    """A way to get them without torchvision, for a person."""


def find(
    wanted: Wanted, root: str | None, download: Callable[[Path], object], system_dirs: Sequence[Path] = ()
) -> Path:
    """The directory that holds the files: below `root`, in `system_dirs`, or in the cache directory.

    Where they are in none of these, `download` puts `wanted.folder` below the directory it is given, once for
    a cache directory. DataError if they cannot be had.
    """
    downloaded = cache_dir() / wanted.folder
    places = [*([Path(root).expanduser()] if root else []), *system_dirs, downloaded]
    for place in places:
        for folder in (place, place / wanted.folder):
            if all((folder / name).exists() for name in wanted.files):
                return folder
    try:
        _download(wanted, download, downloaded)
    except Exception as error:  # whatever stops a download, the person needs the same three ways
        raise DataError(
            f"{wanted.name} is in none of {', '.join(map(str, places))}: give its directory as data.root, "
            f"{wanted.way}, or let torchvision download it, which failed here "
            f"({' '.join(str(error).split())})."
        ) from error
    return downloaded


def _download(wanted: Wanted, download: Callable[[Path], object], target: Path) -> None:
    """Downloaded aside and moved, so that several processes may do it at once."""
    log.info("downloading %s to %s", wanted.name, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=target.parent))
    try:
        with _socket_timeout(_TIMEOUT_S):
            download(aside)
        _move(aside / wanted.folder, target)
    finally:
        shutil.rmtree(aside)


def _move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not target.exists():  # else another process was faster
            raise


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """torchvision sets none, and a firewall that drops packets would hang the job."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
