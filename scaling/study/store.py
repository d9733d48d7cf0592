"""A study: a named grid with its directory, which is the whole database."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from scaling.errors import Refused
from scaling.study import lease
from scaling.study.files import Corrupt, read_json, set_aside, write_json, write_json_once, writing_below
from scaling.study.lease import Lease
from scaling.study.point import Point
from scaling.study.result import Result, State
from scaling.study.settings import point_from_json, strict

SCHEMA = 1
"""Version of the files below a study's directory. Older ones are read; newer ones are refused."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """What all points of a study have in common: results of different tasks do not compare."""

    data: str
    metric: str = "top1"


class Study:
    """A study on disk. Make one with `create` or `open`; nothing is kept in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, task: Task) -> Study:
        """The study at `path`, made if need be; Refused where it has another task or cannot be written."""
        study = cls(path)
        with writing_below(path):
            (path / "points").mkdir(parents=True, exist_ok=True)
            write_json_once(
                path / "study.json",
                {"schema": SCHEMA, "name": path.name, "task": asdict(task), "history": []},
            )
        about = study._about()
        if about.get("task") != asdict(task):
            theirs = strict(Task, about["task"], "task")
            raise Refused(
                f"The study {path} is of another task ({theirs.data}, {theirs.metric}), not "
                f"({task.data}, {task.metric}): give this one a study.name of its own."
            )
        return study

    @classmethod
    def open(cls, path: Path) -> Study:
        """The study that is at `path`; Refused where there is none or a newer version wrote it."""
        study = cls(path)
        study._about()
        return study

    @property
    def name(self) -> str:
        return self.path.name

    def _about(self) -> dict[str, Any]:
        file = self.path / "study.json"
        try:
            about = read_json(file)
        except Corrupt as error:
            raise Refused(f"{error}: restore it, or move the directory away and start again.") from error
        if about is None:
            raise Refused(f"{self.path} is not a study: there is no study.json in it.")
        if not isinstance(about.get("schema"), int) or not isinstance(about.get("task"), dict):
            raise Refused(f"{file} says no schema and task: restore it, or move the directory away.")
        if about["schema"] > SCHEMA:
            raise Refused(
                f"{self.path} was written by a newer version (schema {about['schema']}, this one reads up "
                f"to {SCHEMA}): update scaling-study."
            )
        return about

    def remember(self, command: str, num_points: int) -> None:
        """Add a line to the history of commands."""
        about = self._about()
        when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        about.setdefault("history", []).append({"time": when, "command": command, "num_points": num_points})
        with writing_below(self.path):
            write_json(self.path / "study.json", about)

    def directory(self, point_id: str) -> Path:
        """Where the files of a point are."""
        return self.path / "points" / point_id

    def add(self, points: Iterable[Point]) -> None:
        """Write down the points that are not in the study yet."""
        with writing_below(self.path):
            for point in points:
                file = self.directory(point.id) / "point.json"
                if _read_or_set_aside(file) is None:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    write_json(file, {"schema": SCHEMA, **point.to_json(), "cost": asdict(point.cost)})

    def point(self, point_id: str) -> Point:
        """The point written down under this id."""
        try:
            value = read_json(self.directory(point_id) / "point.json")
        except Corrupt as error:
            raise Refused(f"{error}: type the line that made the study again to mend it.") from error
        if value is None:
            raise Refused(f"{point_id} is not a point of {self.path}.")
        try:
            return point_from_json(value)
        except (KeyError, TypeError, AttributeError) as error:
            raise Refused(
                f"{self.directory(point_id)}/point.json is no point ({type(error).__name__}: {error}): "
                "remove it and type the line that made the study again."
            ) from error

    def point_ids(self) -> list[str]:
        """All points of the study, completed or not."""
        return sorted(path.parent.name for path in (self.path / "points").glob("*/point.json"))

    def state(self, point_id: str) -> State:
        """Where the point stands, told from its files and from whether its holder lives."""
        directory = self.directory(point_id)
        noted = self.noted(point_id)
        try:
            result = read_json(directory / "result.json")
        except Corrupt as error:
            return State(message=f"{error}; it will be set aside and the point run again")
        if result is not None:
            return replace(noted, status="completed", failure=None, message=None)
        if noted.status == "completed":
            return replace(noted, status="pending", message="its result.json is missing")
        if noted.status == "running" and lease.live_holder(directory) is None:
            return replace(
                noted, status="failed", failure="killed", message="the process that trained it is gone"
            )
        return noted

    def noted(self, point_id: str) -> State:
        """What status.json says, true or not."""
        try:
            value = read_json(self.directory(point_id) / "status.json") or {}
        except Corrupt:
            value = {}
        return State(**{field.name: value[field.name] for field in fields(State) if field.name in value})

    def note(self, point_id: str, state: State, held: Lease | None = None) -> None:
        """Write status.json under the lease, or without where the result is the caller's already."""
        write_json(self.directory(point_id) / "status.json", asdict(state), held)

    def clear_unreadable(self, point_id: str) -> None:
        """Set an unreadable result.json aside, under the lease, so that the point can run again."""
        _read_or_set_aside(self.directory(point_id) / "result.json")

    def result(self, point_id: str) -> Result:
        """The point's row as it stands."""
        state = self.state(point_id)
        value = {}
        if state.status == "completed":
            value = read_json(self.directory(point_id) / "result.json") or {}
        return Result(
            point=self.point(point_id),
            state=state,
            metrics=value.get("metrics") or {},
            measured=value.get("measured") or {},
        )

    def rows(self) -> list[dict[str, Any]]:
        """Every point of the study as a flat row, whatever became of it."""
        return [self.result(point_id).row() for point_id in self.point_ids()]


def _read_or_set_aside(file: Path) -> dict[str, Any] | None:
    try:
        return read_json(file)
    except Corrupt as error:
        log.warning("%s: kept as %s and made again", error, set_aside(file).name)
        return None
