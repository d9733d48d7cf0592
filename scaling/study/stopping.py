"""Stopping early: whether points that cannot matter are stopped, and the file that tells one of them."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scaling.errors import Refused
from scaling.study.files import write_text

LEAST_CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """What the person who launches wants stopped early; no part of a point's id."""

    dominated: bool = False
    """Whether to stop points that will end, with `confidence`, below a completed model that costs no more."""
    rungs: tuple[float, ...] = (0.25, 0.5, 0.75)
    """Shares of a point's epochs at which it may be stopped."""
    confidence: float = 0.95
    """Confidence of all looks at one point together."""
    spared: float = 0.2
    """Share of the points that are never stopped; they show where the stopped ones would have ended."""

    def __post_init__(self) -> None:
        shares = {rung for rung in self.rungs if 0 < rung < 1}
        if not shares or len(shares) < len(self.rungs):
            raise Refused(
                f"stop.rungs={list(self.rungs)} should be shares of a point's epochs between 0 and 1, each "
                "once, such as [0.25,0.5,0.75]."
            )
        if not LEAST_CONFIDENCE <= self.confidence < 1:
            raise Refused(f"stop.confidence={self.confidence:g} must be at least 0.95 and below 1.")
        if not 0 <= self.spared <= 1:
            raise Refused(f"stop.spared={self.spared:g} must be a share of the points, 0 to 1.")


def tell_to_stop(directory: Path, why: str) -> None:
    """Tell the point of this directory to stop at its next evaluation; `why` is a sentence."""
    write_text(directory / "stop", why)


def told_to_stop(directory: Path) -> str | None:
    """Why the point was told to stop; None where it was not."""
    with suppress(FileNotFoundError):
        return (directory / "stop").read_text()
    return None


def put_by(directory: Path) -> None:
    """Move the file aside, so that the point, if it is run again, goes on to its end."""
    with suppress(FileNotFoundError):
        os.replace(directory / "stop", directory / "stopped")


def was_stopped(directory: Path) -> bool:
    """Whether the point has obeyed such a file: it is not stopped a second time."""
    return (directory / "stopped").exists()
