"""A tracker: whether and where a study's points also appear as W&B runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from scaling.errors import Refused

Mode = Literal["offline", "online", "none"]

LOG = "tracker.log"
"""Log file of the mirror, in the study directory."""

REMEMBERED = "tracker.json"
"""File with the project and entity of the study's runs, in the study directory."""

FORBIDDEN = r"/\#?%:"
"""Characters that W&B does not accept in the name of a project, user or team."""


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """The settings of `conf/tracker/*.yaml`. Raises Refused if W&B would not accept them."""

    mode: Mode
    """`offline` writes runs beside the points for a later upload; `online` sends rows as they appear."""
    project: str = "scaling-study"
    """W&B project; the study is a group in it."""
    entity: str | None = None
    """W&B user or team; None for the default of the account."""
    system_metrics: bool = False
    """Whether W&B monitors CPU, memory and GPU of the process that trains a point, if online and on the
    launcher's machine. Other values that W&B shows, such as disk and network, are those of the machine."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise Refused(f"tracker.mode={self.mode} is unknown: use one of {', '.join(get_args(Mode))}.")
        if not _is_name(self.project):
            raise Refused(
                f"tracker.project={self.project!r} is not the name of a W&B project: use 1 to 128 "
                f"characters, none of them in {FORBIDDEN}"
            )
        if self.entity is not None and not _is_name(self.entity):
            raise Refused(
                f"tracker.entity={self.entity!r} is not the name of a W&B user or team: give only its name."
            )


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 128 and not set(value) & set(FORBIDDEN)
