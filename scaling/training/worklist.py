"""A work list: the points that a worker runs, one after another, and the terms of their launch."""

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
    """How a launch treats points that are interrupted or fail."""

    max_requeues: int = 2
    """How often a point is resumed after it was stopped or its process was killed."""
    same_failure_limit: int = 3
    """The launch stops if this number of points, the first ones to end, failed with the same traceback."""

    def __post_init__(self) -> None:
        if self.max_requeues < 0:
            raise Refused(f"hydra.launcher.max_requeues={self.max_requeues} must not be negative.")
        if self.same_failure_limit < 1:
            raise Refused(f"hydra.launcher.same_failure_limit={self.same_failure_limit} must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The settings that all points of a launch share."""

    launch: str
    """Name of the launch; a point that failed in a launch is not started again in the same one."""
    runtime: Runtime
    policy: Policy = field(default_factory=Policy)
    snapshot: str | None = None
    """Hash of the code that the launch runs; None if no snapshot was taken."""
    needed: frozenset[str] = frozenset()
    """Ids of the points whose weights other points of the launch begin from."""
    trunks: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Steps after which a point saves its state for shorter or longer points, by id."""

    def keeps_weights(self, point_id: str) -> bool:
        """Whether the point's weights are kept after its training."""
        return self.runtime.keep_weights or point_id in self.needed


@dataclass(frozen=True, kw_only=True)
class WorkList:
    """The input of a worker process, made by a launcher."""

    study: Path
    point_ids: tuple[str, ...]
    terms: Terms
    room: Room | None = None
    """The memory shared with other workers; None if it need not be shared out."""
    launcher: Process | None = None
    """The process with which the worker ends; None if the worker may outlive its launcher."""
    deadline: float | None = None
    """When to stop because the job's time is nearly up, in seconds since 1970; None for never."""
