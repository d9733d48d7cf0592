"""A model family: models of one architecture that were trained on the same data for equally many epochs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import yaml

from analysis.noise import GROUP, Rows
from analysis.table import AXES, Table
from scaling.models.efficientnet import MEMBERS, EfficientNet
from scaling.models.families import FAMILIES

LADDER = "model.ladder"
LADDERED = tuple(name for name, kind in FAMILIES.items() if issubclass(kind, EfficientNet))
"""Families that have a resolution ladder; all of them have the same networks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelFamily:
    name: str
    """Name such as `resnet_rs`; with the pixels of its ladder where a family is present on several."""
    data: str
    epochs: float
    rows: Rows
    """Positions of its models among the groups."""
    titles: tuple[str, ...]
    """Title of each model."""
    ladder: tuple[int, ...] = ()
    """Pixels of its models, smallest network first, where they follow a resolution ladder: families on
    different ladders have the same networks at different resolutions."""


def model_families(table: Table, groups: pd.DataFrame) -> list[ModelFamily]:
    """All families among the groups, by data, epochs and name; of one name, the fastest ladder first.

    The family of a model is its column `family`, else `model`; all recipes compete in it. EfficientNets that
    all follow their ladder form a family on that ladder, together with any other model that lies on it: a
    network at a resolution that two ladders share is one point, and belongs to both.
    """
    models = _described(table, groups)
    found = [
        family
        for _, block in models.groupby(["data", "epochs"], sort=True)
        for family in _named(_families(block))
    ]
    return [each for each in found if len(each.rows)]


def _described(table: Table, groups: pd.DataFrame) -> pd.DataFrame:
    """The groups with their family, title and ladder."""
    rows = table.usable
    names = [name for name in ("model", "family", "title", LADDER) if name in rows]
    models = groups.reset_index(drop=True).join(rows.groupby(list(GROUP))[names].first(), on=list(GROUP))
    for name in ("family", "title", LADDER):
        if name not in models:
            models[name] = None
    models["family"] = models["family"].fillna(models["model"]).fillna("models")
    return models


def _families(block: pd.DataFrame) -> Iterator[ModelFamily]:
    """The families of one data set and number of epochs."""
    ladders = list(_ladders(block))
    for name, own in block.groupby("family", sort=True):
        mine = [ladder for of, ladder in ladders if of == name]
        if not mine:
            yield _family(own, str(name))
        for ladder in mine:
            models = block[block["resolution"] == _pixels(block, ladder)].sort_values(["depth", "width"])
            pixels = models.drop_duplicates(["depth", "width"])["resolution"]
            yield replace(_family(models, str(name)), ladder=tuple(int(px) for px in pixels))


def _family(models: pd.DataFrame, name: str) -> ModelFamily:
    varying = [axis for axis in AXES if models[axis].nunique() > 1] or ["depth"]
    first = models.iloc[0]
    return ModelFamily(
        name=name,
        data=str(first["data"]),
        epochs=float(first["epochs"]),
        rows=models.index.to_numpy(dtype=np.intp),
        titles=tuple(
            str(title)
            if pd.notna(title)
            else " ".join(f"{a[0]}{v:g}" for a, v in zip(varying, values, strict=True))
            for title, *values in models[["title", *varying]].itertuples(index=False, name=None)
        ),
    )


def _ladders(block: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Family and ladder of models that all follow their own ladder."""
    candidates = block[block["family"].isin(LADDERED) & block[LADDER].notna()]
    for (name, ladder), own in candidates.groupby(["family", LADDER], sort=True):
        if (own["resolution"] == _pixels(own, str(ladder))).all():
            yield str(name), str(ladder)


def _pixels(models: pd.DataFrame, ladder: str) -> pd.Series:
    """The resolution of each model on a ladder; NaN for models that have none there."""
    family = EfficientNet(ladder=tuple(yaml.safe_load(ladder)))
    deepest = max(member.depth for member in MEMBERS.values())
    on_it = models["family"].isin(LADDERED) & models["depth"].between(1, deepest)
    return pd.Series(
        [
            float(family.ladder_resolution(depth)) if has else np.nan
            for depth, has in zip(models["depth"], on_it, strict=True)
        ],
        index=models.index,
    )


def _named(families: Iterator[ModelFamily]) -> list[ModelFamily]:
    """Each set of models once, with the pixels in names that would be equal, fastest ladder first."""
    distinct = {(each.name, tuple(sorted(each.rows))): each for each in families}
    found = sorted(distinct.values(), key=lambda each: (each.name, [-px for px in reversed(each.ladder)]))
    count = Counter(each.name for each in found)
    return [
        replace(each, name=f"{each.name} {'-'.join(map(str, each.ladder))}") if count[each.name] > 1 else each
        for each in found
    ]
