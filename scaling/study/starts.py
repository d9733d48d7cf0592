"""Starts: points of another study that new ones begin from, and what these take over from them. No torch."""

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
"""Stands for what is tuned where the networks of the starts are trained from random weights."""
OF_THE_START = ("depth", "width", "frames")
"""Axes that a new point has from its start, besides the family and its options."""


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """Which points new ones begin from, as conf/config.yaml says it."""

    study: str | None = None
    """Directory of the study that has them; None for the study of `before`, or for no start."""
    point: str | None = None
    """A single one of them, by its id."""
    where: str | None = None
    """A condition on them, such as `epochs >= 10`."""
    tune: str = "all"
    """`all`, `head`, or `scratch` for the same networks without a start; an axis."""


def chosen(config: StartConfig, study: Path, planned: Sequence[Point] | None) -> list[Point]:
    """The starts: points of the study, `planned` by the same line or written down by an earlier one.

    Refused where there are none.
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
    """The settings of new points that begin from `start`: with its network, and unless the line says
    otherwise its seed, so that one repeat is a training and everything that follows from it."""
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
    """8 hex digits over how it was trained: its setting, and all axes but those of its network and its
    seed."""
    return digest_of_text(f'["{start.setting}",{start.epochs},{start.resolution}]')[:8]


def check_own(names: Iterable[str]) -> None:
    """Refused for settings of the network, which new points have from their starts."""
    for name in names:
        if name in OF_THE_START or name.partition(".")[0] == "model":
            raise Refused(
                f"{name} is that of the start: leave it out, and choose among the starts with start.where."
            )


def config_of(values: Any) -> StartConfig:
    """The section `start` of a config; Refused for impossible values."""
    if values is None:
        return StartConfig()
    if not isinstance(values, Mapping):
        raise Refused(
            f"start={values} should be start.study=DIRECTORY, and maybe start.where and start.tune."
        )
    return strict(StartConfig, values, "start")


def _as_lists(values: Mapping[str, Any]) -> dict[str, Any]:
    return dict(_listed(values))


def _listed(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        yield name, list(value) if isinstance(value, tuple) else value
