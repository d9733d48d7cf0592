"""A piece: the bytes of one image, in a file of its own or within a shard. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Piece:
    """Where the bytes lie; `str()` names the image."""

    path: Path
    start: int = 0
    size: int = -1
    """-1: all that there is from `start`."""
    name: str = ""
    """Name within a shard."""

    def read(self) -> bytes:
        """The bytes; fewer where the file was cut short since."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(self.size)

    def __str__(self) -> str:
        return f"{self.path}: {self.name}" if self.name else str(self.path)
