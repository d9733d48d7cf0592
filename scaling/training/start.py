"""A start: the trained weights that a point begins from, in place of random ones. No torch import."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scaling.errors import Refused
from scaling.quantity import counted

Tune = Literal["all", "head"]


@dataclass(frozen=True, kw_only=True)
class Start:
    """The start of a point; `point` and `tune` enter the point's id."""

    point: str
    """Id of the trained point whose weights are used, except its classifier, since the classes may differ."""
    tune: Tune = "all"
    """`all` trains every weight; `head` trains the classifier only, a linear probe: all other weights are
    frozen, and norms use the statistics of the first training."""
    origin: str = ""
    """8 hex digits of how the start was trained, whatever its network and seed; implied by `point`."""
    channels: int | None = None
    """Channels of the images that it was trained on; implied by `point`."""
    study: str = ""
    """Directory of the study that holds it; like all paths, not part of the id."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{16}", self.point):
            raise Refused(f"start.point={self.point} should be the id of a point, 16 hexadecimal digits.")

    def check_channels(self, data: str, channels: int) -> None:
        """Refuse images with another number of channels than those it was trained on.

        The sentence does not name the point, so that it is said once for all starts.
        """
        if self.channels is not None and self.channels != channels:
            raise Refused(
                f"a start was trained on images of {counted(self.channels, 'channel')}, but {data} has "
                f"{channels}: choose data with the same number of channels."
            )

    def identity(self) -> dict[str, Any]:
        """The fields that decide the outcome, which enter the point's id."""
        return {"point": self.point} | ({} if self.tune == "all" else {"tune": self.tune})

    def row(self) -> dict[str, Any]:
        """The columns that a start adds to the row of a point."""
        return {f"start.{name}": value for name, value in asdict(self).items()}

    @property
    def kind(self) -> dict[str, Any]:
        """What two starts must have in common for their points to be comparable across networks and seeds."""
        return self.identity() | {"point": self.origin or "another"}
