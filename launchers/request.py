"""A request: what a command line asks for, freed of Hydra, and what it asks of a launcher."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from launchers.watch import Tally
from scaling.study.grid import Expansion
from scaling.study.limits import Limits
from scaling.study.plan import Plan
from scaling.study.snapshot import Snapshot
from scaling.study.store import Study
from scaling.tracking.tracker import Tracker
from scaling.training.runtime import Runtime

Show = Literal["launch", "table", "json", "csv"]


class Launcher(Protocol):
    """Where points run."""

    def num_slots(self, runtime: Runtime) -> int: ...

    def run(
        self,
        study: Study,
        plan: Plan,
        snapshot: Snapshot,
        runtime: Runtime,
        show: Callable[[Tally], None],
    ) -> Tally: ...


@dataclass(frozen=True, kw_only=True)
class Request:
    """Points by study, how to choose among them, and where and how they run."""

    studies: Mapping[Path, Expansion]
    """Points by the directory of their study."""
    runtime: Runtime
    tracker: Tracker
    command: str
    """The line itself, for the study's history."""
    show: Show = "launch"
    """`launch` runs the plan; the others print it as a table, as JSON or as CSV, and run nothing."""
    where: str | None = None
    limits: Limits = field(default_factory=Limits)
    reuse: tuple[str, ...] = ()
    """Directories of other studies, or patterns of them, whose results may be taken over."""
    probe: bool = False
    """Whether to measure some training steps here before the plan."""
