"""Settings that W&B would refuse are refused before anything is launched."""

from __future__ import annotations

from typing import Any

import pytest

from scaling.errors import Refused
from scaling.tracking.tracker import Tracker


@pytest.mark.parametrize("project", ["", "a/b", "x" * 129, "what?", 7])
def test_a_project_name_that_wandb_would_refuse(project: Any) -> None:
    with pytest.raises(Refused, match=r"^tracker\.project="):
        Tracker(mode="offline", project=project)


@pytest.mark.parametrize("entity", ["", "a/b", 7, ["team"]])
def test_an_entity_that_wandb_would_refuse(entity: Any) -> None:
    with pytest.raises(Refused, match=r"^tracker\.entity="):
        Tracker(mode="offline", entity=entity)


def test_an_unknown_mode_is_named() -> None:
    with pytest.raises(Refused, match=r"^tracker\.mode=of is unknown: use one of offline, online, none"):
        Tracker(mode="of")  # type: ignore[arg-type]
