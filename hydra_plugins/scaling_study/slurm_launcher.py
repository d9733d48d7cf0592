"""Hydra's plugin for Slurm."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from launchers.slurm.launcher import Slurm
from launchers.slurm.options import Options
from scaling.study.strict import strict

ConfigStore.instance().store(
    group="hydra/launcher",
    name="slurm",
    node={
        "_target_": "hydra_plugins.scaling_study.slurm_launcher.SlurmLauncher",
        **asdict(Options()),
    },
    provider="scaling_study",
)


class SlurmLauncher(GridLauncher):
    """Passes requests to Slurm, whose options are the launcher's options."""

    def __init__(self, **options: Any) -> None:
        plain = OmegaConf.to_container(OmegaConf.create(options))
        assert isinstance(plain, dict)
        named = {str(name): value for name, value in plain.items()}
        super().__init__(Slurm(strict(Options, named, "hydra.launcher")))
