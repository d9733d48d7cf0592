"""Hydra's side of a grid: the overrides of a command line become axes, composed once, not once a point."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import product
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, QuotedString
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, RunMode, TaskFunction
from omegaconf import DictConfig, OmegaConf

from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from hydra_plugins.scaling_study._request import Composed, check_group, request
from scaling.errors import Refused
from scaling.study.grid import Axis

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
        if not isinstance(self._launcher, GridLauncher):
            raise Refused("hydra/sweeper=grid needs hydra/launcher=local.")
        if code := self._launcher.launch_request(request(self._compose(arguments))):
            sys.exit(code)

    def _compose(self, arguments: list[str]) -> list[Composed]:
        overrides = self._parse(arguments)
        varied = [override for override in overrides if override.is_sweep_override()]
        groups = [override for override in varied if self._is_group(override)]
        for group in groups:
            check_group(group.key_or_group)
        if not groups:
            return [self._with_axes(self._config, overrides)]
        fixed = [override for override in overrides if not override.is_sweep_override()]
        composed = []
        for choice in product(*(_values(group) for group in groups)):
            chosen = [
                f"{group.get_key_element()}={value}" for group, value in zip(groups, choice, strict=True)
            ]
            config = self._load([*self._hydra_overrides(), *(_line(each) for each in fixed), *chosen])
            composed.append(self._with_axes(config, overrides))
        return composed

    def _with_axes(self, config: DictConfig, overrides: Sequence[Override]) -> Composed:
        """The axes of the config's own grid, each replaced by what the command line says of it."""
        params = config.hydra.sweeper.params
        if not OmegaConf.is_dict(params):
            raise Refused(f"hydra.sweeper.params={params} should name axes, such as {{depth: '8,14'}}.")
        axes = {each.key_or_group: _values(each) for each in self._parse(_lines(params))}
        for override in overrides:
            varied = override.key_or_group in axes or override.is_sweep_override()
            if varied and not self._is_group(override):
                axes[override.key_or_group] = _values(override)
        grid = [Axis(name, values) for name, values in axes.items()]
        return Composed(config, grid, config.hydra.runtime.choices)

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


def _lines(params: dict[Any, Any]) -> list[str]:
    return [f"{name}={value}" for name, value in params.items()]


def _line(override: Override) -> str:
    assert override.input_line is not None
    return override.input_line


def _values(override: Override) -> list[Any]:
    """The values of an axis as plain Python; a single value is an axis of one."""
    if not override.is_sweep_override():
        return [override.value()]
    if not override.is_discrete_sweep():
        raise Refused(
            f"{override.input_line} names no values: list them with commas, or use range(start,stop,step)."
        )
    values = [
        element.text if isinstance(element, QuotedString) else element
        for element in override.sweep_iterator()
    ]
    if not values:
        raise Refused(f"{override.input_line} names no values at all.")
    return values
