"""Saving: the files in which a run keeps its state, and from which it resumes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scaling.training.checkpoint import Checkpoint
from scaling.training.run import Run
from scaling.training.trunk import Trunk


@dataclass(frozen=True, kw_only=True)
class Saving:
    """The files of a point. Only the first of several processes reads and writes them."""

    checkpoint: Checkpoint
    every_s: float
    """Seconds between checkpoints."""
    trunk: Trunk | None = None
    """The steps that the point may share with points of another length."""

    def resumed(self, run: Run) -> Run:
        """Set a new run to its checkpoint or, without one, to the last state of its trunk, if any."""
        processes = run.processes
        if (saved := processes.from_first(self.checkpoint.load)) is not None:
            run.restore(saved)
        elif (shared := processes.from_first(self._of_trunk)) is not None:
            run.branch_off(shared)
        return run

    def save(self, run: Run) -> None:
        """Write the checkpoint; raises Unwritable."""
        if run.processes.is_first:
            self.checkpoint.save(run.state())

    def share(self, run: Run) -> None:
        """Save the state for points that branch off after this step, if there are any; raises Unwritable."""
        if self.trunk is not None and run.step in self.trunk.kept and run.processes.is_first:
            self.trunk.save(run.step, run.state())

    def end(self) -> None:
        """Remove what a finished point and those that branch off it no longer need."""
        self.checkpoint.remove()
        if self.trunk is not None:
            self.trunk.leave()

    def _of_trunk(self) -> dict[str, Any] | None:
        return self.trunk.load() if self.trunk else None
