"""A replay table: how each setting ended when it was trained, elsewhere or by a simulation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from scaling.study.point import Point
from scaling.study.result import Failure

PUBLISHED = "published:"
"""What the names of published tables begin with."""
NEAREST = 2
"""Settings that a sentence names beside one that is not there."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a table tells points apart by."""

    depth: float
    width: float
    resolution: int
    epochs: int
    seed: int | None = None
    """None where the table has no seeds: a row is then of all of them."""

    def __str__(self) -> str:
        axes = {name: value for name, value in asdict(self).items() if value is not None}
        return " ".join(f"{name}={value:.10g}" for name, value in axes.items())

    def distance(self, other: Setting) -> float:
        """How far apart, by the logarithms of the axes; the seed decides between settings alike in these."""
        axes = ("depth", "width", "resolution", "epochs")
        apart = sum(abs(math.log(getattr(self, axis) / getattr(other, axis))) for axis in axes)
        return apart + 1e-9 * abs((self.seed or 0) - (other.seed or 0))


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a setting ended."""

    top1: Mapping[int, float]
    """Accuracy in percent by the epoch of the evaluation; the last one is final where the point completed."""
    noise_sd: float
    """Points by which another run may differ, as the source declares."""
    failure: Failure | None = None
    """None for a completed one."""
    message: str = ""
    """Message of the failure."""
    train_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class ReplayTable:
    """Endings by setting."""

    source: str
    """A published name, or an absolute path."""
    digest: str
    """Digest of what was read, 16 hex digits."""
    endings: Mapping[Setting, Ending]
    unread: frozenset[Setting] = frozenset()
    """Settings that the source itself says it does not show."""

    @property
    def version(self) -> str:
        """The source; of a file with the beginning of its digest, as another content is another table."""
        return self.source if self.source.startswith(PUBLISHED) else f"{self.source} ({self.digest[:8]})"

    @cached_property
    def has_seeds(self) -> bool:
        return any(setting.seed is not None for setting in self.endings)

    def setting(self, point: Point) -> Setting:
        """What the point is looked up by."""
        return Setting(
            depth=point.depth,
            width=point.width,
            resolution=point.resolution,
            epochs=point.epochs,
            seed=point.seed if self.has_seeds else None,
        )

    def nearest(self, setting: Setting) -> list[Setting]:
        """The settings of the table that come closest."""
        return sorted(self.endings, key=setting.distance)[:NEAREST]
