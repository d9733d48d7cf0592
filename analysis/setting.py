"""A setting: everything except the axes with which a recommended model is built, priced and trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from analysis.table import Table
from scaling.command.asked import Setting, named_family
from scaling.data.catalog import DataConfig
from scaling.errors import Refused
from scaling.models.families import Family
from scaling.study.cost import Cost, cost_of
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.study.training_step import TrainingStep

PLANNED_BY = {"published:resnet_rs_2021": ("resnet_rs_grid", "resnet_rs_grid")}
"""The files of conf/model/ and conf/study/ that correspond to published results."""

Price = Callable[[float, float, int, int], Cost]
"""The costs at a depth, width, resolution and number of epochs. Raises `Refused` where nothing can be
built."""


@dataclass(frozen=True, kw_only=True)
class Base:
    family: Family
    price: Price
    of: str
    """What the costs apply to, as a clause."""
    defaults: tuple[str | dict[str, str], ...]
    """Defaults list of a study file that trains in this setting."""
    values: dict[str, Any]
    """Other values of that file besides its points."""
    missing: str = ""
    """What the source does not say about the setting, as a sentence."""


def base_setting(table: Table, setting: str, model: str | None) -> Base:
    """The setting of those models of a table that have this `setting`.

    The points of a study contain all of it. Another source has at most the family, in its columns `model` and
    `model.…`; otherwise `model` names a file of conf/model/. Raises `Refused` where there is neither.
    """
    path = Path(table.source)
    rows = table.usable[table.usable["setting"] == setting]
    if (path / "study.json").is_file():
        return _of_point(Study.open(path).point(str(rows["point"].iloc[0])))
    if table.source in PLANNED_BY:
        model, study = PLANNED_BY[table.source]
        return _of_model(model, {}, defaults=(study, "_self_"), values={"blocks": None})
    named = model or _only(rows, "model")
    if named is None:
        raise Refused(
            f"{table.source} does not say which networks it has: add --model, a file of conf/model."
        )
    switches = {
        str(column).removeprefix("model."): yaml.safe_load(str(_only(rows, str(column))))
        for column in rows
        if str(column).startswith("model.") and _only(rows, str(column)) is not None
    }
    return _of_model(
        named,
        switches,
        defaults=({"override /model": named},),
        values={"model": switches} if switches else {},
        missing="The source does not say how its models were trained: add data=… and recipe=… to the line.",
    )


def _only(rows: Any, column: str) -> str | None:
    """The value of a column that has only one; else None."""
    values = rows[column].dropna().unique() if column in rows else []
    return str(values[0]) if len(values) == 1 else None


def _of_model(
    model: str,
    switches: dict[str, Any],
    *,
    defaults: tuple[str | dict[str, str], ...],
    values: dict[str, Any],
    missing: str = "",
) -> Base:
    _, family = named_family(model, switches)
    own = Setting()

    def price(depth: float, width: float, resolution: int, epochs: int) -> Cost:
        return cost_of(
            TrainingStep(
                network=family.network(depth, width),
                resolution=resolution,
                in_channels=own.in_channels,
                num_classes=own.num_classes,
                batch_size=own.batch_size,
                precision=own.precision,
            ),
            images_seen=epochs * own.num_train,
        )

    of = f"{model} on ImageNet, the memory of a training step on {own.batch_size} images in {own.precision}"
    return Base(family=family, price=price, of=of, defaults=defaults, values=values, missing=missing)


def _of_point(point: Point) -> Base:
    def price(depth: float, width: float, resolution: int, epochs: int) -> Cost:
        return replace(point, depth=depth, width=width, resolution=resolution, epochs=epochs).cost

    data = {
        field.name: getattr(point.data, field.name)
        for field in fields(DataConfig)
        if hasattr(point.data, field.name) and (field.name != "mirror" or point.data.name.endswith("_folder"))
    }
    parts = {name: asdict(getattr(point, name)) for name in ("recipe", "schedule", "regularization")}
    values: dict[str, Any] = {
        "model": {"family": point.family, **asdict(point.model)},
        "data": data,
        **parts,
        "precision": point.precision,
        **({"frames": point.frames} if point.frames is not None else {}),
        **({"evaluate_at": list(point.evaluate_at)} if point.evaluate_at else {}),
        **({"views": asdict(point.views)} if point.data.clips else {}),
    }
    images = point.recipe.images_per_norm
    return Base(
        family=point.model,
        price=price,
        of=f"{point.family} on {point.data.name}, the memory of a training step on {images} images in "
        f"{point.precision}",
        defaults=({"override /model": point.family}, {"override /data": point.data.name}),
        values=values,
        missing=" ".join(_missing(point)),
    )


def _missing(point: Point) -> Iterator[str]:
    if point.data.name == "image_folder":
        yield "Its images are where data.root says: add data.root=… to the line."
    if point.pseudo is not None:
        yield "It learned from pseudo-labels: add pseudo.teacher=… too."
