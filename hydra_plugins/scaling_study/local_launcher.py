"""Hydra's plugin for the local pool."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hydra.core.config_store import ConfigStore

from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from launchers.local import LocalPool
from scaling.study.strict import strict

ConfigStore.instance().store(
    group="hydra/launcher",
    name="local",
    node={
        "_target_": "hydra_plugins.scaling_study.local_launcher.LocalLauncher",
        **asdict(LocalPool()),
    },
    provider="scaling_study",
)


class LocalLauncher(GridLauncher):
    """Passes requests to a LocalPool, whose fields are the launcher's options."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strict(LocalPool, options, "hydra.launcher"))
