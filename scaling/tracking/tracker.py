"""A tracker: whether a study's points also appear as W&B runs, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from scaling.errors import Refused

Mode = Literal["offline", "online", "none"]

LOG = "tracker.log"
"""What a mirror says, in the study directory."""

REMEMBERED = "tracker.json"
"""Where the study is tracked: project and entity, in the study directory."""

FORBIDDEN = r"/\#?%:"
"""Characters that W&B accepts in no name of a project, user or team."""


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """What `conf/tracker/*.yaml` holds. Raises Refused where W&B would not take it."""

    mode: Mode
    """`offline` writes runs beside the points, for upload at any time; `online` sends rows as they appear."""
    project: str = "scaling-study"
    """W&B's project; the study is the group within it."""
    entity: str | None = None
    """W&B's user or team; None is the default of the account."""
    system_metrics: bool = False
    """Whether W&B's monitor watches the process that trains a point, online and on the launcher's machine:
    its CPU, memory and GPU. What W&B shows besides, such as disk and network, is the machine's."""

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise Refused(f"tracker.mode={self.mode} is unknown: use one of {', '.join(get_args(Mode))}.")
        if not _is_name(self.project):
            raise Refused(
                f"tracker.project={self.project!r} is no W&B project: use 1 to 128 characters, "
                f"none of them in {FORBIDDEN}"
            )
        if self.entity is not None and not _is_name(self.entity):
            raise Refused(f"tracker.entity={self.entity!r} is no W&B user or team: give its name alone.")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 128 and not set(value) & set(FORBIDDEN)
