"""Planted grids: tables with a known truth, to test whether the analysis finds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pandas as pd
import pytest

Noise = Callable[[np.ndarray, np.ndarray], np.ndarray]


def planted_grid(
    *,
    generator: np.random.Generator,
    depths: Sequence[int] = (26, 50, 101),
    widths: Sequence[float] = (0.5, 0.75, 1.0),
    resolutions: Sequence[int] = (128, 160),
    epochs: Sequence[int] = (10,),
    num_seeds: int = 3,
    noise: float | Noise = 0.2,
    depth_bonus: Callable[[np.ndarray], np.ndarray] | float = 0.0,
    missing: float = 0.0,
) -> pd.DataFrame:
    """Error = 8 + power law of FLOPs + power law of epochs, less `depth_bonus` points per doubling of depth.

    FLOPs = depth x width^2 x resolution^2, so that without a bonus depth, width and resolution are worth the
    same at equal FLOPs.
    """
    rows = pd.DataFrame(
        list(product(depths, widths, resolutions, epochs, range(num_seeds))),
        columns=["depth", "width", "resolution", "epochs", "seed"],
    )
    size = rows["depth"] / 26 * (rows["width"] / 0.5) ** 2 * (rows["resolution"] / 128) ** 2
    bonus = depth_bonus(rows["epochs"].to_numpy()) if callable(depth_bonus) else depth_bonus
    error = 8 + 22 * size**-0.3 + 10 * rows["epochs"] ** -0.5 - bonus * np.log2(rows["depth"] / 26)
    spread = noise(error.to_numpy(), size.to_numpy()) if callable(noise) else noise
    rows["flops"] = 1e8 * size
    rows["params"] = 1e6 * rows["depth"] * rows["width"] ** 2
    rows["train_seconds"] = rows["flops"] * rows["epochs"] / 1e8
    rows["top1"] = 100 - error - spread * generator.standard_normal(len(rows))
    keep = generator.random(len(rows)) >= missing
    return rows[keep]


def with_seeds(
    groups: pd.DataFrame, *, generator: np.random.Generator, num_seeds: int, noise: float | Noise = 0.2
) -> pd.DataFrame:
    """Groups with true errors, made into means over `num_seeds` seeds with this noise."""
    error = groups["error"].to_numpy()
    spread = noise(error, groups["flops"].to_numpy()) if callable(noise) else np.full(len(groups), noise)
    seen = error + spread / np.sqrt(num_seeds) * generator.standard_normal(len(groups))
    variance = spread**2 * generator.chisquare(num_seeds - 1, len(groups)) / (num_seeds - 1)
    return groups.assign(error=seen, variance=variance, num_seeds=num_seeds)


@pytest.fixture
def planted() -> Callable[..., pd.DataFrame]:
    return planted_grid


@pytest.fixture
def seeded() -> Callable[..., pd.DataFrame]:
    return with_seeds
