"""Reuse: results of the same points in other studies, taken over instead of trained again."""

from __future__ import annotations

import glob
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from scaling.errors import Refused
from scaling.study import lease
from scaling.study.files import Corrupt, write_json_once, writing_below
from scaling.study.point import Point
from scaling.study.result import read_result
from scaling.study.store import Study

log = logging.getLogger(__name__)


def origins(patterns: Iterable[str], study: Study, points: Sequence[Point]) -> dict[str, Path]:
    """For each point that another study has a readable result of, the first such study, by the point's id.

    `patterns` are study directories, or shell patterns such as `results/*`, which may match none. Raises
    Refused for a named directory that is not a study or was replayed.
    """
    wanted = {point.id for point in points}
    found: dict[str, Path] = {}
    for other in _others(patterns, study):
        for name in wanted.intersection(_ids(other)) - found.keys():
            if _result(other, name) is not None:
                found[name] = other.path
    return found


def _ids(study: Study) -> list[str]:
    """Names in the directory of the study's points; none if it cannot be read."""
    try:
        return os.listdir(study.path / "points")
    except OSError:
        return []


def take_over(study: Study, point: Point, other: Study) -> bool:
    """Copy the other study's result of the point into this study, with its origin noted in it.

    The learning curve and the weights become hard links, or copies if the file systems differ. Returns False
    if the other study's files are not valid, or if another worker holds the point here.
    """
    here, there = study.directory(point.id), other.directory(point.id)
    result = _result(other, point.id)
    held = None if result is None else lease.acquire(here)
    if result is None or held is None:
        return False
    with writing_below(study.path), held:
        _link(there / "metrics.jsonl", here / "metrics.jsonl")
        _link(other.weights(point.id), study.weights(point.id))
        origin = {"study": str(other.path.resolve())}
        if write_json_once(here / "result.json", {"origin": origin, **result}, held):
            study.note(point.id, other.noted(point.id), held)
    return True


def _result(other: Study, point_id: str) -> dict[str, Any] | None:
    """The other study's result of a point; None if there is none, or if result or point cannot be read."""
    try:
        result = read_result(other.directory(point_id) / "result.json")
        if result is None or other.point(point_id).id == point_id:
            return result
        raise Refused(f"{other.directory(point_id)}/point.json belongs to another point.")
    except (Corrupt, Refused, OSError) as error:
        log.warning("%s is not taken over from %s: %s", point_id, other.path, error)
        return None


def _others(patterns: Iterable[str], study: Study) -> Iterator[Study]:
    """The studies that match the patterns, except this one."""
    own = study.path.resolve()
    for pattern in patterns:
        spelled_out = not glob.has_magic(pattern)
        named = [Path(pattern).expanduser()] if spelled_out else _matching(pattern)
        for path in (each for each in named if each.resolve() != own):
            try:
                yield _trained(Study.open(path))
            except Refused as error:
                if spelled_out:
                    raise Refused(f"reuse={pattern}: {error}") from error
                log.warning("%s is not reused: %s", path, error)


def _matching(pattern: str) -> list[Path]:
    """The studies among the paths that match a shell pattern."""
    paths = map(Path, sorted(glob.glob(os.path.expanduser(pattern))))
    return [path for path in paths if (path / "study.json").is_file()]


def _trained(other: Study) -> Study:
    """The study itself; raises Refused if its results were looked up in a table."""
    if other.replayed is not None:
        raise Refused(f"{other.path} was replayed from {other.replayed}, and none of its points was trained.")
    return other


def _link(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
