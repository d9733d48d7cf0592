"""A replay table: how each setting ended when it was trained elsewhere or simulated."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from scaling.study.point import Point
from scaling.study.result import Failure

PUBLISHED = "published:"
"""Prefix of the names of published tables."""
NEAREST = 2
"""Number of similar settings that a refusal names for a missing one."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The axes by which a table distinguishes points."""

    depth: float
    width: float
    resolution: int
    epochs: int
    seed: int | None = None
    """None if the table has no seeds, so that a row stands for all of them."""

    def __str__(self) -> str:
        axes = {name: value for name, value in asdict(self).items() if value is not None}
        return " ".join(f"{name}={value:.10g}" for name, value in axes.items())

    def distance(self, other: Setting) -> float:
        """Distance between settings in the logarithms of the axes; the seed only breaks ties."""
        axes = ("depth", "width", "resolution", "epochs")
        apart = sum(abs(math.log(getattr(self, axis) / getattr(other, axis))) for axis in axes)
        return apart + 1e-9 * abs((self.seed or 0) - (other.seed or 0))


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a setting ended."""

    top1: Mapping[int, float]
    """Accuracy in percent by the epoch of the evaluation; the last one is final if the point completed."""
    noise_sd: float
    """Standard deviation between runs in points, as the source declares it."""
    failure: Failure | None = None
    """Failure class; None if completed."""
    message: str = ""
    """Message of the failure."""
    train_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReplayTable:
    """The endings of settings, with their source."""

    source: str
    """A published name, or an absolute path."""
    digest: str
    """Digest of the content, 16 hex digits."""
    endings: Mapping[Setting, Ending]
    unread: frozenset[Setting] = frozenset()
    """Settings that the source declares as missing."""

    @property
    def version(self) -> str:
        """The source, for a file with the first digits of its digest, so that edited files differ."""
        return self.source if self.source.startswith(PUBLISHED) else f"{self.source} ({self.digest[:8]})"

    @cached_property
    def has_seeds(self) -> bool:
        return any(setting.seed is not None for setting in self.endings)

    def setting(self, point: Point) -> Setting:
        """The setting under which the point is looked up."""
        return Setting(
            depth=point.depth,
            width=point.width,
            resolution=point.resolution,
            epochs=point.epochs,
            seed=point.seed if self.has_seeds else None,
        )

    def nearest(self, setting: Setting) -> list[Setting]:
        """The NEAREST settings of the table."""
        return sorted(self.endings, key=setting.distance)[:NEAREST]
