"""The data of the interactive frontier: what the page's script draws, and shows of a model under the
pointer."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.findings import Findings
from analysis.frontier.figure import LEGEND, error_reach
from analysis.frontier.frontier import STANDINGS, Frontier
from analysis.metric import ERROR, Metric, error_of
from analysis.model import axes_text, half_width, interval_text, point_files
from analysis.noise import Noise
from analysis.scale import limits, round_ticks, tick_text

MAX_MODELS = 1500
"""Maximum number of models on the page for each cost: the frontier first, then models within noise of it."""
PLACES = 4
"""Decimals of a position in the chart, which is 1 wide and 1 high."""


def frontier_data(findings: Findings, out: Path) -> dict[str, Any]:
    """Plain values for JSON: `accuracy`, its label, `models`, `standings`, and `views`, one for each cost.

    A model has its name, accuracy with interval, number of seeds and `files`: pairs of a seed and a link from
    `out` to its point. A view has the cost's label, ticks (position, text) and, for each of its models, `at`:
    position in `models`, x, y, low and high as shares of the chart, standing, cost, chance.
    """
    shown = {
        name: _drawn(frontier.members[frontier.members["error"] > 0])
        for name, frontier in findings.frontiers.items()
    }
    shown = {name: rows for name, rows in shown.items() if len(rows)}
    rows = sorted({int(index) for members in shown.values() for index in members.index})
    models = findings.groups.loc[rows]
    place = {row: at for at, row in enumerate(rows)}
    error = error_of(findings.table.accuracy)
    return {
        "accuracy": findings.table.accuracy.label,
        "standings": [
            {"label": label, "means": f"{STANDINGS[name].capitalize()}."}
            for name, (label, *_) in LEGEND.items()
        ],
        "models": _models(findings, models, out),
        "views": [
            _view(findings.frontiers[name], members, findings.noise, place, error)
            for name, members in shown.items()
        ],
    }


def _drawn(members: pd.DataFrame) -> pd.DataFrame:
    """At most MAX_MODELS members, by standing in the order of LEGEND; a standing that does not fit is thinned
    evenly by cost."""
    chosen: list[int] = []
    for name in LEGEND:
        rows = np.flatnonzero((members["standing"] == name).to_numpy())
        room = MAX_MODELS - len(chosen)
        if len(rows) > room:
            rows = rows[np.linspace(0, len(rows) - 1, room).round().astype(int)]
        chosen.extend(int(row) for row in rows)
    return members.iloc[sorted(chosen)]


def _models(findings: Findings, models: pd.DataFrame, out: Path) -> list[dict[str, Any]]:
    half = half_width(models, findings.noise)
    files = point_files(findings.table, models)
    several = findings.groups["data"].nunique() > 1
    any_frontier = next(iter(findings.frontiers.values()))
    return [
        {
            "name": axes_text(row) + any_frontier.setting_text(row) + (f", {row['data']}" if several else ""),
            "top1": interval_text(100 - row["error"], width),
            "seeds": int(row["num_seeds"]),
            "files": [[seed, _link(path, out)] for seed, path in mine],
        }
        for (_, row), width, mine in zip(models.iterrows(), half, files, strict=True)
    ]


def _link(path: str, out: Path) -> str:
    return Path(os.path.relpath(path, out)).as_posix() + "/"


def _view(
    frontier: Frontier, members: pd.DataFrame, noise: Noise, place: dict[int, int], error_metric: Metric
) -> dict[str, Any]:
    cost, half = frontier.cost, half_width(members, noise).fillna(0.0)
    x_ends = limits(list(members[cost.column]))
    y_ends = limits(error_reach(members, half))
    error = members["error"].to_numpy(dtype=float)
    low, high = (_shares(error + sign * half.to_numpy(dtype=float), y_ends) for sign in (-1, 1))
    x, y = _shares(members[cost.column].to_numpy(dtype=float), x_ends), _shares(error, y_ends)
    standings = [list(LEGEND).index(name) for name in members["standing"]]
    chances = [None if math.isnan(chance) else f"{chance:.0%}" for chance in members["probability"]]
    costs = [cost.text(value) for value in members[cost.column]]
    positions = [place[int(index)] for index in members.index]
    return {
        "name": cost.name,
        "cost": cost.label,
        "x_label": cost.axis_label,
        "y_label": error_metric.axis_label,
        "x_ticks": _ticks(cost, x_ends),
        "y_ticks": _ticks(ERROR, y_ends),
        "at": list(zip(positions, x, y, low, high, standings, costs, chances, strict=True)),
        "num_models": len(frontier.members),
    }


def _shares(values: np.ndarray[Any, np.dtype[np.float64]], ends: tuple[float, float]) -> list[float]:
    """Positions of values between the ends of a log axis, from 0 to 1."""
    low, high = np.log(ends)
    shares = (np.log(np.clip(values, ends[0], ends[1])) - low) / (high - low)
    return [round(float(share), PLACES) for share in shares]


def _ticks(metric: Metric, ends: tuple[float, float]) -> list[Sequence[object]]:
    ticks = round_ticks(metric, *ends)
    shares = _shares(np.array(ticks, dtype=float), ends)
    return [(share, tick_text(metric, tick)) for share, tick in zip(shares, ticks, strict=True)]
