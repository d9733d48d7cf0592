"""Room: the memory of one device that the workers of a launch share, reserved by estimates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scaling.study.files import locked, read_json, write_json
from scaling.study.lease import Process


@dataclass(frozen=True, kw_only=True)
class Room:
    """The reservations of memory, one made before each point. Those of a dead worker count as free."""

    ledger: Path
    """JSON file of the reservations: which process has reserved how much."""
    size_gb: float
    """Memory that was free when the launch began, in 1e9 bytes."""
    needs_gb: Mapping[str, float]
    """Estimated memory of each point in 1e9 bytes, by its id."""

    def take(self, point_ids: Iterable[str]) -> str | None:
        """Reserve memory until `leave` for the first point that fits, and return its id; None if none fits.

        A point that needs more than the whole device fits if no other worker has a reservation.
        """
        with locked(self.ledger.with_suffix(".lock")):
            taken = self._taken_by_others()
            free_gb = self.size_gb - sum(each["gb"] for each in taken) if taken else math.inf
            point_id = next((each for each in point_ids if self.needs_gb[each] <= free_gb), None)
            if point_id is not None:
                taken.append({"process": asdict(Process.current()), "gb": self.needs_gb[point_id]})
            write_json(self.ledger, {"taken": taken})
        return point_id

    def leave(self) -> None:
        """Cancel the reservation of this process, if it has one."""
        with locked(self.ledger.with_suffix(".lock")):
            write_json(self.ledger, {"taken": self._taken_by_others()})

    def _taken_by_others(self) -> list[dict[str, Any]]:
        taken = (read_json(self.ledger) or {"taken": []})["taken"]
        holders = [Process(**each["process"]) for each in taken]
        me = Process.current()
        return [
            each for each, holder in zip(taken, holders, strict=True) if holder != me and not holder.is_gone()
        ]
