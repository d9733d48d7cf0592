"""A request: what a command line asks for, independent of Hydra, and the interface of launchers."""

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
    """The input of a launcher: the stored plan of one study, and how to run and show it."""

    study: Study
    plan: Plan
    snapshot: Snapshot
    runtime: Runtime
    tracker: Tracker
    console: Console
    needed: frozenset[str] = frozenset()
    """Ids of points that other points of the command line need, so that they keep their weights."""

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
    """Whether the launcher needs Slurm to answer."""

    @property
    def answers(self) -> Answers | None:
        """The replay table that answers for the points; None if they are trained."""
        ...

    def num_slots(self, runtime: Runtime) -> int:
        """Number of points that train at a time, each at full speed."""
        ...

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may use on its device, in 1e9 bytes; None if unknown."""
        ...

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Raise Refused if no point could train there, before anything is written."""
        ...

    def launch(self, launching: Launching) -> Counter[str]:
        """Run or submit the plan; return the number of its points by status, empty if only submitted."""
        ...


@dataclass(frozen=True, kw_only=True)
class Adaptive:
    """Options of the adaptive loop: rounds of the most informative points, until the rules are decided."""

    budget: float | None = None
    """Limit on training FLOPs in all, including completed points; None for no limit."""
    smallest: float = 0.0
    """Smallest difference between depth and width, in points of top-1, that has to be resolved."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """The points by study, how to choose among them, and where and how they run."""

    studies: Mapping[Path, Expansion]
    """Points by the directory of their study."""
    runtime: Runtime
    runtimes: Mapping[Path, Runtime] = field(default_factory=dict)
    """Runtimes by study, where studies differ in where images and starts lie."""
    beforehand: frozenset[Path] = frozenset()
    """Studies that others start from; `where` does not apply to them."""
    tracker: Tracker
    command: str
    """The command line itself, for the history of the studies."""
    show: Show = "launch"
    """`launch` runs the plan; the others print it as a table, as JSON or as CSV, and run nothing."""
    where: str | None = None
    limits: Limits = field(default_factory=Limits)
    only: tuple[str, ...] = ()
    """Ids, or prefixes of ids, of the points to train now; empty for all."""
    reuse: tuple[str, ...] = ()
    """Directories of other studies, or patterns, whose results may be taken over."""
    adaptive: Adaptive | None = None
    """Options of the adaptive loop; None to launch the plan as it is."""
    stopping: Stopping = field(default_factory=Stopping)
    probe: bool = False
    """Whether to measure some training steps here before planning."""

    def runtime_of(self, study: Path) -> Runtime:
        """The runtime for the points of a study."""
        return self.runtimes.get(study, self.runtime)
