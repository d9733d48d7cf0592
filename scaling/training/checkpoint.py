"""A checkpoint: the state of a run in one file, whole or absent at any moment, and the one before it."""

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
    """The file at `path`; a fence keeps a late writer from replacing a newer file."""

    def __init__(self, path: Path, fence: Fence | None = None) -> None:
        self.path = path
        self.former = path.with_name(path.name + ".former")
        """The last one but this, for when this one turns out to be damaged."""
        self._fence = fence

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state`: tensors and plain values only. A crash leaves the former file.

        Raises Unwritable where the directory takes no such file, and what the fence raises.
        """
        content = state_bytes(state)
        with writing_below(self.path.parent):
            self._keep_former()
            write_bytes(self.path, content, self._fence, flush=True)
            _sync_directory(self.path.parent)

    def load(self) -> dict[str, Any] | None:
        """The saved state on the CPU, or None. A damaged file is set aside, and the former one loaded.

        No code in them is ever run.
        """
        state = self._load(self.path)
        return self._load(self.former) if state is None else state

    def remove(self) -> None:
        """Delete the files; a damaged one that was kept stays."""
        for path in (self.path, self.former):
            path.unlink(missing_ok=True)

    def _keep_former(self) -> None:
        """Never without a file under one of the two names: the former one is replaced, not removed."""
        aside = self.former.with_name(self.former.name + ".tmp")
        with suppress(FileNotFoundError, FileExistsError):  # the first one; a late writer does the same
            os.link(self.path, aside)
            aside.replace(self.former)
        aside.unlink(missing_ok=True)  # stays where both names are of one file already

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
    """A file that holds no tensors, or not those that were written."""


def read_state(path: Path) -> dict[str, Any]:
    """What torch.save wrote of tensors and plain values, on the CPU; no code in it is run.

    Raises FileNotFoundError and Damaged.
    """
    content = path.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if damaged := archive.testzip():  # torch itself does not look at the checksums
                raise zipfile.BadZipFile(f"{damaged} has a wrong checksum")
        state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # damage can surface as almost any error of zipfile, pickle or torch
        raise Damaged(str(error)) from error
    return state


def state_bytes(state: dict[str, Any]) -> memoryview:
    """The state as `read_state` reads it. Were torch to write the file, it would hide why a write failed."""
    content = io.BytesIO()
    torch.save(state, content)
    return content.getbuffer()


def _sync_directory(directory: Path) -> None:
    """Make the move itself survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
