"""Views: how many parts of a video are looked at when a network is evaluated on it. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.errors import Refused

MOST = 100
"""Views along one axis beyond which a number is taken for a slip."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """Clips of a video whose probabilities are averaged; 3D-ResNet-RS has 10 x 3 of 256 pixels."""

    temporal: int = 1
    """Clips, evenly spread over the video; a single one lies in its middle."""
    spatial: int = 1
    """Squares of each frame, evenly spread along its longer side; a single one in its middle."""
    resolution: int | None = None
    """Pixels along the sides of a view; None is the resolution of the point."""

    def __post_init__(self) -> None:
        for name in ("temporal", "spatial"):
            if not 1 <= getattr(self, name) <= MOST:
                raise Refused(f"views.{name}={getattr(self, name)} should be from 1 to {MOST}.")

    @property
    def number(self) -> int:
        """Number of views of a video."""
        return self.temporal * self.spatial

    def side(self, resolution: int) -> int:
        """Pixels along the sides of a view of a network that trains at `resolution`."""
        return resolution if self.resolution is None else self.resolution

    def stored_side(self, resolution: int) -> int:
        """Pixels along the shorter side of the frames that are kept: enough to train and to evaluate on."""
        return max(resolution, self.side(resolution))
