"""Replayed studies: their results were looked up in a table and are never mixed with trained ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scaling.errors import Refused


def replayed_from(history: Iterable[Mapping[str, Any]]) -> str | None:
    """The table, with its noise, that a study's results were looked up in; None if its points are trained."""
    return next((entry["replayed"] for entry in history if entry.get("replayed")), None)


def check_origin(study: Path, history: Iterable[Mapping[str, Any]], replayed: str | None) -> None:
    """Raise Refused if a launch would mix trained and replayed results, or replays of different tables.

    Points that are in a study without a launch, such as copied ones, count as trained.
    """
    launches = [entry for entry in history if entry.get("snapshot") is not None]
    before = replayed_from(launches)
    own = "give this one a study.name of its own"
    if before is not None and replayed is None:
        raise Refused(
            f"The study {study} was replayed from {before}, so nothing can be trained in it: {own}."
        )
    if before is not None and replayed != before:
        raise Refused(f"The study {study} was replayed from {before}, not from {replayed}: {own}.")
    if before is None and replayed is not None and (launches or _has_begun(study)):
        raise Refused(f"The study {study} has trained points, which a replay must not mix with: {own}.")


def _has_begun(study: Path) -> bool:
    """Whether any point has been started."""
    return any(next((study / "points").glob(f"*/{name}"), None) for name in ("status.json", "result.json"))
