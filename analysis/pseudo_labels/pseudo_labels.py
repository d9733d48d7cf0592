"""What pseudo-labels gain over none, network by network, and whether depth or width gains more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

import numpy as np
import pandas as pd

from analysis.contrast import Cells, Effect, judged
from analysis.noise import Floats
from analysis.pairs.pairs import MIN_DF
from analysis.table import AXES, Table

BASELINE = "pseudo.baseline"
"""Column with the id of the same point without pseudo-labels."""
VARIANT = ("pseudo.ratio", "pseudo.kind", "pseudo.threshold", "pseudo.balanced", "pseudo.num_images")
_RULE = "pseudo.rule"
PREFERRED: Mapping[str, Literal["depth", "width", "undecided"]] = {
    "helps": "depth",
    "hurts": "width",
    "undecided": "undecided",
}


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Top-1 of students minus that of the same points without pseudo-labels."""

    variant: str
    network: dict[str, float] | None
    """Axes of the network, without the seed; None for all networks together, where a value is a seed's mean
    over them."""
    num_pairs: int
    num_teachers: int
    effect: Effect


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How much more the gain grows with each doubling of depth than with each doubling of width."""

    variant: str
    depth_points: float
    width_points: float
    effect: Effect
    """Effect of depth minus that of width."""

    @property
    def prefer(self) -> Literal["depth", "width", "undecided"]:
        """The axis along which the gain grows more."""
        return PREFERRED[self.effect.verdict]


Judged = TypeVar("Judged", bound=Gain | Slope)


@dataclass(frozen=True, kw_only=True)
class PseudoLabelGains:
    metric: str
    overall: tuple[Gain, ...]
    """One per variant; their verdicts share a 5 % error rate."""
    by_network: tuple[Gain, ...]
    """One per variant and network; their verdicts share a 5 % error rate."""
    slopes: tuple[Slope, ...]
    """One per variant that was trained at several depths and widths; their verdicts share 5 %."""


def pseudo_label_gains(table: Table) -> PseudoLabelGains | None:
    """The gains of all students that have the same point without pseudo-labels beside them; None without any.

    The two differ in the pseudo-labels alone: network, labelled images, recipe, seed and number of steps are
    the same. A verdict needs MIN_DF degrees of freedom; verdicts of one kind are adjusted by Holm's step-down
    method (1979).
    """
    pairs, metric = _pairs(table)
    if pairs.empty:
        return None
    variants = [(str(name), each) for name, each in pairs.groupby("variant", sort=False)]
    gains = [gain for name, each in variants for gain in _gains(name, each)]
    slopes = [slope for name, each in variants if (slope := _slope(name, _wide(each))) is not None]
    return PseudoLabelGains(
        metric=metric,
        overall=_decided(gain for gain in gains if gain.network is None),
        by_network=_decided(gain for gain in gains if gain.network is not None),
        slopes=_decided(slopes),
    )


def _pairs(table: Table) -> tuple[pd.DataFrame, str]:
    """One row per student with its axes, seed, variant, teacher and gain; and the metric."""
    rows = table.usable
    metric = "test_top1" if "test_top1" in rows and rows["test_top1"].notna().any() else "top1"
    if BASELINE not in rows or "point" not in rows:
        return pd.DataFrame(), metric
    known = rows[rows[metric].notna()].drop_duplicates("point").set_index("point")
    students = rows[rows[BASELINE].notna() & rows[BASELINE].isin(known.index) & rows[metric].notna()]
    if students.empty:
        return pd.DataFrame(), metric
    baselines = known.loc[students[BASELINE]]
    gains = students[metric].to_numpy(dtype=float) - baselines[metric].to_numpy(dtype=float)
    return students.assign(gain=gains, variant=_variants(students, baselines["setting"])), metric


def _variants(students: pd.DataFrame, settings: pd.Series) -> list[str]:
    """Names such as `3 hard`, without what all students share. `settings` are those without pseudo-labels."""
    others = [name for name in (*VARIANT[2:], _RULE) if students[name].nunique(dropna=False) > 1]
    if settings.nunique() > 1:
        students = students.assign(setting=settings.to_numpy())
        others.append("setting")
    names = []
    for _, row in students.iterrows():
        parts = [f"{name.removeprefix('pseudo.')} {row[name]}" for name in others]
        names.append(", ".join([f"{float(row['pseudo.ratio']):g} {row['pseudo.kind']}", *parts]))
    return names


def _wide(pairs: pd.DataFrame) -> pd.DataFrame:
    """Gains, one row per seed and one column per network, all known: where some are missing, either networks
    or seeds are left out, whichever leaves more."""
    wide = pairs.pivot_table(index="seed", columns=list(AXES), values="gain")
    return max(wide.dropna(axis=1), wide.dropna(axis=0), key=lambda whole: whole.size)


def _effect(wide: pd.DataFrame, weights: Floats) -> Effect | None:
    """The effect of a weighted sum of the networks' gains, seed by seed."""
    cells = Cells(metric="gain", top1=wide.set_axis(range(wide.shape[1]), axis=1), variance=None, df=0)
    return cells.effect(dict(enumerate(weights))) if wide.size else None


def _gains(variant: str, pairs: pd.DataFrame) -> Iterator[Gain]:
    """The gain of all networks together, then of each."""
    networks = [
        (dict(zip(AXES, np.asarray(axes, dtype=float).tolist(), strict=True)), of_network)
        for axes, of_network in pairs.groupby(list(AXES))
    ]
    for network, rows in [(None, pairs), *networks]:
        wide = _wide(rows)
        effect = _effect(wide, np.full(wide.shape[1], 1 / max(wide.shape[1], 1)))
        if effect is not None:
            yield Gain(
                variant=variant,
                network=network,
                num_pairs=wide.size,
                num_teachers=rows["pseudo.teacher"].nunique(),
                effect=effect,
            )


def _slope(variant: str, wide: pd.DataFrame) -> Slope | None:
    """The slope of a plane in the log2 of the axes that vary, fitted to the gains of each seed."""
    axes = [axis for axis in ("depth", "width", "resolution", "epochs") if _num_values(wide, axis) > 1]
    logs = [np.log2(wide.columns.get_level_values(axis).to_numpy(dtype=float)) for axis in axes]
    design = np.column_stack([np.ones(wide.shape[1]), *logs])
    if not {"depth", "width"} <= set(axes) or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    plane = dict(zip(axes, np.linalg.pinv(design)[1:], strict=True))
    depth, width = (_effect(wide, plane[axis]) for axis in ("depth", "width"))
    difference = _effect(wide, plane["depth"] - plane["width"])
    if depth is None or width is None or difference is None:
        return None
    return Slope(variant=variant, depth_points=depth.points, width_points=width.points, effect=difference)


def _num_values(wide: pd.DataFrame, axis: str) -> int:
    return int(wide.columns.get_level_values(axis).nunique())


def _decided(found: Iterable[Judged]) -> tuple[Judged, ...]:
    """The effects with their verdicts, which share a 5 % error rate; a verdict needs MIN_DF degrees of
    freedom."""
    all_found = [*found]
    tested = [each.effect if each.effect.num_seeds > MIN_DF else None for each in all_found]
    return tuple(
        replace(each, effect=effect or each.effect)
        for each, effect in zip(all_found, judged(tested), strict=True)
    )
