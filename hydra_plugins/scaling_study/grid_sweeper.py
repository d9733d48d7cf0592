"""Hydra's sweeper for grids: overrides become axes, and the config is composed once, not once per point."""

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
from omegaconf import DictConfig, OmegaConf

from control.stopper_process import beside
from hydra_plugins.scaling_study._axes import axes_of, blocks_of, combined, is_axis, values_of
from hydra_plugins.scaling_study._composed import Composed
from hydra_plugins.scaling_study._grid_launcher import GridLauncher
from hydra_plugins.scaling_study._options import check_group
from hydra_plugins.scaling_study._request import request
from launchers.torchrun import meeting
from scaling.errors import Refused
from scaling.study.axis import Axis

ConfigStore.instance().store(
    group="hydra/sweeper",
    name="grid",
    node={
        "_target_": "hydra_plugins.scaling_study.grid_sweeper.GridSweeper",
        "params": {},  # axes as override strings; those of the command line replace them by name
    },
    provider="scaling_study",
)

OF_BOTH = (
    "device",
    "tracker",
    "limit",
    "stop",
    "keep_weights",
    "reuse",
    "plan",
    "probe",
    "hydra",
    "hydra/launcher",
)
"""Settings of a command line that also apply to the study it launches before its own."""


class GridSweeper(Sweeper):
    """Composes each choice of config groups once, and passes all points of all choices to one launch."""

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
            raise Refused("hydra/sweeper=grid needs hydra/launcher=local, slurm or replay.")
        asked = request(self._compose(arguments))
        with beside(asked):
            code = self._launcher.launch_request(asked)
        if code:
            sys.exit(code)

    def _compose(self, arguments: list[str]) -> list[Composed]:
        overrides = self._parse(arguments)
        groups = [each for each in overrides if each.is_sweep_override() and self._is_group(each)]
        for group in groups:
            check_group(group.key_or_group)
        fixed = [_line(each) for each in overrides if not (each in groups or is_axis(each))]
        if not groups:
            return self._with_axes(self._config, overrides, fixed)
        composed = []
        for choice in product(*(values_of(group) for group in groups)):
            chosen = [
                f"{group.get_key_element()}={value}" for group, value in zip(groups, choice, strict=True)
            ]
            config = self._load([*fixed, *chosen])
            composed += self._with_axes(config, overrides, [*fixed, *chosen])
        return composed

    def _with_axes(
        self, config: DictConfig, overrides: Sequence[Override], lines: Sequence[str]
    ) -> list[Composed]:
        """The config composed from `lines`, with its axes: once per block and per choice of groups in it."""
        values = [each for each in overrides if not self._is_group(each)]
        shared = axes_of(config, values, self._parse)
        choices = config.hydra.runtime.choices
        named = {each.key_or_group for each in overrides}
        composed, before = [], self._before(config, overrides)
        for block in blocks_of(config, self._parse) or [[]]:
            groups = [each for each in block if self._chooses(each)]
            axes = combined(shared, [each for each in block if each not in groups], named)
            if not groups:
                composed.append(Composed(config, axes, choices, named, before))
                continue
            self._check_groups(groups, overrides)
            for choice in product(*(each.values for each in groups)):
                chosen = [f"{each.names[0]}={one[0]}" for each, one in zip(groups, choice, strict=True)]
                own = self._load([*lines, *chosen])
                also = {*named, *(each.names[0] for each in groups)}
                composed.append(Composed(own, axes, own.hydra.runtime.choices, also, before))
        return composed

    def _chooses(self, axis: Axis) -> bool:
        """Whether the axis is a config group and its values are names of files."""
        return bool(self._options(axis.names[0])) and all(isinstance(one, str) for (one, *_) in axis.values)

    def _check_groups(self, groups: Sequence[Axis], overrides: Sequence[Override]) -> None:
        """Raise Refused if a group of a block is also on the command line, or cannot have several choices."""
        named = {each.key_or_group for each in overrides}
        for name in (each.names[0] for each in groups):
            check_group(name)
            if name in named:
                raise Refused(f"{name} is set by the study's blocks and outside them: change blocks instead.")

    def _before(self, config: DictConfig, overrides: Sequence[Override]) -> list[Composed]:
        """The study that has to be launched first, with the settings of the line that apply to it too."""
        if config.before is None:
            return []
        kept = [_line(each) for each in overrides if each.key_or_group.split(".")[0] in OF_BOTH]
        kept += [_line(each) for each in overrides if each.key_or_group == "study.root"]
        lines = [*kept, f"study={config.before}"]
        first = self._load(lines)
        if first.before is not None:
            raise Refused(
                f"before={config.before} has a study before itself: launch that one by a separate line."
            )
        OmegaConf.update(first, "where", config.where)
        return self._with_axes(first, [], lines)

    def _load(self, overrides: list[str]) -> DictConfig:
        return self._config_loader.load_configuration(
            config_name=self._config.hydra.job.config_name,
            overrides=[*map(str, self._config.hydra.overrides.hydra), *overrides],
            run_mode=RunMode.MULTIRUN,
        )

    def _parse(self, lines: list[str]) -> list[Override]:
        return OverridesParser.create(self._config_loader).parse_overrides(lines)

    def _is_group(self, override: Override) -> bool:
        return bool(self._options(override.key_or_group))

    def _options(self, group: str) -> list[str]:
        options: list[str] = self._config_loader.get_group_options(group)
        return options


def _line(override: Override) -> str:
    assert override.input_line is not None
    return override.input_line
