"""The states of a trunk: saved by the point that trains it, and loaded by the points that branch off."""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scaling.study.files import Fence, set_aside, write_bytes, writing_below
from scaling.study.point import Point
from scaling.study.trunk import last_state, state_file, trunk_directory, trunk_steps
from scaling.training.checkpoint import Damaged, read_state, state_bytes

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trunk:
    """The trunk of a point: the steps before its cooldown, which it may share with other points."""

    directory: Path
    end: int
    """Number of steps of the point before its cooldown."""
    kept: Collection[int] = ()
    """Steps after which the point saves its state for others."""
    fence: Fence | None = None

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Save the state after `step` for other points; raises Unwritable, and what the fence raises."""
        with writing_below(self.directory.parent):
            self.directory.mkdir(parents=True, exist_ok=True)
            write_bytes(state_file(self.directory, step), state_bytes(state), self.fence, flush=True)

    def load(self) -> dict[str, Any] | None:
        """The last state before the cooldown, on the CPU; None without one. A damaged state is set aside."""
        while step := last_state(self.directory, self.end):
            file = state_file(self.directory, step)
            try:
                state = read_state(file)
            except (Damaged, FileNotFoundError) as error:
                log.warning("%s cannot be used: %s", file, error)
                set_aside(file)
                continue
            log.info("goes on from its trunk at step %d", step)
            return state
        return None

    def leave(self) -> None:
        """Remove the state at which the point has branched off, unless a longer point may resume from it."""
        if self.end not in self.kept and last_state(self.directory, 1 << 62) > self.end:
            with suppress(OSError):
                state_file(self.directory, self.end).unlink(missing_ok=True)


def trunk_of(study: Path, point: Point, kept: Collection[int], fence: Fence) -> Trunk | None:
    """The trunk of a point of the study; None if the point cannot share steps with others."""
    end = trunk_steps(point)
    if not end:
        return None
    return Trunk(directory=trunk_directory(study, point), end=end, kept=frozenset(kept), fence=fence)
