"""News: what the page is told after a look at the study: everything, or what has changed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from control.knobs import Knobs
from control.looks import Now
from control.status import Glance, Watcher
from control.watch import End
from control.web.columns import Row, as_columns, row_of, status_of
from control.web.curves import NOTHING, Curve, curve_columns, read_curve
from scaling.study.store import Study


def event(name: str, data: object) -> bytes:
    """An event in the format of server-sent events."""
    return f"event: {name}\ndata: {json.dumps(data, allow_nan=False, separators=(',', ':'))}\n\n".encode()


def place_of(study: Study) -> dict[str, str]:
    """Name and path of the study, as valid text even where the path is not UTF-8."""
    path = os.fsencode(study.path.resolve()).decode(errors="replace")
    return {"name": os.path.basename(path), "path": path}


@dataclass(frozen=True, kw_only=True)
class News:
    """The study as one look found it."""

    version: int
    about: Mapping[str, Any]
    """Facts about the study: name, path, data set and metric."""
    names: Sequence[str]
    """Names of the knobs that vary."""
    status: Mapping[str, Any]
    rows: Mapping[str, Row]
    """Rows by point id, in order of the axes."""
    changed: Sequence[Row] | None
    """Rows that are new or changed since the previous version; None where all must be sent again."""
    curves: Mapping[str, Any]

    @cached_property
    def all(self) -> bytes:
        """The event with all points."""
        points = as_columns(list(self.rows.values()), self.names)
        return event("all", self._head | {"study": self.about, "knobs": self.names, "points": points})

    @cached_property
    def change(self) -> bytes:
        """The event that leads from the previous version to this one."""
        if self.changed is None:
            return self.all
        return event("change", self._head | {"points": as_columns(self.changed, self.names)})

    @property
    def _head(self) -> dict[str, Any]:
        return {"version": self.version, "status": self.status}


class Reporter:
    """Looks repeatedly, and reuses what has not changed. Not thread-safe."""

    def __init__(self, study: Study) -> None:
        self._study = study
        self._watcher = Watcher(study, forgives=True)
        self._end = End()
        self._knobs: Knobs | None = None
        self._seen: dict[str, Now] = {}
        self._curves: dict[str, tuple[tuple[int, int], Curve]] = {}
        """By id: modification time (ns) and size of the file, and the curve that was read then."""
        self.news: News | None = None
        """News of the last look; None before the first."""

    def look(self) -> News:
        """Look; return the previous news if nothing has changed. Raises what reading the study raises."""
        Study.open(self._study.path)  # Refused where it no longer exists
        glance = self._watcher.look()
        before = self.news
        knobs = self._knobs_of(glance)
        names = knobs.varied
        is_same = before is not None and before.names == names and self._seen.keys() <= _ids(glance)
        known = before.rows if before is not None and is_same else {}
        rows = {now.point.id: self._row(now, glance, knobs, names, known) for now in glance.points}
        changed = [row for point_id, row in rows.items() if row is not known.get(point_id)]
        status = status_of(glance, rows.values(), ended=self._end.has_come(glance))
        self._seen = {now.point.id: now for now in glance.points}
        if before is not None and is_same and not changed and status == before.status:
            return before
        self.news = News(
            version=1 + (before.version if before else 0),
            about=self._about(glance),
            names=names,
            status=status,
            rows=rows,
            changed=changed if is_same else None,
            curves=self._running(glance),
        )
        return self.news

    def curve(self, point_id: str) -> Curve:
        """The curve of a point, read again only if its file has changed; the study must have the point."""
        try:
            found = os.stat(f"{self._study.path}/points/{point_id}/metrics.jsonl")
        except OSError:
            return NOTHING
        stamp = found.st_mtime_ns, found.st_size
        kept = self._curves.get(point_id)
        if kept is None or kept[0] != stamp:
            kept = self._curves[point_id] = stamp, read_curve(self._study, point_id)
        return kept[1]

    def _knobs_of(self, glance: Glance) -> Knobs:
        if self._knobs is None or self._seen.keys() != _ids(glance):
            self._knobs = Knobs(glance.study, [now.point for now in glance.points])
        return self._knobs

    def _row(
        self, now: Now, glance: Glance, knobs: Knobs, names: Sequence[str], known: Mapping[str, Row]
    ) -> Row:
        point_id = now.point.id
        row = known.get(point_id)
        if row is not None and now.status != "running" and now == self._seen[point_id]:
            return row
        has_curve = now.word != "completed" and now.point.epoch > 0
        curve = self.curve(point_id) if has_curve else NOTHING
        if now.status != "running":
            self._curves.pop(point_id, None)
        made = row_of(now, {name: knobs.of(now.point, name) for name in names}, curve, glance.eta.of(now))
        return row if row == made else made

    def _running(self, glance: Glance) -> dict[str, Any]:
        running = [now.point.id for now in glance.points if now.status == "running"]
        return curve_columns(running, self.curve)

    def _about(self, glance: Glance) -> dict[str, Any]:
        first = glance.points[0].point if glance.points else None
        about = {name: getattr(first, name, None) for name in ("data", "metric")}
        return {**place_of(self._study), **about}


def _ids(glance: Glance) -> set[str]:
    return {now.point.id for now in glance.points}
