"""A piece: the bytes of one image, in a file of its own or within a shard. No torch import."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Piece:
    """The place of the bytes; `str()` names the image."""

    path: Path
    start: int = 0
    size: int = -1
    """Number of bytes; -1 for all from `start` on."""
    name: str = ""
    """Name within a shard."""

    def read(self) -> bytes:
        """The bytes; fewer if the file has been truncated."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def __str__(self) -> str:
        return f"{self.path}: {self.name}" if self.name else str(self.path)
