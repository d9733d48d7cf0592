"""A checkpoint: the state of a run in one file, complete or absent at any moment, and the one before it."""

from __future__ import annotations

import io
import logging
import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from scaling.study.files import Fence, write_bytes, writing_below

log = logging.getLogger(__name__)


class Checkpoint:
    """The checkpoint at `path`; a fence keeps a late writer from replacing a newer one."""

    def __init__(self, path: Path, fence: Fence | None = None) -> None:
        self.path = path
        self.former = path.with_name(path.name + ".former")
        """The checkpoint before this one, loaded if this one turns out to be damaged."""
        self._fence = fence

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state`, which holds tensors and plain values only. A crash leaves the old
        file.

        Raises Unwritable if the file cannot be written, and what the fence raises.
        """
        content = state_bytes(state)
        with writing_below(self.path.parent):
            self._keep_former()
            write_bytes(self.path, content, self._fence, flush=True)
            _sync_directory(self.path.parent)

    def load(self) -> dict[str, Any] | None:
        """The saved state on the CPU, or None. A damaged file is renamed, and the one before it is loaded.

        Code in the files is never run.
        """
        state = self._load(self.path)
        return self._load(self.former) if state is None else state

    def remove(self) -> None:
        """Delete both files; a renamed damaged file stays."""
        for path in (self.path, self.former):
            path.unlink(missing_ok=True)

    def _keep_former(self) -> None:
        """Replace the former file by the current one, so that one of the two names always has a file."""
        aside = self.former.with_name(self.former.name + ".tmp")
        with suppress(FileNotFoundError, FileExistsError):  # no checkpoint yet; another writer's link
            os.link(self.path, aside)
            aside.replace(self.former)
        aside.unlink(missing_ok=True)  # rename(2) does nothing where both names are links to one file

    def _load(self, path: Path) -> dict[str, Any] | None:
        try:
            return read_state(path)
        except FileNotFoundError:
            return None
        except Damaged as error:
            corrupt = path.with_name(path.name + ".corrupt")
            path.replace(corrupt)
            log.warning("%s is damaged and kept as %s: %s", path, corrupt.name, error)
            return None


class Damaged(ValueError):
    """A file that cannot be read as a state, or whose checksums are wrong."""


def read_state(path: Path) -> dict[str, Any]:
    """Read a file of tensors and plain values written by torch.save, onto the CPU, without running its code.

    Raises FileNotFoundError and Damaged.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if damaged := archive.testzip():  # torch itself does not verify the checksums
                raise zipfile.BadZipFile(f"{damaged} has a wrong checksum")
        state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damage can surface as almost any error of zipfile, pickle or torch
        raise Damaged(str(error)) from error
    return state


def state_bytes(state: dict[str, Any]) -> bytes:
    """The bytes that `read_state` reads. If torch wrote the file itself, it would hide why a write failed."""
    content = io.BytesIO()
    torch.save(state, content)
    return content.getvalue()


def _sync_directory(directory: Path) -> None:
    """Flush the directory, so that a rename in it survives a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
