"""Files that are written aside and moved into place, so that no reader ever sees a partial file."""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from scaling.errors import Refused

LOCK = ".study.lock"
"""Lock file of a study, held while changing files that several launches may change at once."""


class Corrupt(ValueError):
    """A file exists but cannot be read."""


class Unwritable(Refused):
    """A directory cannot be written to; the files already in it are safe."""


def read_json(path: Path | str) -> dict[str, Any] | None:
    """The JSON object in the file; None if there is no file. Raises Corrupt if it holds anything else."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Corrupt(f"{path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise Corrupt(f"{path} is not valid JSON ({error})") from error
    if not isinstance(value, dict):
        raise Corrupt(f"{path} holds no JSON object")
    return value


class Fence(Protocol):
    """Keeps late writers out, such as a lease. Holders are numbered; only the highest number may write."""

    @property
    def token(self) -> int: ...

    def check(self) -> None:
        """Raise an exception if a later holder has taken over."""


def write_json(path: Path, value: dict[str, Any], fence: Fence | None = None) -> None:
    """Replace the file with `value`; NaN and infinities become null, which every JSON reader understands."""
    write_text(path, to_json(value), fence)


def write_text(path: Path, text: str, fence: Fence | None = None) -> None:
    """Replace the file with `text`."""
    write_bytes(path, text.encode(), fence)


def write_bytes(path: Path, content: bytes, fence: Fence | None = None, *, flush: bool = False) -> None:
    """Replace the file with `content`; `flush` it to disk first if it must survive a power cut."""
    with _written_aside(path, content, fence, flush=flush) as aside:
        os.replace(aside, path)


def write_json_once(path: Path, value: dict[str, Any], fence: Fence | None = None) -> bool:
    """Create the file, flushed to disk, unless it exists; exactly one of several writers gets True.

    Creating a hard link is atomic and exclusive, on local disks and on NFS.
    """
    with _written_aside(path, to_json(value).encode(), fence, flush=True) as aside:
        try:
            os.link(aside, path)
        except FileExistsError:
            return False
    return True


def shut_out(directory: Path, *, before: int) -> None:
    """Remove the aside files of holders with tokens below `before`, so that they cannot move them into place.

    A holder that was paused between its check and its move wrote its aside file before the new token
    existed, so the file is found here, and the move fails however late the holder wakes.
    """
    for aside in directory.glob(f".*{_FENCED}*"):
        if int(aside.name.rpartition(_FENCED)[2]) < before:
            aside.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename an unreadable file, so that it is kept but no longer in the way, and return its new path."""
    number = sum(1 for _ in path.parent.glob(f"{path.name}.corrupt-*"))
    aside = path.with_name(f"{path.name}.corrupt-{number}")
    with suppress(FileNotFoundError):
        os.replace(path, aside)
    return aside


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock, if the file system supports locks; without them the last of two writers wins."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:  # another user owns it; most file systems lock files opened for reading too
        if not path.exists():
            raise
        handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def writing_below(directory: Path) -> Iterator[None]:
    """Raise Unwritable instead of the OSError of a full disk or a read-only directory."""
    try:
        yield
    except OSError as error:
        reason = _UNWRITABLE.get(error.errno or 0, f"{error.strerror}; fix that")
        raise Unwritable(
            f"Cannot write below {directory}: {reason}, then type the same line again."
        ) from error


_NO_PERMISSION = "it is read-only for you; give yourself write permission or choose another directory"
_UNWRITABLE = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your quota is used up; free some space",
    errno.EROFS: _NO_PERMISSION,
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.ENOTDIR: "a file stands where a directory should be; move it away",
    errno.EEXIST: "a file stands where a directory should be; move it away",
}


def to_json(value: dict[str, Any]) -> str:
    """Indented JSON with a final newline; NaN and infinities become null."""
    return json.dumps(_finite(value), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


_FENCED = ".fenced-"
"""Part of an aside file's name that precedes the token of its writer."""


@contextmanager
def _written_aside(path: Path, content: bytes, fence: Fence | None, *, flush: bool) -> Iterator[Path]:
    """A complete file beside `path`, ready to be moved there; the fence is checked once it is written."""
    suffix = ".tmp" if fence is None else f"{_FENCED}{fence.token}"
    try:
        aside = _write_aside(path, content, suffix, flush=flush)
        try:
            _check(fence)
            yield aside
        finally:
            aside.unlink(missing_ok=True)
    except FileNotFoundError:
        _check(fence)  # a later holder has removed it
        raise


def _check(fence: Fence | None) -> None:
    if fence is not None:
        fence.check()


def _write_aside(path: Path, content: bytes, suffix: str, *, flush: bool) -> Path:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=suffix, dir=path.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
            if flush:
                file.flush()
                os.fsync(file.fileno())
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return aside
