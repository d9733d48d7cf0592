"""A start: the trained weights that a point begins from, instead of random ones. No torch."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scaling.errors import Refused

Tune = Literal["all", "head"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """Part of a point's id."""

    point: str
    """Id of the point that was trained before; its classifier is left out, as the classes may be others."""
    tune: Tune = "all"
    """`all` trains every weight; `head` the classifier alone, a linear probe: the rest stays as it is, and
    its norms use the statistics of the first training."""
    origin: str = ""
    """8 hex digits of how the start was trained, whatever its network and seed; known by the point's id."""
    channels: int | None = None
    """Channels of the images that it was trained on; likewise."""
    study: str = ""
    """Directory that it lies in; as all paths, no part of an id."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{16}", self.point):
            raise Refused(f"start.point={self.point} should be the id of a point, 16 hexadecimal digits.")

    def check_channels(self, data: str, channels: int) -> None:
        """Refused for images of other channels than it was trained on."""
        if self.channels not in (None, channels):
            raise Refused(
                f"start.point={self.point} was trained on images of {self.channels} channels, and {data} has "
                f"{channels}: choose data that are alike in that."
            )

    def identity(self) -> dict[str, Any]:
        """What decides the outcome."""
        return {"point": self.point} | ({} if self.tune == "all" else {"tune": self.tune})

    def row(self) -> dict[str, Any]:
        """The columns that it adds to the row of a point."""
        return {f"start.{name}": value for name, value in asdict(self).items()}

    @property
    def kind(self) -> dict[str, Any]:
        """What starts of networks and seeds that may be compared have in common."""
        return self.identity() | {"point": self.origin or "another"}
