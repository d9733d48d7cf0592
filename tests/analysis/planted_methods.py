"""Planted studies of training methods: ladders and crossings whose effects are known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from analysis.methods.methods import METHODS
from analysis.source.clean import build_table
from analysis.table import Table

OFF = {
    "schedule.kind": "step",
    "epochs": 8,
    "recipe.ema_decay": 0.0,
    "recipe.label_smoothing": 0.0,
    "recipe.stochastic_depth": 0.0,
    "recipe.rand_augment_layers": 0,
    "recipe.dropout": 0.0,
    "recipe.weight_decay": 1e-4,
    "model.se_ratio": 0.0,
    "model.stem": "plain",
    "model.pooled_shortcut": False,
}
ON = {
    "schedule.kind": "cosine",
    "epochs": 24,
    "recipe.ema_decay": 0.9,
    "recipe.label_smoothing": 0.1,
    "recipe.stochastic_depth": 0.1,
    "recipe.rand_augment_layers": 2,
    "recipe.dropout": 0.2,
    "recipe.weight_decay": 4e-5,
    "model.se_ratio": 0.25,
    "model.stem": "deep",
    "model.pooled_shortcut": True,
}
AXES = {"depth": 14, "width": 1.0, "resolution": 14}
GAIN = 0.5
"""Points that each method adds by default."""
LEVELS = ((), ("recipe.label_smoothing",), ("recipe.label_smoothing", "recipe.dropout"))
"""Levels of regularisation."""


def ladder_rows(
    num_seeds: int = 4,
    noise: float = 0.05,
    rungs: range = range(len(METHODS) + 1),
    gains: Mapping[int, float] | None = None,
) -> pd.DataFrame:
    """A ladder; `rungs` are numbers of methods, and `gains` has points by rung, where not GAIN."""
    generator = np.random.default_rng(0)
    of_seed = generator.normal(0, 2, num_seeds)  # the same on every rung, and as large as all gains together
    rows = []
    for rung in rungs:
        on = {column for method in METHODS[:rung] for column in method.columns}
        settings = {name: (ON if name in on else OFF)[name] for name in OFF}
        height = sum((gains or {}).get(step, GAIN) for step in range(1, rung + 1))
        for seed in range(num_seeds):
            top1 = 70 + height + of_seed[seed] + noise * generator.standard_normal()
            rows.append({**AXES, "seed": seed, **settings, "top1": top1, "test_top1": top1 - 1})
    return pd.DataFrame(rows)


def crossed_rows(
    effects: tuple[float, ...] = (-1.0, -0.2, 0.6),
    num_seeds: int = 6,
    noise: float = 0.1,
    depths: tuple[int, ...] = (14,),
    seed: int = 0,
) -> pd.DataFrame:
    """Two weight decays at each of LEVELS; `effects` are those of the lower one, in points, at each level."""
    generator = np.random.default_rng(seed)
    of_seed = generator.normal(0, 2, num_seeds)
    rows = []
    for depth in depths:
        for level, effect in zip(LEVELS, effects, strict=True):
            for decay, height in ((1e-4, 0.0), (4e-5, effect)):
                settings = {name: (ON if name in level else OFF)[name] for name in OFF}
                for number in range(num_seeds):
                    top1 = 70 + len(level) + height + of_seed[number] + noise * generator.standard_normal()
                    own = {"depth": depth, "seed": number, "recipe.weight_decay": decay, "top1": top1}
                    rows.append(AXES | settings | own)
    return pd.DataFrame(rows)


def table(rows: pd.DataFrame) -> Table:
    return build_table(rows, name="mine", source="mine")
