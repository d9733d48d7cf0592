"""A cache of directories that take long to make and are shared by all processes. No torch import."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from scaling.errors import DataError
from scaling.study.files import locked

log = logging.getLogger(__name__)

T = TypeVar("T")

_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError)


def fetch(
    place: Path, read: Callable[[Path], T], make: Callable[[Path], None], *, goes_on: bool = False
) -> T:
    """What `read` returns for the directory `place`; if that is missing or damaged, `make` makes it first.

    `make` fills a directory beside `place`, which is renamed when it returns. One process makes it while
    others wait. The remains of an interrupted process are removed by the next or, with `goes_on`, handed to
    its `make`. Raises DataError if the disk is not writable.
    """
    found = _read(place, read)
    if found is not None:
        return found
    log.info("%s is not there yet: one process decodes it, others wait", place)
    with _written(place):
        place.parent.mkdir(parents=True, exist_ok=True)
    with locked(place.with_name(f".{place.name}.lock")):
        found = _read(place, read)
        if found is None:
            _make(place, make, goes_on)
            found = _read(place, read)
    if found is None:
        raise DataError(f"{place} was damaged as soon as it was written: is its disk sound?")
    return found


def _read(place: Path, read: Callable[[Path], T]) -> T | None:
    if not place.exists():
        return None
    try:
        return read(place)
    except _UNREADABLE as error:
        log.warning("%s is damaged and is made again: %s", place, error)
        return None


def _make(place: Path, make: Callable[[Path], None], goes_on: bool) -> None:
    """Make the directory beside `place` and rename it; the caller holds the lock."""
    for left in place.parent.glob(f".{place.name}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    if place.exists():
        shutil.rmtree(place)
    with _written(place), _begun(place) if goes_on else _aside(place) as aside:
        make(aside)
        aside.rename(place)


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """A temporary directory beside `place`, which is removed unless it is renamed."""
    aside = Path(tempfile.mkdtemp(prefix=f".{place.name}.", suffix=".tmp", dir=place.parent))
    aside.chmod(0o755)  # others may share the cache
    try:
        yield aside
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _begun(place: Path) -> Iterator[Path]:
    """A directory beside `place`, with the files that interrupted processes have made."""
    begun = place.with_name(f".{place.name}.begun")
    begun.mkdir(exist_ok=True)
    yield begun


@contextmanager
def _written(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{place} cannot be written: {error.strerror}; fix that, or set XDG_CACHE_HOME to another place."
        ) from error
