"""A survey: all points of a study, each read again only when its files have changed."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from control.point import Seen, from_row, see
from scaling.errors import Refused
from scaling.study.index import AT_REST_S, Index
from scaling.study.store import Study


class Survey:
    """Calling `points` again is cheap: unchanged points are not read again."""

    def __init__(self, study: Study, *, forgives: bool = False) -> None:
        """`forgives` leaves out points that cannot be read, and lists them in `damaged`."""
        self.study = study
        self.damaged: Mapping[str, str] = {}
        """By id: why a point could not be read at the last call of `points`."""
        self._forgives = forgives
        self._points = f"{study.path}/points"
        self._kept: dict[str, tuple[int, Seen]] = {}
        """By id: modification time of the directory (ns), and the point as it was read then."""

    def points(self) -> list[Seen]:
        """All points in order of their axes; Refused where one cannot be read."""
        ids = self.study.point_ids()
        if not self._kept:
            self._read_index(ids)
        seen, damaged = [], {}
        for point_id in ids:
            try:
                seen.append(self._point(point_id))
            except (ValueError, OSError, KeyError, TypeError, AttributeError) as error:
                if not self._forgives:
                    raise
                damaged[point_id] = _sentence(point_id, error)
        self.damaged = damaged
        return sorted(seen, key=lambda each: [*each.axes.values(), each.setting])

    def _point(self, point_id: str) -> Seen:
        changed = self._changed_ns(point_id)  # taken first, so that a change while reading is noticed
        kept = self._kept.get(point_id)
        if kept is not None and kept[0] == changed:
            return kept[1]
        seen = see(self.study, point_id)
        if changed < 1e9 * (time.time() - AT_REST_S):  # else another change could leave the same time stamp
            self._kept[point_id] = changed, seen
        return seen

    def _read_index(self, ids: list[str]) -> None:
        """Take completed points from the index, which is faster: it is a single file."""
        index = Index(self.study.path)
        for point_id in ids:
            changed = self._changed_ns(point_id)
            row = index.row(point_id, _not_held)
            if row["status"] == "completed":
                self._kept[point_id] = changed, from_row(self.study, row)

    def _changed_ns(self, point_id: str) -> int:
        return os.stat(f"{self._points}/{point_id}").st_mtime_ns


def _sentence(point_id: str, error: Exception) -> str:
    is_told = isinstance(error, Refused)
    return str(error) if is_told else f"{point_id} cannot be read ({type(error).__name__}: {error})."


def _not_held(point_id: str) -> dict[str, Any]:
    return {"status": f"{point_id} is not in the index"}
