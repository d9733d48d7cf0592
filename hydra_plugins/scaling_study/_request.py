"""The request of a command line: its composed configs as grids of plain settings, by study."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from hydra_plugins.scaling_study._axes import logs_of
from hydra_plugins.scaling_study._composed import Composed, has_interpolations, plain, without_hydra
from hydra_plugins.scaling_study._options import check_axis
from hydra_plugins.scaling_study._starts import with_starts
from hydra_plugins.scaling_study._wishes import (
    adaptive_of,
    check_governed,
    check_pseudo,
    ids_of,
    limits_of,
    match_of,
    patterns_of,
    show_of,
    stopping_of,
    yes_or_no,
)
from launchers.request import Request
from launchers.torchrun import typed_line
from scaling.data.catalog import DataConfig, declare
from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.study.grid import Expansion, Grid, expand
from scaling.study.strict import strict
from scaling.tracking.tracker import Tracker

_OF_A_LINE = (
    "device",
    "tracker",
    "where",
    "only",
    "limit",
    "stop",
    "reuse",
    "plan",
    "probe",
    "hydra.launcher",
)
"""Settings that all grids of a command line must have in common."""


def one_point(config: DictConfig, choices: Mapping[str, str | None], named: Collection[str]) -> Composed:
    """The config of a command line without -m. Raises Refused if it describes a grid."""
    for key in ("zip", "blocks", "before"):
        if config[key] is not None:
            raise Refused(f"{key}={config[key]} names several points: add -m to make a grid of them.")
    if config.study.adaptive:
        raise Refused("study.adaptive chooses among the points of a grid: add -m.")
    if choices.get("hydra/launcher") == "replay":
        raise Refused("hydra/launcher=replay answers the points of a grid: add -m.")
    if config.start.study is not None and config.start.point is None:
        raise Refused(f"start.study={config.start.study} names several points: add -m, or start.point.")
    for name in logs_of(without_hydra(config)):
        value = OmegaConf.select(config, name)
        raise Refused(f"{name}={value} names several values: add -m to make a grid of them.")
    return Composed(config, [], choices, named)


def request(composed: Sequence[Composed]) -> Request:
    """The request with all points of the composed grids. Raises Refused, naming all that cannot be built."""
    first = composed[0].settings
    beforehand = [before for each in composed for before in each.before if _starts_from(each, before)]
    _check_alike([*beforehand, *composed], _OF_A_LINE)
    by_path: dict[Path, list[Composed]] = defaultdict(list)
    for each in (*beforehand, *composed):
        if each not in by_path[each.study_path]:
            by_path[each.study_path].append(each)
    expansions: dict[Path, Expansion] = {}
    for path, of_study in by_path.items():
        _check_alike(of_study, ["keep_weights"])
        grids = [grid for each in of_study for grid in _started(each, expansions)]
        expansions[path] = expand(grids, _declare)
    return Request(
        studies=expansions,
        runtime=composed[0].runtime,
        runtimes={path: of_study[0].runtime for path, of_study in by_path.items()},
        beforehand=frozenset(each.study_path for each in beforehand),
        tracker=strict(Tracker, first["tracker"], "tracker"),
        command=typed_line(),
        show=show_of(first["plan"]),
        where=first["where"],
        limits=limits_of(first["limit"]),
        only=ids_of(first["only"]),
        adaptive=adaptive_of(first["study"]),
        reuse=patterns_of(first["reuse"]),
        stopping=stopping_of(first["stop"]),
        probe=yes_or_no("probe", first["probe"]),
    )


def _starts_from(composed: Composed, before: Composed) -> bool:
    """Whether points start from the study before theirs; not if `start.study` names another."""
    start = composed.start_study
    return start is not None and start.resolve() == before.study_path.resolve()


def _check_alike(composed: Sequence[Composed], keys: Sequence[str]) -> None:
    """Raise Refused if the grids differ in settings that must be common."""

    def of(each: Composed, key: str) -> Any:
        launcher = each.config.hydra.launcher if key == "hydra.launcher" else None
        return OmegaConf.to_container(launcher) if launcher is not None else each.settings[key]

    for key in keys if len(composed) > 1 else ():
        if any(of(each, key) != of(composed[0], key) for each in composed[1:]):
            raise Refused(f"The grids of this line differ in {key}: launch them one at a time.")


def _started(composed: Composed, expansions: Mapping[Path, Expansion]) -> list[Grid]:
    """The grids of a config, with points that start from those of another study if the config says so."""
    named = {*composed.named, *(name for axis in composed.axes for name in axis.names)}
    return with_starts(_grids(composed), composed.start_study, expansions, named)


def _grids(composed: Composed) -> list[Grid]:
    """One grid, or one for each point if settings of the config refer to others."""
    config, settings = composed.config, composed.settings
    names = [name for axis in composed.axes for name in axis.names]
    for name in names:
        check_axis(config, name)
    named = {*names, *composed.named}
    check_governed(config.regularization.policy, named)
    check_pseudo(settings.get("pseudo"), named)
    match = match_of(settings["match"], named)
    if not has_interpolations(config):
        return [Grid(settings, composed.axes, match)]
    grids = []
    for assignment in Grid({}, composed.axes).assignments():
        changed = config.copy()
        for name, value in assignment.items():
            OmegaConf.update(changed, name, value)
        grids.append(Grid(plain(changed), (), match))
    return grids


def _declare(values: Mapping[str, Any]) -> DataSet:
    return declare(strict(DataConfig, values, "data"))
