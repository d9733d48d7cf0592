"""A model: one row of the groups, its name as text, the interval of its mean, and its points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from analysis.noise import GROUP, Interval, Noise, mean_variance
from analysis.table import AXES, FRAMES, Table
from scaling.quantity import counted

UNITS: dict[str, Callable[[float], str]] = {
    "depth": "depth {:g}".format,
    "width": "width {:g}".format,
    "resolution": "{:g} px".format,
    "epochs": lambda epochs: counted(epochs, "epoch"),
    "frames": lambda frames: counted(frames, "frame"),
}
"""Text of a value of an axis within a sentence."""


def model_text(row: pd.Series, axes: Sequence[str] = AXES) -> str:
    """The shortest name of a model: `d26 w0.5 r128 e10`."""
    return " ".join(f"{axis[0]}{row[axis]:g}" for axis in axes)


def axes_text(row: pd.Series) -> str:
    """The full name of a model: `depth 26, width 0.5, 128 px, 10 epochs`, with `8 frames` for clips."""
    clip = [FRAMES] if FRAMES in row and row[FRAMES] > 0 else []
    return ", ".join(UNITS[axis](row[axis]) for axis in (*AXES, *clip))


def half_width(models: pd.DataFrame, noise: Noise) -> pd.Series:
    """Half the 95 % interval of each mean over seeds in points, including that of reading values off a
    figure; NaN where the noise of a run is neither measured nor declared. The noise is that of all models,
    also where it is uneven."""
    if not noise.is_of_runs:
        return pd.Series(np.nan, index=models.index)
    spread = np.sqrt(mean_variance(models, noise))
    return pd.Series(stdtrit(noise.df, 0.975) * spread, index=models.index)


def interval_text(value: float, half: float) -> str:
    """A percentage with its interval, clipped to 0 and 100: `78.31 % (77.90, 78.72)`."""
    if not np.isfinite(half):
        return f"{value:.2f} %"
    return f"{value:.2f} % ({max(value - half, 0):.2f}, {min(value + half, 100):.2f})"


def points_text(value: float, ci95: Interval | None) -> str:
    """Points with their interval: `+0.2 points (−0.3, 0.7)`, or `(no interval)` where there is none."""
    bounds = "no interval" if ci95 is None else f"{signed(ci95[0], plus='')}, {signed(ci95[1], plus='')}"
    return f"{signed(value)} points ({bounds})"


def signed(value: float, plus: str = "+") -> str:
    """Points as text: `+0.2` or `−0.3`."""
    digits = 1 if abs(value) >= 0.095 else 2
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return "0.0"
    return f"{'−' if value < 0 else plus}{text}"


def point_files(table: Table, models: pd.DataFrame) -> list[list[tuple[int, str]]]:
    """For each model, the seeds of its points and their directories in the study; empty for other sources."""
    points = Path(table.source) / "points"
    if not points.is_dir():
        return [[] for _ in range(len(models))]
    key = list(GROUP)
    wanted = models[key].reset_index(drop=True).reset_index(names="model")
    rows = wanted.merge(table.usable[[*key, "seed", "point"]], on=key).sort_values(["model", "seed"])
    files: list[list[tuple[int, str]]] = [[] for _ in range(len(models))]
    for model, seed, point in rows[["model", "seed", "point"]].itertuples(index=False):
        files[model].append((int(seed), str(points / point)))
    return files
