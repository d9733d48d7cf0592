"""Views: the parts of a video on which a network is evaluated. No torch import."""

from __future__ import annotations

from dataclasses import dataclass

from scaling.errors import Refused

MOST = 100
"""Largest number of views along one axis; more would be a typing error."""


@dataclass(frozen=True, kw_only=True)
class Views:
    """The clips of a video whose probabilities are averaged; 3D-ResNet-RS uses 10 x 3 of 256 pixels."""

    temporal: int = 1
    """Number of clips evenly spread over the video; a single one lies in the middle."""
    spatial: int = 1
    """Number of squares evenly spread along the longer side of a frame; a single one lies in the middle."""
    resolution: int | None = None
    """Pixels along the sides of a view; None for the resolution of the point."""

    def __post_init__(self) -> None:
        for name in ("temporal", "spatial"):
            if not 1 <= getattr(self, name) <= MOST:
                raise Refused(f"views.{name}={getattr(self, name)} should be from 1 to {MOST}.")

    @property
    def number(self) -> int:
        """Number of views of a video."""
        return self.temporal * self.spatial

    def side(self, resolution: int) -> int:
        """Pixels along the sides of a view, for a network that trains at `resolution`."""
        return resolution if self.resolution is None else self.resolution

    def stored_side(self, resolution: int) -> int:
        """Pixels along the shorter side of the decoded frames, enough for both training and evaluation."""
        return max(resolution, self.side(resolution))
