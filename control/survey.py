"""A survey: all points of a study, read again only where something has changed."""

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
    """Call `points` as often as you like."""

    def __init__(self, study: Study, *, forgives: bool = False) -> None:
        """`forgives` leaves out what cannot be read, and says so in `damaged`, instead of refusing it."""
        self.study = study
        self.damaged: Mapping[str, str] = {}
        """By id: why a point could not be read when `points` was called last."""
        self._forgives = forgives
        self._points = f"{study.path}/points"
        self._kept: dict[str, tuple[int, Seen]] = {}
        """By id: when its directory had changed last (ns), and what was read then."""

    def points(self) -> list[Seen]:
        """Every point as it stands, ordered by axes; Refused where one cannot be read."""
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
        changed = self._changed_ns(point_id)  # before the reading
        kept = self._kept.get(point_id)
        if kept is not None and kept[0] == changed:
            return kept[1]
        seen = see(self.study, point_id)
        if changed < 1e9 * (time.time() - AT_REST_S):  # else it may change again under the same time stamp
            self._kept[point_id] = changed, seen
        return seen

    def _read_index(self, ids: list[str]) -> None:
        """Take the completed points that the index holds from there: it is one file."""
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
