"""A request: what a command line asks for, with nothing of Hydra left in it, and what a launcher must
offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from rich.console import Console

from launchers.replay.answers import Answers
from scaling.study.grid import Expansion
from scaling.study.limits import Limits
from scaling.study.plan import Plan
from scaling.study.precision import Precision
from scaling.study.snapshot import Snapshot
from scaling.study.stopping import Stopping
from scaling.study.store import Study
from scaling.study.trunk import states_to_keep
from scaling.tracking.tracker import Tracker
from scaling.training.runtime import Runtime
from scaling.training.worklist import Policy, Terms

Show = Literal["launch", "table", "json", "csv"]


@dataclass(frozen=True, kw_only=True)
class Launching:
    """What a launcher is given: the plan of one study, written down, and how to run and show it."""

    study: Study
    plan: Plan
    snapshot: Snapshot
    runtime: Runtime
    tracker: Tracker
    console: Console
    needed: frozenset[str] = frozenset()
    """Ids of points that others of the line need, and which therefore keep their weights."""

    def terms(self, launch: str, policy: Policy) -> Terms:
        """The terms that hold for all points of the plan."""
        return Terms(
            launch=launch,
            runtime=self.runtime,
            policy=policy,
            snapshot=self.snapshot.hash,
            needed=self.needed,
            trunks=states_to_keep(self.plan.to_run),
        )


class Launcher(Protocol):
    """Where points run."""

    is_slurm: ClassVar[bool]
    """Whether it needs Slurm to answer."""

    @property
    def answers(self) -> Answers | None:
        """The table that points are answered from instead of being trained; None where they train."""
        ...

    def num_slots(self, runtime: Runtime) -> int:
        """Points that train at a time, each at full speed."""
        ...

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may take on its device, in 1e9 bytes; None where nothing tells."""
        ...

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Refused where no point could train there, before anything is written."""
        ...

    def launch(self, launching: Launching) -> Counter[str]:
        """Run the plan, or hand it to the scheduler; returns how many of its points have which status after
        that."""
        ...


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """Rounds of the points that teach most, until the rules are settled."""

    budget: float | None = None
    """Train FLOPs that they may take in all, done points included; None for no limit."""
    smallest: float = 0.0
    """Points of top-1: depth and width that differ by less need not be told apart."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """Points by study, how to choose among them, and where and how they run."""

    studies: Mapping[Path, Expansion]
    """Points by the directory of their study."""
    runtime: Runtime
    runtimes: Mapping[Path, Runtime] = field(default_factory=dict)
    """Runtimes by study, where studies differ in where images and starts lie."""
    beforehand: frozenset[Path] = frozenset()
    """Studies that others begin from; `where` does not apply to them."""
    tracker: Tracker
    command: str
    """The line itself, for the study's history."""
    show: Show = "launch"
    """`launch` runs the plan; the others print it as a table, as JSON or as CSV, and run nothing."""
    where: str | None = None
    limits: Limits = field(default_factory=Limits)
    only: tuple[str, ...] = ()
    """Ids, or beginnings of ids, of the points to train now; empty for all points."""
    reuse: tuple[str, ...] = ()
    """Directories of other studies, or shell patterns of them, whose results may be taken over."""
    adaptive: Adaptive | None = None
    """How to launch only the points that teach most, round by round; None launches the plan as it is."""
    stopping: Stopping = field(default_factory=Stopping)
    probe: bool = False
    """Whether to measure some training steps here before the plan."""

    def runtime_of(self, study: Path) -> Runtime:
        """How the points of a study run."""
        return self.runtimes.get(study, self.runtime)
