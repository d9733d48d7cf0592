"""What a command line asks for, freed of Hydra: grids of plain settings by study, and how to run them."""

from __future__ import annotations

import shlex
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from launchers.launch import Request, Show
from scaling.data.catalog import DataConfig, declare
from scaling.errors import Refused
from scaling.models.families import FAMILIES
from scaling.study.axis import Axis
from scaling.study.grid import Grid, expand
from scaling.study.limits import Limits
from scaling.study.match import Match, MatchedCost
from scaling.study.point import KNOBS
from scaling.study.settings import LARGEST_COST, number, strict
from scaling.study.suggest import suggest
from scaling.tracking.tracker import Tracker
from scaling.training.recipe import Recipe
from scaling.training.runtime import Runtime
from scaling.training.schedule import Schedule

_SCIENCE = ("model", "data", "recipe", "schedule")
GROUPS = (*_SCIENCE, "device", "tracker")
"""Config groups in which a choice must be made."""
_SECTIONS = (*GROUPS, "study")
_VARIED = (*KNOBS, *_SCIENCE, "precision")
"""Keys that may have several values."""
_SINGLE = ("zip", "blocks", "match", "where", "limit", "reuse", "plan", "probe")
"""Keys that choose among points and say what to do with them."""
_KEYS = tuple(dict.fromkeys((*_VARIED, *_SECTIONS, *_SINGLE)))


@dataclass(frozen=True)
class Composed:
    """One composed config, the axes to vary on top of it, and the choice made in each config group."""

    config: DictConfig
    axes: Sequence[Axis]
    choices: Mapping[str, str | None]


def request(composed: Sequence[Composed]) -> Request:
    """All points of the composed grids; Refused names every one that cannot be built."""
    first = _plain(composed[0].config)
    grids: dict[Path, list[Grid]] = defaultdict(list)
    for each in composed:
        grids[_study_path(each)] += _grids(each)
    return Request(
        studies={path: expand(of_study, _declare) for path, of_study in grids.items()},
        runtime=_runtime(first),
        tracker=strict(Tracker, first["tracker"], "tracker"),
        command=shlex.join(["python", *sys.argv]),
        show=_show(first["plan"]),
        where=first["where"],
        limits=strict(Limits, _numbers(first["limit"]), "limit"),
        reuse=_patterns(first["reuse"]),
        probe=_yes_or_no("probe", first["probe"]),
    )


def _grids(composed: Composed) -> list[Grid]:
    """One grid, or one for each point where values of the config refer to one another."""
    config = composed.config
    names = [name for axis in composed.axes for name in axis.names]
    for name in names:
        _check_axis(config, name)
    match = _match(config, names)
    if not _has_interpolations(config):
        return [Grid(_plain(config), composed.axes, match)]
    grids = []
    for assignment in Grid({}, composed.axes).assignments():
        changed = config.copy()
        for name, value in assignment.items():
            OmegaConf.update(changed, name, value)
        grids.append(Grid(_plain(changed), (), match))
    return grids


def _match(config: DictConfig, varied: Sequence[str]) -> Match | None:
    """The match that the config asks for, if any."""
    values = _section("match", _plain(config)["match"])
    for key in values:
        if key not in _options("match"):
            raise Refused(unknown_option(f"match.{key}"))
    budgets = {cost: values[cost] for cost in get_args(MatchedCost) if values.get(cost) is not None}
    if not budgets and values.get("solve") is None:
        return None
    if len(budgets) != 1 or values.get("solve") is None:
        raise Refused(
            "match needs budgets of one cost and the axis to solve, such as match.flops=[1e9,2e9] "
            "match.solve=width."
        )
    if values["solve"] in varied:
        raise Refused(
            f"match.solve={values['solve']}: an axis that is solved cannot be given values besides."
        )
    ((cost, each),) = budgets.items()
    listed = each if isinstance(each, list) else [each]
    return Match(
        cost=cost,
        budgets=tuple(number(f"match.{cost}", budget, at_most=LARGEST_COST) for budget in listed),
        solve=values["solve"],
        tolerance=number("match.tolerance", values.get("tolerance", Match.tolerance)),
    )


def _numbers(values: Any) -> dict[str, Any]:
    """Limits, of which a count may be written as a float, such as 1e3."""
    limits = _section("limit", values)
    points = limits.get("points")
    if isinstance(points, float) and points.is_integer():
        return {**limits, "points": int(points)}
    return limits


def _section(name: str, values: Any) -> dict[str, Any]:
    """The options of a section that may be null."""
    if not isinstance(values, dict | None):
        raise Refused(f"{name}={values} should name what it is of: known are {', '.join(_options(name))}.")
    return values or {}


def _patterns(value: Any) -> tuple[str, ...]:
    listed = [] if value is None else value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) and each for each in listed):
        raise Refused(f"reuse={value} should be study directories, such as results/*.")
    return tuple(listed)


def _show(value: Any) -> Show:
    shown: dict[Any, Show] = {False: "launch", True: "table", "json": "json", "csv": "csv"}
    if not isinstance(value, bool | str) or value not in shown:
        raise Refused(f"plan={value} should be true, false, json or csv.")
    return shown[value]


def _yes_or_no(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(f"{name}={value} should be true or false.")
    return value


def check_group(group: str) -> None:
    """Refused for a config group that one launch can have one choice of only."""
    if group not in (*_SCIENCE, "study"):
        raise Refused(
            f"{group} cannot have several choices in one launch: only what changes the outcome can."
        )


def _check_axis(config: DictConfig, name: str) -> None:
    section, _, key = name.partition(".")
    if section not in _KEYS:
        raise Refused(unknown_option(name))
    if section not in _VARIED:
        raise Refused(f"{name} cannot have several values in one launch: only what changes the outcome can.")
    if name in _SCIENCE:
        raise Refused(
            f"{name} as a whole is no axis of a study, a zip or a block: vary options of it, such as "
            f"{name}.{_options(name)[1]}, or give several choices on the line."
        )
    if key and OmegaConf.select(config, name, default=_MISSING) is _MISSING:
        raise Refused(unknown_option(name))


_MISSING = object()


def unknown_option(name: str) -> str:
    """A sentence about an option that there is not."""
    section, _, key = name.partition(".")
    if section == "hydra":
        return f"{name} is not an option of what is chosen here: --cfg hydra shows those that are."
    if not key or section not in (*_SECTIONS, "match", "limit"):
        return f"{name} is not an option: {suggest(section, list(_KEYS))}."
    return f"{name} is not an option: {suggest(key, _options(section))}."


def _options(section: str) -> list[str]:
    kinds = {
        "data": DataConfig,
        "recipe": Recipe,
        "schedule": Schedule,
        "tracker": Tracker,
        "limit": Limits,
    }
    if section == "match":
        return [*get_args(MatchedCost), "solve", "tolerance"]
    if section == "model":
        return ["family", *{field.name for family in FAMILIES.values() for field in fields(family)}]
    if section == "study":
        return ["name", "root"]
    if section == "device":
        return ["name", "spec", "threads", "checkpoint_every_s"]
    return [field.name for field in fields(kinds[section])]


def _plain(config: DictConfig) -> dict[str, Any]:
    without_hydra = _without_hydra(config)
    unknown = [str(key) for key in without_hydra if key not in _KEYS]
    if unknown:
        raise Refused(unknown_option(unknown[0]))
    absent = [key for key in (*_SECTIONS, *_SINGLE) if key not in without_hydra]
    if absent:
        raise Refused(f"~{absent[0]} leaves out what every line needs: leave that out.")
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
    """`study.root/study.name`; without a name, one made of the choices of model, data and recipe."""
    name = composed.config.study.name
    if name is None:
        name = "-".join(str(composed.choices[group]) for group in ("model", "data", "recipe"))
    if not isinstance(name, str) or not name or name.startswith(".") or "/" in name or "\\" in name:
        raise Refused(f"study.name={name} should be a plain directory name.")
    root = composed.config.study.root
    if not isinstance(root, str) or not root:
        raise Refused(f"study.root={root} should be a directory.")
    return Path(root).expanduser() / name


def _runtime(settings: Mapping[str, Any]) -> Runtime:
    root = settings["data"].get("root")
    if isinstance(root, str):
        root = str(Path(root).expanduser().absolute())  # a job may run in another directory
    values = {"name": Runtime.device, **settings["device"], "data_root": root}
    values["device"] = values.pop("name")
    return strict(Runtime, values, "device")


def _declare(values: Mapping[str, Any]) -> Any:
    return declare(strict(DataConfig, values, "data"))
