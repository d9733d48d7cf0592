"""A start: the trained weights that a point begins from, instead of random ones. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scaling.errors import Refused


@dataclass(frozen=True, kw_only=True)
class Start:
    """Part of a point's id."""

    point: str
    """Id of the point that was trained before; its classifier is left out, as the classes may be others."""

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9a-f]{16}", self.point):
            raise Refused(f"start.point={self.point} should be the id of a point, 16 hexadecimal digits.")
