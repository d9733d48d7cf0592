"""Early stopping: whether points that cannot reach the frontier are stopped, and the file that stops one."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scaling.errors import Refused
from scaling.study.files import write_text

LEAST_CONFIDENCE = 0.95
"""Least confidence that a person may ask for."""


@dataclass(frozen=True, kw_only=True)
class Stopping:
    """Options for early stopping; they are not part of a point's id."""

    dominated: bool = False
    """Whether to stop points that will, with `confidence`, end below a completed model of no higher cost."""
    rungs: tuple[float, ...] = (0.25, 0.5, 0.75)
    """Shares of a point's epochs at which it may be stopped."""
    confidence: float = 0.95
    """Confidence over all looks at one point together."""
    spared: float = 0.2
    """Share of the points that are never stopped, from which one learns where the stopped ones would end."""

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
    """Why the point was told to stop; None if it was not."""
    with suppress(FileNotFoundError):
        return (directory / "stop").read_text()
    return None


def put_by(directory: Path) -> None:
    """Rename the stop file, so that the point continues to its end when it is run again."""
    with suppress(FileNotFoundError):
        os.replace(directory / "stop", directory / "stopped")


def was_stopped(directory: Path) -> bool:
    """Whether the point was stopped before; if it is run again, it is to be trained to its end."""
    return (directory / "stopped").exists()
