"""Frames: what more of them bring a network of clips, and what depth, width or resolution gains instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.noise import GROUP, Floats, Interval, Noise
from analysis.pairs.ladder import compare
from analysis.pairs.pairs import MIN_DF
from analysis.pairs.selection import MIN_PAIRS
from analysis.replicates import interval
from analysis.table import FRAMES, without_frames

RIVALS = ("depth", "width", "resolution")
MODEL = list(GROUP)
"""Columns that identify a model whatever its frames, once these are no part of its setting."""


@dataclass(frozen=True, kw_only=True)
class FrameStep:
    """From one measured number of frames to the next, with the same network, resolution and epochs."""

    from_frames: int
    to_frames: int
    points: float
    """Mean gain in top-1 points."""
    ci95: Interval | None
    num_models: int
    flops_ratio: float | None
    """Ratio of FLOPs after and before the step, geometric mean over the models."""
    verdict: Literal["helps", "hurts", "undecided"]
    """The verdicts of all steps share a 5 % error rate."""


@dataclass(frozen=True, kw_only=True)
class FrameRival:
    """More frames, against spending the same FLOPs on another axis."""

    axis: str
    advantage_points: float
    """Frames minus the rival, mean over the pairs; negative where the rival gains more."""
    ci95: Interval | None
    num_pairs: int
    prefer: str
    """`frames`, the rival, or `undecided`; the verdicts of all rivals share a 5 % error rate."""


@dataclass(frozen=True, kw_only=True)
class Frames:
    epochs: float
    """The longest training measured, to which all of this applies."""
    steps: tuple[FrameStep, ...]
    rivals: tuple[FrameRival, ...]


def frames_rule(groups: pd.DataFrame, noise: Noise, draws: Floats | None) -> Frames | None:
    """Steps and rivals of the data set and setting with the most models; None where frames do not vary.

    `draws` are the replicates of `replicates.draw_errors` for these groups. Nothing is decided with fewer
    than MIN_DF degrees of freedom nor, for a rival, with fewer than MIN_PAIRS comparisons.
    """
    if FRAMES not in groups or groups[FRAMES].nunique() < 2:
        return None
    chosen = of_frames(groups)
    positions = chosen.index.to_numpy()
    models = chosen.reset_index(drop=True)
    errors = models["error"].to_numpy(dtype=float)
    own = None if draws is None or noise.df < MIN_DF else draws[:, positions]
    steps = tuple(_steps(models, errors, own))
    if not steps:
        return None
    return Frames(
        epochs=float(models["epochs"].iloc[0]), steps=steps, rivals=tuple(_rivals(models, errors, own))
    )


def of_frames(groups: pd.DataFrame) -> pd.DataFrame:
    """The longest-trained models of the data set and setting with the most of them, whatever their frames;
    the index is their positions among the groups."""
    models = groups.assign(setting=groups["setting"].map(without_frames)).reset_index(drop=True)
    longest = models[models["epochs"] == models["epochs"].max()]
    sizes = longest.groupby(["data", "setting"]).size()
    data, setting = sizes.idxmax()
    found: pd.DataFrame = longest[(longest["data"] == data) & (longest["setting"] == setting)]
    return found


def _steps(models: pd.DataFrame, errors: Floats, draws: Floats | None) -> Iterator[FrameStep]:
    counts = sorted(models[FRAMES].unique())
    frame = models.reset_index(names="position")
    pairs = [
        frame[frame[FRAMES] == low].merge(frame[frame[FRAMES] == high], on=MODEL, suffixes=("", "_after"))
        for low, high in pairwise(counts)
    ]
    level = 1 - 0.05 / max(1, sum(len(each) > 0 for each in pairs))
    for (low, high), both in zip(pairwise(counts), pairs, strict=True):
        if both.empty:
            continue
        before, after = both["position"].to_numpy(), both["position_after"].to_numpy()
        gains = None if draws is None else (draws[:, before] - draws[:, after]).mean(axis=1)
        ratio = (both["flops_after"] / both["flops"]).dropna()
        yield FrameStep(
            from_frames=int(low),
            to_frames=int(high),
            points=float((errors[before] - errors[after]).mean()),
            ci95=interval(gains),
            num_models=len(both),
            flops_ratio=float(np.exp(np.log(ratio).mean())) if len(ratio) else None,
            verdict=_told(interval(gains, level), "helps", "hurts"),
        )


def _rivals(models: pd.DataFrame, errors: Floats, draws: Floats | None) -> Iterator[FrameRival]:
    found = [compare(models, FRAMES, rival) for rival in RIVALS]
    found = [each for each in found if len(each.table)]
    for each in found:
        replicates = each.replicates(draws)
        means = None if replicates is None else replicates.mean(axis=1)
        enough = len(each.table) >= MIN_PAIRS
        bounds = interval(means, 1 - 0.05 / len(found)) if enough else None
        yield FrameRival(
            axis=each.rival,
            advantage_points=float(each.advantage(errors).mean()),
            ci95=interval(means),
            num_pairs=len(each.table),
            prefer=_told(bounds, FRAMES, each.rival),
        )


def _told(bounds: Interval | None, above: Any, below: Any) -> Any:
    """The verdict of an interval of a difference."""
    if bounds is None or bounds[0] <= 0 <= bounds[1]:
        return "undecided"
    return above if bounds[0] > 0 else below
