"""Places: the directories in which a named data set is looked for, or downloaded to. No torch import."""

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
    """Directory in which torchvision stores them, below the one that it is given."""
    files: tuple[str, ...]
    way: str
    """How a person can get them without torchvision, as part of a sentence."""


def find(
    wanted: Wanted, root: str | None, download: Callable[[Path], object], system_dirs: Sequence[Path] = ()
) -> Path:
    """The directory that holds the files: `root` or below it, `system_dirs`, or the cache directory.

    If none of these has them, they are downloaded to the cache directory: `download` makes `wanted.folder`
    below the directory that it is given. Raises DataError if the download fails.
    """
    downloaded = cache_dir() / wanted.folder
    places = [*([Path(root).expanduser()] if root else []), *system_dirs, downloaded]
    for place in places:
        for folder in (place, place / wanted.folder):
            if all((folder / name).exists() for name in wanted.files):
                return folder
    try:
        _download(wanted, download, downloaded)
    except Exception as error:  # whatever the failure, the same three ways remain
        raise DataError(
            f"{wanted.name} is in none of {', '.join(map(str, places))}: give its directory as data.root, "
            f"{wanted.way}, or let torchvision download it, which failed here "
            f"({' '.join(str(error).split())})."
        ) from error
    return downloaded


def _download(wanted: Wanted, download: Callable[[Path], object], target: Path) -> None:
    """Download to a temporary directory and rename it, so that several processes can do this at once."""
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
        if not target.exists():  # otherwise another process was faster
            raise


@contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Set a timeout, since torchvision sets none and a firewall that drops packets would hang the job."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
