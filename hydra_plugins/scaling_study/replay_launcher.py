"""Hydra's plugin for replays."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hydra.core.config_store import ConfigStore

from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from launchers.replay.launcher import Replay
from scaling.study.strict import strict

ConfigStore.instance().store(
    group="hydra/launcher",
    name="replay",
    node={
        "_target_": "hydra_plugins.scaling_study.replay_launcher.ReplayLauncher",
        **{option.name: option.default for option in fields(Replay)},
    },
    provider="scaling_study",
)


class ReplayLauncher(GridLauncher):
    """Passes requests to a Replay, whose fields are the launcher's options."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict(Replay, options, "hydra.launcher"))
