"""Starts: points of another study whose weights new points start from, and what these inherit. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scaling.errors import Refused
from scaling.study.identity import digest_of_text
from scaling.study.plan import Planned
from scaling.study.point import Point
from scaling.study.quantities import Quantities, constraint_of
from scaling.study.store import Study
from scaling.study.strict import strict

SCRATCH = "scratch"
"""Value of `tune` that trains the networks of the starts from random weights."""
OF_THE_START = ("depth", "width", "frames")
"""Axes that a new point inherits from its start, along with the family and its options."""


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """The points that new ones start from: the section `start` of conf/config.yaml."""

    study: str | None = None
    """Directory of their study; None for the study of `before`, or for no start."""
    point: str | None = None
    """Id of a single point; None for all."""
    where: str | None = None
    """A constraint that they must meet, such as `epochs >= 10`."""
    tune: str = "all"
    """What to train: `all`, `head`, or `scratch` (the same networks from random weights). Can be an axis."""


def chosen(config: StartConfig, study: Path, planned: Sequence[Point] | None) -> list[Point]:
    """The starts: points of the study, `planned` by the same command line or stored by an earlier one.

    Raises Refused if there are none.
    """
    points = list(planned) if planned is not None else _written_down(study)
    if config.point is not None:
        points = [point for point in points if point.id == config.point]
        if not points:
            raise Refused(f"start.point={config.point} is no point of {study}.")
    kept = [point for point in points if _is_wanted(point, config.where)]
    if not kept:
        raise Refused(f"start.where={config.where} is true of none of the {len(points)} points of {study}.")
    return kept


def _written_down(path: Path) -> list[Point]:
    if not (path / "study.json").is_file():
        raise Refused(
            f"start.study={path} is no study: name one that was launched, such as results/NAME, or a study "
            "file with before=FILE that this line launches first."
        )
    study = Study.open(path)
    points = [study.point(point_id) for point_id in study.point_ids()]
    if not points:
        raise Refused(f"start.study={path} has no points yet.")
    return points


def _is_wanted(point: Point, where: str | None) -> bool:
    if where is None:
        return True
    entry = Planned(point=point, action="skip", why="", hours=None, memory_gb=point.cost.memory_gb)
    try:
        return constraint_of(where, device_gb=None).reason(Quantities(entry)) is None
    except Refused as error:
        raise Refused(f"start.{error}") from error


def taken_over(
    settings: Mapping[str, Any], start: Point, study: Path, tune: str, *, seed: bool
) -> dict[str, Any]:
    """The settings of new points that start from `start`, with its network.

    `seed` says whether they also take its seed, so that each repeat covers pretraining and what follows it.
    """
    return {
        **settings,
        "model": {"family": start.family, **_as_lists(asdict(start.model))},
        **{axis: getattr(start, axis) for axis in OF_THE_START},
        **({"seed": start.seed} if seed else {}),
        "start": {
            "point": start.id,
            "tune": tune,
            "origin": origin_of(start),
            "channels": start.data.channels,
            "study": str(study),
        },
    }


def origin_of(start: Point) -> str:
    """8 hex digits over how a start was trained: its setting, epochs and resolution."""
    return digest_of_text(f'["{start.setting}",{start.epochs},{start.resolution}]')[:8]


def check_own(names: Iterable[str]) -> None:
    """Raise Refused if `names` has a setting that new points inherit from their starts."""
    for name in names:
        if name in OF_THE_START or name.partition(".")[0] == "model":
            raise Refused(
                f"{name} comes from the start: leave it out, and choose among the starts with start.where."
            )


def config_of(values: Any) -> StartConfig:
    """The section `start` of a config; raises Refused for bad values."""
    if values is None:
        return StartConfig()
    if not isinstance(values, Mapping):
        raise Refused(
            f"start={values} should be start.study=DIRECTORY, with start.where and start.tune if needed."
        )
    return strict(StartConfig, values, "start")


def _as_lists(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_listed(values))


def _listed(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield name, list(value) if isinstance(value, tuple) else value
