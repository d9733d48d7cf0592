"""A work list: the points that a worker takes one after another, and the terms of their launch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scaling.errors import Refused
from scaling.study.lease import Process
from scaling.training.room import Room
from scaling.training.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a launch does about points that do not end well."""

    max_requeues: int = 2
    """How often a point goes on after it was stopped or lost its process."""
    same_failure_limit: int = 3
    """The launch stops when the first so many points to end have failed with one traceback."""

    def __post_init__(self) -> None:
        if self.max_requeues < 0:
            raise Refused(f"hydra.launcher.max_requeues={self.max_requeues} must not be negative.")
        if self.same_failure_limit < 1:
            raise Refused(f"hydra.launcher.same_failure_limit={self.same_failure_limit} must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What holds for every point of a launch."""

    launch: str
    """Names the launch: a point that failed in it is not started in it again."""
    runtime: Runtime
    policy: Policy = field(default_factory=Policy)
    snapshot: str | None = None
    """Hash of the code that the launch runs; None where nobody took a snapshot."""
    needed: frozenset[str] = frozenset()
    """Ids of points whose weights others of the launch begin from."""
    trunks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Steps at which points keep their state for shorter or longer ones, by id."""

    def keeps_weights(self, point_id: str) -> bool:
        """Whether the point's weights outlive its training."""
        return self.runtime.keep_weights or point_id in self.needed


@dataclass(frozen=True, kw_only=True)
class WorkList:
    """What a launcher hands to a worker process."""

    study: Path
    point_ids: tuple[str, ...]
    terms: Terms
    room: Room | None = None
    """The memory that is shared with other workers; None where there is enough."""
    launcher: Process | None = None
    """When this process is gone, the worker stops too; None for one that outlives its launcher."""
    deadline: float | None = None
    """When to stop, in seconds since 1970, because the job's time is nearly up; None: never."""
