"""What a command line asks for, freed of Hydra: grids of plain settings by study, and how to run them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_plugins.scaling_study._axes import logs_of
from hydra_plugins.scaling_study._options import KEYS, SECTIONS, SINGLE, check_axis, unknown_option
from hydra_plugins.scaling_study._starts import start_study, with_starts
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
from scaling.errors import Refused
from scaling.study.axis import Axis
from scaling.study.grid import Expansion, Grid, expand
from scaling.study.strict import strict
from scaling.tracking.tracker import Tracker
from scaling.training.runtime import Runtime

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
"""What all grids of a line have in common."""


@dataclass(frozen=True)
class Composed:
    """One composed config, the axes to vary on top of it, and the choice made in each config group."""

    config: DictConfig
    axes: Sequence[Axis]
    choices: Mapping[str, str | None]
    named: Collection[str] = ()
    """What the line itself gives a value."""
    before: Sequence[Composed] = ()
    """The study that is launched first."""


def one_point(config: DictConfig, choices: Mapping[str, str | None], named: Collection[str]) -> Composed:
    """What a line without -m asks for; Refused where it asks for a grid."""
    for key in ("zip", "blocks", "before"):
        if config[key] is not None:
            raise Refused(f"{key}={config[key]} names several points: add -m to make a grid of them.")
    if config.study.adaptive:
        raise Refused("study.adaptive chooses among the points of a grid: add -m.")
    if choices.get("hydra/launcher") == "replay":
        raise Refused("hydra/launcher=replay answers the points of a grid: add -m.")
    if config.start.study is not None and config.start.point is None:
        raise Refused(f"start.study={config.start.study} names several points: add -m, or start.point.")
    for name in logs_of(_without_hydra(config)):
        value = OmegaConf.select(config, name)
        raise Refused(f"{name}={value} names several values: add -m to make a grid of them.")
    return Composed(config, [], choices, named)


def request(composed: Sequence[Composed]) -> Request:
    """All points of the composed grids; Refused names every one that cannot be built."""
    first = _plain(composed[0].config)
    beforehand = [before for each in composed for before in each.before]
    _check_alike([*beforehand, *composed], _OF_A_LINE)
    by_path: dict[Path, list[Composed]] = defaultdict(list)
    for each in (*beforehand, *composed):
        if each not in by_path[_study_path(each)]:
            by_path[_study_path(each)].append(each)
    expansions: dict[Path, Expansion] = {}
    for path, of_study in by_path.items():
        _check_alike(of_study, ["keep_weights"])
        grids = [grid for each in of_study for grid in _started(each, expansions)]
        expansions[path] = expand(grids, _declare)
    return Request(
        studies=expansions,
        runtime=_runtime(composed[0]),
        runtimes={path: _runtime(of_study[0]) for path, of_study in by_path.items()},
        beforehand=frozenset(_study_path(each) for each in beforehand),
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


def _check_alike(composed: Sequence[Composed], keys: Sequence[str]) -> None:
    """Refused where the grids would be planned, run or watched in different ways."""

    def of(each: Composed, key: str) -> Any:
        launcher = each.config.hydra.launcher if key == "hydra.launcher" else None
        return OmegaConf.to_container(launcher) if launcher is not None else _plain(each.config)[key]

    for key in keys if len(composed) > 1 else ():
        if any(of(each, key) != of(composed[0], key) for each in composed[1:]):
            raise Refused(f"The grids of this line differ in {key}: launch them one at a time.")


def _started(composed: Composed, expansions: Mapping[Path, Expansion]) -> list[Grid]:
    """The grids, whose points begin from those of another study where the line says so."""
    named = {*composed.named, *(name for axis in composed.axes for name in axis.names)}
    return with_starts(_grids(composed), _start_study(composed), expansions, named)


def _start_study(composed: Composed) -> Path | None:
    before = _study_path(composed.before[0]) if composed.before else None
    return start_study(_plain(composed.config), before)


def _grids(composed: Composed) -> list[Grid]:
    """One grid, or one for each point where values of the config refer to one another."""
    config = composed.config
    names = [name for axis in composed.axes for name in axis.names]
    for name in names:
        check_axis(config, name)
    check_governed(config.regularization.policy, {*names, *composed.named})
    check_pseudo(_plain(config).get("pseudo"), {*names, *composed.named})
    match = match_of(_plain(config)["match"], {*names, *composed.named})
    if not _has_interpolations(config):
        return [Grid(_plain(config), composed.axes, match)]
    grids = []
    for assignment in Grid({}, composed.axes).assignments():
        changed = config.copy()
        for name, value in assignment.items():
            OmegaConf.update(changed, name, value)
        grids.append(Grid(_plain(changed), (), match))
    return grids


def _plain(config: DictConfig) -> dict[str, Any]:
    without_hydra = _without_hydra(config)
    unknown = [str(key) for key in without_hydra if key not in KEYS]
    if unknown:
        raise Refused(unknown_option(unknown[0]))
    for key in (*SECTIONS, *SINGLE):
        if key not in without_hydra:
            raise Refused(f"~{key}: {key} cannot be taken away; {key}=null switches off what can be.")
    try:
        plain = OmegaConf.to_container(without_hydra, resolve=True, throw_on_missing=True)
    except OmegaConfBaseException as error:
        raise Refused(f"The settings do not resolve: {str(error).splitlines()[0]}.") from error
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def _without_hydra(config: DictConfig) -> DictConfig:
    return OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])


def _has_interpolations(config: DictConfig) -> bool:
    return "${" in OmegaConf.to_yaml(_without_hydra(config), resolve=False)


def _study_path(composed: Composed) -> Path:
    """`study.root/study.name`; without a name, one made of the choices of model, data and recipe, or of the
    study that its points begin from."""
    name = composed.config.study.name
    if name is None and (start := _start_study(composed)) is not None:
        name = "-".join([start.name, *(str(composed.choices[group]) for group in ("data", "recipe"))])
    if name is None:
        name = "-".join(str(composed.choices[group]) for group in ("model", "data", "recipe"))
    if not isinstance(name, str) or not name or name.startswith(".") or "/" in name or "\\" in name:
        raise Refused(f"study.name={name} should be a plain directory name.")
    root = composed.config.study.root
    if not isinstance(root, str) or not root:
        raise Refused(f"study.root={root} should be a directory.")
    return Path(root).expanduser() / name


def _runtime(composed: Composed) -> Runtime:
    settings = _plain(composed.config)
    start = _start_study(composed)
    keep = yes_or_no("keep_weights", settings["keep_weights"])
    labels = settings.get("pseudo") or {}
    paths = {
        "data_root": settings["data"]["root"],
        "unlabelled_root": labels.get("root"),
        "teacher_weights": (labels.get("teacher") or {}).get("weights"),
        "start_study": None if start is None else str(start),
    }
    values = {"name": Runtime.device, **settings["device"], **_absolute(paths), "keep_weights": keep}
    values["device"] = values.pop("name")
    return strict(Runtime, values, "device")


def _absolute(paths: Mapping[str, Any]) -> dict[str, Any]:
    """A job may run in another directory."""
    return {
        name: str(Path(path).expanduser().absolute()) if isinstance(path, str) else path
        for name, path in paths.items()
    }


def _declare(values: Mapping[str, Any]) -> Any:
    return declare(strict(DataConfig, values, "data"))
