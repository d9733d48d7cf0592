"""A study: a named grid with its directory, which is its only database."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from typing import Any

from scaling.errors import Refused
from scaling.profile.forecast import Hours
from scaling.study import lease
from scaling.study.about import SCHEMA, About, Task
from scaling.study.files import (
    Corrupt,
    read_json,
    set_aside,
    write_json,
    writing_below,
)
from scaling.study.index import Index
from scaling.study.lease import Lease
from scaling.study.point import Point
from scaling.study.replayed import check_origin, replayed_from
from scaling.study.result import Result, State, read_noted, read_result
from scaling.study.settings import point_from_json

GONE = "the process that trained it is gone"
"""Message of a point whose status is running although its holder is dead."""

log = logging.getLogger(__name__)


class Study:
    """A study on disk, made by `create` or `open`; nothing is cached in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._about = About(path)

    @classmethod
    def create(cls, path: Path, task: Task) -> Study:
        """The study at `path`, created if necessary. Raises Refused for another task or a read-only place."""
        study = cls(path)
        with writing_below(path):
            (path / "points").mkdir(parents=True, exist_ok=True)
            study._about.make(task)
        return study

    @classmethod
    def open(cls, path: Path) -> Study:
        """The existing study at `path`. Raises Refused if there is none or a newer version wrote it."""
        study = cls(path)
        study._about.read()
        return study

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def typed(self) -> str:
        """Its path, quoted for a shell."""
        return quote(str(self.path))

    @property
    def task(self) -> Task:
        return self._about.task

    @property
    def history(self) -> list[dict[str, Any]]:
        """Every command line that planned or launched it, as in `About.history`."""
        return self._about.history

    @property
    def replayed(self) -> str | None:
        """The table that its results were looked up in, with the noise; None if its points are trained."""
        return replayed_from(self.history)

    def check_origin(self, replayed: str | None) -> None:
        """Raise Refused if a launch would mix replayed results with trained ones or with another table's."""
        check_origin(self.path, self.history, replayed)

    def remember(
        self, command: str, num_points: int, snapshot: str | None, replayed: str | None = None
    ) -> None:
        """Append an entry to the history, as `About.remember` does."""
        self._about.remember(command, num_points, snapshot, replayed)

    def directory(self, point_id: str) -> Path:
        """Directory of the files of a point."""
        return self.path / "points" / point_id

    def weights(self, point_id: str) -> Path:
        """Path of the trained weights of a point, which exists once it is completed if it keeps them."""
        return self.directory(point_id) / "weights.pt"

    def add(self, points: Iterable[Point], predicted: Mapping[str, Hours] | None = None) -> None:
        """Store the points that are not in the study yet, with the hours predicted for each, by id.

        Until a point first starts, each launch replaces its prediction, with none if `predicted` lacks the
        point; after that, the prediction stays.
        """
        index = Index(self.path)
        with writing_below(self.path):
            for point in points:
                if not index.holds(point.id):  # else its point.json is unchanged since it was read
                    self._write_down(point, (predicted or {}).get(point.id))

    def _write_down(self, point: Point, hours: Hours | None) -> None:
        directory = self.directory(point.id)
        kept = _read_or_set_aside(directory / "point.json")
        has_started = any((directory / name).exists() for name in ("status.json", "result.json"))
        predicted = None if hours is None or has_started else hours._asdict()
        if kept is None or not (has_started or kept.get("predicted") == predicted):
            cost = asdict(point.cost)
            directory.mkdir(parents=True, exist_ok=True)
            write_json(
                directory / "point.json",
                {"schema": SCHEMA, **point.to_json(), "cost": cost, "predicted": predicted},
            )

    def point(self, point_id: str) -> Point:
        """The stored point with this id. Raises Refused if there is none or if it cannot be read."""
        return self._written_down(point_id)[0]

    def _written_down(self, point_id: str) -> tuple[Point, Hours | None]:
        """The stored point, and the hours that were predicted for it before it started."""
        try:
            value = read_json(self.directory(point_id) / "point.json")
        except Corrupt as error:
            raise Refused(f"{error}: type the line that made the study again to repair it.") from error
        if value is None:
            raise Refused(f"{point_id} is not a point of {self.path}.")
        try:
            predicted = value.get("predicted")
            return point_from_json(value), None if predicted is None else Hours(**predicted)
        except (KeyError, TypeError, AttributeError, ValueError) as error:  # Refused is a ValueError
            what = (
                str(error).rstrip(".") if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
            )
            raise Refused(
                f"{self.directory(point_id)}/point.json is no point ({what}): "
                "remove it and type the line that made the study again."
            ) from error

    def point_ids(self) -> list[str]:
        """Sorted ids of all points of the study, completed or not."""
        points = f"{self.path}/points"
        return sorted(name for name in self._names() if os.path.exists(f"{points}/{name}/point.json"))

    def _names(self) -> set[str]:
        """Names of all point directories."""
        try:
            return set(os.listdir(self.path / "points"))
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def state(self, point_id: str) -> State:
        """State of the point, from its files and from whether its holder is alive."""
        return self._read(point_id)[0]

    def _read(self, point_id: str) -> tuple[State, dict[str, Any]]:
        """State of the point, and the content of result.json if it is completed."""
        directory = self.directory(point_id)
        noted = self.noted(point_id)
        try:
            result = read_result(directory / "result.json")
        except Corrupt as error:
            return State(message=f"{error}; it will be set aside and the point run again"), {}
        if result is not None:
            return replace(noted, status="completed", failure=None, message=None), result
        if noted.status == "completed":
            noted = replace(noted, status="pending", message="its result.json is missing")
        elif noted.status == "running" and lease.live_holder(directory) is None:
            noted = replace(noted, status="failed", failure="killed", message=GONE)
        return noted, {}

    def states(self, point_ids: Iterable[str]) -> dict[str, State]:
        """States of many points at once; for a completed point perhaps only the status is filled in."""
        index, there = Index(self.path), self._names()
        states = {}
        for point_id in point_ids:
            if index.holds(point_id):
                states[point_id] = State(status="completed")
            else:
                states[point_id] = self.state(point_id) if point_id in there else State()
        return states

    def noted(self, point_id: str) -> State:
        """State as status.json has it, which may be out of date."""
        return State(**read_noted(self.directory(point_id) / "status.json"))

    def note(self, point_id: str, state: State, held: Lease | None = None) -> None:
        """Write status.json, fenced by the lease unless the caller has already committed the result."""
        write_json(self.directory(point_id) / "status.json", asdict(state), held)

    def clear_unreadable(self, point_id: str) -> None:
        """Set an unreadable result.json aside so that the point can run again. The caller holds the lease."""
        _read_or_set_aside(self.directory(point_id) / "result.json", read_result)

    def result(self, point_id: str) -> Result:
        """The point with its current state, predictions and measurements."""
        state, value = self._read(point_id)
        point, predicted = self._written_down(point_id)
        return Result(
            point=point,
            state=state,
            predicted=predicted,
            metrics=value.get("metrics") or {},
            measured=value.get("measured") or {},
            replayed=(value.get("provenance") or {}).get("replayed"),
        )

    def rows(self) -> list[dict[str, Any]]:
        """Every point of the study as a flat row, whatever its status."""
        index = Index(self.path)
        rows = [index.row(point_id, self._row) for point_id in self.point_ids()]
        index.write()
        return rows

    def _row(self, point_id: str) -> dict[str, Any]:
        return self.result(point_id).row()


def _read_or_set_aside(
    file: Path, read: Callable[[Path], dict[str, Any] | None] = read_json
) -> dict[str, Any] | None:
    try:
        return read(file)
    except Corrupt as error:
        log.warning("%s: kept as %s and made again", error, set_aside(file).name)
        return None
