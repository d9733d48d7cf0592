"""Taught: what pseudo-labels gain over none, by the network, and whether depth or width gains more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import t as student

from analysis.model import points_text, signed
from analysis.noise import Floats, Interval
from analysis.pairs import MIN_DF
from analysis.table import AXES, Table
from scaling.quantity import counted

BASELINE = "pseudo.baseline"
"""The column with the id of the same point without pseudo-labels."""
VARIANT = ("pseudo.ratio", "pseudo.kind", "pseudo.threshold", "pseudo.balanced", "pseudo.num_images")
_RULE = "pseudo.rule"
LEVEL = 0.05
"""Shared by all verdicts of one kind."""

Verdict = Literal["helps", "hurts", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Gain:
    """Top-1 of students minus that of the same points without pseudo-labels."""

    variant: str
    network: dict[str, float] | None
    """Its axes, the seed aside; None: all networks together, each seed's mean over them one value."""
    num_seeds: int
    num_pairs: int
    num_teachers: int
    points: float
    ci95: Interval | None
    """Student's, over seeds; None with one."""
    p: float
    """Two-sided, that there is no gain; 1 with one seed."""
    verdict: Verdict = "undecided"


@dataclass(frozen=True, kw_only=True)
class Slope:
    """How the gain grows with each doubling of depth, minus how it grows with each doubling of width."""

    variant: str
    num_seeds: int
    depth_points: float
    width_points: float
    points: float
    ci95: Interval | None
    p: float
    verdict: Literal["depth", "width", "undecided"] = "undecided"


@dataclass(frozen=True, kw_only=True)
class Taught:
    metric: str
    overall: tuple[Gain, ...]
    """A variant each; their verdicts share 5 %."""
    by_network: tuple[Gain, ...]
    """Likewise, a variant and a network each."""
    slopes: tuple[Slope, ...]
    """A variant each of which several depths and widths were trained; likewise."""


def taught(table: Table) -> Taught | None:
    """Every student that is beside the same point without pseudo-labels; None where there is none.

    What differs between the two is the pseudo-labels alone: network, labelled images, recipe, seed and number
    of steps are the same. A verdict needs MIN_DF degrees of freedom, and all of a kind are held together by
    Holm's step-down rule (1979).
    """
    pairs, metric = _pairs(table)
    if pairs.empty:
        return None
    variants = [*pairs.groupby("variant", sort=False)]
    overall = [_gain(str(name), None, _wide(each), each) for name, each in variants]
    by_network = [
        _gain(str(name), dict(zip(AXES, map(float, axes), strict=True)), _wide(network), network)
        for name, each in variants
        for axes, network in each.groupby(list(AXES))
    ]
    slopes = [slope for name, each in variants if (slope := _slope(str(name), _wide(each))) is not None]
    return Taught(
        metric=metric,
        overall=tuple(_decided(overall)),
        by_network=tuple(_decided(by_network)),
        slopes=tuple(
            replace(each, verdict=("depth" if each.points > 0 else "width") if decided else "undecided")
            for each, decided in zip(slopes, _beyond(slopes), strict=True)
        ),
    )


def _pairs(table: Table) -> tuple[pd.DataFrame, str]:
    """One row a student: its axes, seed, variant, teacher and gain; and the metric."""
    rows = table.usable
    metric = "test_top1" if "test_top1" in rows and rows["test_top1"].notna().any() else "top1"
    if BASELINE not in rows or "point" not in rows:
        return pd.DataFrame(), metric
    known = rows[rows[metric].notna()].drop_duplicates("point").set_index("point")[metric]
    students = rows[rows[BASELINE].notna() & rows[BASELINE].isin(known.index) & rows[metric].notna()]
    if students.empty:
        return pd.DataFrame(), metric
    gains = students[metric].to_numpy(dtype=float) - known[students[BASELINE]].to_numpy(dtype=float)
    return students.assign(gain=gains, variant=_variants(students)), metric


def _variants(students: pd.DataFrame) -> list[str]:
    """Such as `3 hard`; what all students share is left out."""
    shared = {name for name in (*VARIANT[2:], _RULE) if students[name].nunique(dropna=False) == 1}
    names = []
    for _, row in students.iterrows():
        others = [name for name in (*VARIANT[2:], _RULE) if name not in shared]
        parts = [f"{name.removeprefix('pseudo.')} {row[name]}" for name in others]
        names.append(", ".join([f"{float(row['pseudo.ratio']):g} {row['pseudo.kind']}", *parts]))
    return names


def _wide(pairs: pd.DataFrame) -> pd.DataFrame:
    """Gains, a row a seed and a column a network; of those that lack some, the networks are left out, and
    where that leaves none, the seeds."""
    wide = pairs.pivot_table(index="seed", columns=list(AXES), values="gain")
    whole = wide.dropna(axis=1)
    return whole if whole.shape[1] else wide.dropna(axis=0)


def _gain(variant: str, network: dict[str, float] | None, wide: pd.DataFrame, pairs: pd.DataFrame) -> Gain:
    values = wide.mean(axis=1).to_numpy(dtype=float)
    points, ci95, p = _tested(values)
    return Gain(
        variant=variant,
        network=network,
        num_seeds=len(values),
        num_pairs=wide.size,
        num_teachers=pairs["pseudo.teacher"].nunique(),
        points=points,
        ci95=ci95,
        p=p,
    )


def _slope(variant: str, wide: pd.DataFrame) -> Slope | None:
    """From a plane in log2 depth, width and resolution, fitted to the gains of each seed."""
    axes = [axis for axis in ("depth", "width", "resolution", "epochs") if _num_values(wide, axis) > 1]
    logs = [np.log2(wide.columns.get_level_values(axis).to_numpy(dtype=float)) for axis in axes]
    design = np.column_stack([np.ones(wide.shape[1]), *logs])
    if not {"depth", "width"} <= set(axes) or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    plane = np.linalg.lstsq(design, wide.to_numpy(dtype=float).T, rcond=None)[0]
    depth, width = (plane[1 + axes.index(axis)] for axis in ("depth", "width"))
    points, ci95, p = _tested(depth - width)
    return Slope(
        variant=variant,
        num_seeds=len(wide),
        depth_points=float(depth.mean()),
        width_points=float(width.mean()),
        points=points,
        ci95=ci95,
        p=p,
    )


def _num_values(wide: pd.DataFrame, axis: str) -> int:
    return int(wide.columns.get_level_values(axis).nunique())


def _tested(values: Floats) -> tuple[float, Interval | None, float]:
    """Mean of independent values, Student's 95 % interval, and the p value of a mean of 0."""
    mean, df = float(values.mean()), len(values) - 1
    if df < 1:
        return mean, None, 1.0
    error = float(values.std(ddof=1) / np.sqrt(len(values)))
    half = float(student.ppf(1 - LEVEL / 2, df)) * error
    p = float(2 * student.sf(abs(mean) / error, df)) if error else float(mean == 0)
    return mean, (mean - half, mean + half), p


def _beyond(found: Sequence[Gain | Slope]) -> list[bool]:
    """Which differ from 0, all of them together wrong with probability LEVEL at most (Holm)."""
    tested = [place for place, each in enumerate(found) if each.num_seeds - 1 >= MIN_DF]
    beyond = [False] * len(found)
    for rank, place in enumerate(sorted(tested, key=lambda place: found[place].p)):
        if found[place].p > LEVEL / (len(tested) - rank):
            break
        beyond[place] = True
    return beyond


def _decided(gains: Sequence[Gain]) -> Iterator[Gain]:
    for each, decided in zip(gains, _beyond(gains), strict=True):
        verdict: Verdict = ("helps" if each.points > 0 else "hurts") if decided else "undecided"
        yield replace(each, verdict=verdict)


def taught_sentences(found: Taught) -> Iterator[str]:
    """The verdicts over all networks, and of depth against width."""
    for each in found.overall:
        said = {"helps": "help", "hurts": "hurt", "undecided": "are undecided"}[each.verdict]
        one = " with one teacher" if each.num_teachers == 1 and each.num_seeds > 1 else ""
        yield (
            f"Pseudo-labels ({each.variant}) {said}: {points_text(each.points, each.ci95)} over none, "
            f"{counted(each.num_seeds, 'seed')}{one}, {counted(each.num_pairs, 'pair')}."
        )
    for slope in found.slopes:
        verdict = {
            "depth": "deeper networks gain more by them than wider ones",
            "width": "wider networks gain more by them than deeper ones",
            "undecided": "whether depth or width gains more by them is undecided",
        }[slope.verdict]
        yield (
            f"Pseudo-labels ({slope.variant}): {verdict}; a doubling of depth adds "
            f"{signed(slope.depth_points)} points to the gain, one of width "
            f"{signed(slope.width_points)}, the difference is "
            f"{points_text(slope.points, slope.ci95)}, {counted(slope.num_seeds, 'seed')}."
        )


def taught_json(found: Taught) -> dict[str, object]:
    """For rules.json."""

    def rounded(ci95: Interval | None) -> list[float] | None:
        return None if ci95 is None else [round(bound, 4) for bound in ci95]

    def gain(each: Gain) -> dict[str, object]:
        return {
            "variant": each.variant,
            **({} if each.network is None else {"at": each.network}),
            "gain_points": round(each.points, 4),
            "ci95": rounded(each.ci95),
            "num_seeds": each.num_seeds,
            "num_pairs": each.num_pairs,
            "num_teachers": each.num_teachers,
            "verdict": each.verdict,
        }

    return {
        "metric": found.metric,
        "overall": [gain(each) for each in found.overall],
        "by_network": [gain(each) for each in found.by_network],
        "depth_against_width": [
            {
                "variant": each.variant,
                "depth_points": round(each.depth_points, 4),
                "width_points": round(each.width_points, 4),
                "difference_points": round(each.points, 4),
                "ci95": rounded(each.ci95),
                "num_seeds": each.num_seeds,
                "prefer": each.verdict,
            }
            for each in found.slopes
        ],
    }
