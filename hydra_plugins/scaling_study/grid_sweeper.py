"""Hydra's side of a grid: the overrides of a command line become axes, composed once, not once a point."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig

from hydra_plugins.scaling_study._axes import axes_of, blocks_of, combined, is_axis, values_of
from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from hydra_plugins.scaling_study._request import Composed, check_group, request
from launchers.torchrun import meeting
from scaling.errors import Refused

ConfigStore.instance().store(
    group="hydra/sweeper",
    name="grid",
    node={
        "_target_": "hydra_plugins.scaling_study.grid_sweeper.GridSweeper",
        "params": {},  # axes as override strings; those of the command line take their place by name
    },
    provider="scaling_study",
)


class GridSweeper(Sweeper):
    """Composes each choice of config groups once, and hands all points of all choices over in one piece."""

    def __init__(self, params: dict[str, Any]) -> None:
        del params  # read from each composed config, as a choice of groups may change them

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self._config_loader = hydra_context.config_loader
        self._config = config
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        if meeting().size > 1:
            raise Refused(
                "torchrun's processes train one point together: leave out -m, or torchrun for a grid."
            )
        if not isinstance(self._launcher, GridLauncher):
            raise Refused("hydra/sweeper=grid needs hydra/launcher=local or slurm.")
        if code := self._launcher.launch_request(request(self._compose(arguments))):
            sys.exit(code)

    def _compose(self, arguments: list[str]) -> list[Composed]:
        overrides = self._parse(arguments)
        groups = [each for each in overrides if each.is_sweep_override() and self._is_group(each)]
        for group in groups:
            check_group(group.key_or_group)
        if not groups:
            return self._with_axes(self._config, overrides)
        fixed = [each for each in overrides if not (each in groups or is_axis(each))]
        composed = []
        for choice in product(*(values_of(group) for group in groups)):
            chosen = [
                f"{group.get_key_element()}={value}" for group, value in zip(groups, choice, strict=True)
            ]
            config = self._load([*self._hydra_overrides(), *(_line(each) for each in fixed), *chosen])
            composed += self._with_axes(config, overrides)
        return composed

    def _with_axes(self, config: DictConfig, overrides: Sequence[Override]) -> list[Composed]:
        """The config with its axes, once for each of its blocks."""
        values = [each for each in overrides if not self._is_group(each)]
        shared = axes_of(config, values, self._parse)
        blocks = blocks_of(config, self._parse) or [[]]
        choices = config.hydra.runtime.choices
        named = {each.key_or_group for each in values}
        return [Composed(config, combined(shared, block, named), choices, named) for block in blocks]

    def _load(self, overrides: list[str]) -> DictConfig:
        return self._config_loader.load_configuration(
            config_name=self._config.hydra.job.config_name, overrides=overrides, run_mode=RunMode.MULTIRUN
        )

    def _hydra_overrides(self) -> list[str]:
        return [str(line) for line in self._config.hydra.overrides.hydra]

    def _parse(self, lines: list[str]) -> list[Override]:
        return OverridesParser.create(self._config_loader).parse_overrides(lines)

    def _is_group(self, override: Override) -> bool:
        return bool(self._config_loader.get_group_options(override.key_or_group))


def _line(override: Override) -> str:
    assert override.input_line is not None
    return override.input_line
