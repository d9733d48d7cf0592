"""A checkpoint: the state of a run in one file, whole or absent at any moment."""

from __future__ import annotations

import io
import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import torch

from scaling.study.files import Check, writing_below

log = logging.getLogger(__name__)


class Checkpoint:
    """The file at `path`. `before_move` may raise, which keeps a late writer from replacing a newer file."""

    def __init__(self, path: Path, before_move: Check = lambda: None) -> None:
        self.path = path
        self._before_move = before_move

    def save(self, state: dict[str, Any]) -> None:
        """Replace the file by `state`: tensors and plain values only. A crash leaves the former file.

        Raises Unwritable where the directory takes no such file.
        """
        content = io.BytesIO()  # torch would hide the reason why a disk takes no more
        torch.save(state, content)
        aside = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        with writing_below(self.path.parent):
            try:
                with aside.open("wb") as file:
                    file.write(content.getbuffer())
                    file.flush()
                    os.fsync(file.fileno())
                self._before_move()
                aside.replace(self.path)
            except BaseException:
                aside.unlink(missing_ok=True)
                raise
            _sync_directory(self.path.parent)

    def load(self) -> dict[str, Any] | None:
        """The saved state on the CPU, or None. A damaged file is set aside; no code in it is ever run."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if damaged := archive.testzip():  # torch itself does not look at the checksums
                    raise zipfile.BadZipFile(f"{damaged} has a wrong checksum")
            state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except Exception as error:  # damage can surface as almost any error of zipfile, pickle or torch
            corrupt = self.path.with_name(self.path.name + ".corrupt")
            self.path.replace(corrupt)
            log.warning("%s is damaged and kept as %s, training starts afresh: %s",
                           self.path, corrupt.name, error)  # fmt: skip
            return None
        return state

    def remove(self) -> None:
        """Delete the file, and what killed writers left of theirs; a damaged one that was kept stays."""
        self.path.unlink(missing_ok=True)
        for leftover in self.path.parent.glob(f"{self.path.name}.*.tmp"):
            leftover.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    """Make the move itself survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
