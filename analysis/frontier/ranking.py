"""A ranking: points compared in some objectives, their ranks, and the volume that their frontier covers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.frontier.dominance import hypervolume, membership, nondominated, ranks
from analysis.frontier.objectives import Objectives
from analysis.noise import Floats
from analysis.sheet import Sheet
from scaling.errors import Refused
from scaling.quantity import counted

MAX_MEMBERS = {2: 10**7, 3: 10**6, 4: 50_000, 5: 5_000, 6: 1_000}
"""Size of the largest frontier whose hypervolume takes at most seconds, by the number of objectives."""


@dataclass(frozen=True, kw_only=True)
class Volume:
    """The volume that the frontier of one data set covers."""

    data: str
    reference: tuple[float, ...]
    """Reference point, one value per objective; by default the worst values."""
    hypervolume: float | None
    """Unit: the product of those of the objectives; None where the frontier is too large to compute it."""
    share: float | None
    """Share of the box between the reference point and the best value of each objective."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    objectives: Objectives
    points: pd.DataFrame
    """Points of the objectives, best first, with `rank` (1 for the frontier; if ranks were not computed, 0
    for the rest) and `probability` of being on the frontier given the seed noise of the error alone (NaN if
    unknown)."""
    volumes: tuple[Volume, ...]

    @property
    def front(self) -> pd.DataFrame:
        return self.points[self.points["rank"] == 1]


def rank(
    objectives: Objectives, *, with_ranks: bool = False, reference: tuple[float, ...] | None = None
) -> Ranking:
    """The frontier of these objectives, and ranks if asked for; points of different data sets do not compete.

    Raises `Refused` for a reference point that does not have one value per objective.
    """
    metrics, points, values = objectives.metrics, objectives.points, objectives.values()
    if reference is not None and len(reference) != len(metrics):
        names = ",".join(metric.name for metric in metrics)
        raise Refused(f"--reference has {counted(len(reference), 'number')}: one each for {names} is needed.")
    directions = [metric.direction for metric in metrics]
    place, chance = np.zeros(len(points), dtype=int), np.full(len(points), np.nan)
    volumes = []
    for data, chosen in points.groupby("data").indices.items():
        block = values[chosen]
        place[chosen] = ranks(block, directions) if with_ranks else nondominated(block, directions)
        if objectives.draws is not None:
            chance[chosen] = _probability(objectives, block, objectives.draws[:, chosen])
        volumes.append(_volume(str(data), objectives, block[place[chosen] == 1], block, reference))
    first = metrics[0]
    order = np.lexsort(
        (values[:, 0] * (1 if first.direction == "minimise" else -1), np.where(place, place, len(points)))
    )
    ranked = points.assign(rank=place, probability=chance).iloc[order].reset_index(drop=True)
    return Ranking(objectives=objectives, points=ranked, volumes=tuple(volumes))


def _probability(objectives: Objectives, values: Floats, draws: Floats) -> Floats:
    signs = [1.0 if metric.direction == "minimise" else -1.0 for metric in objectives.metrics]
    noisy = [metric.column in ("top1", "error") for metric in objectives.metrics]
    accuracy = objectives.metrics[noisy.index(True)]
    is_error = (accuracy.column == "error") == (accuracy.direction == "minimise")
    costs = (values * signs)[:, ~np.array(noisy)]
    return membership(costs, draws if is_error else -draws)


def _volume(
    data: str, objectives: Objectives, front: Floats, values: Floats, given: tuple[float, ...] | None
) -> Volume:
    directions = [metric.direction for metric in objectives.metrics]
    minimised = np.array([direction == "minimise" for direction in directions])
    best = np.where(minimised, values.min(axis=0), values.max(axis=0))
    reference = np.array(given or np.where(minimised, values.max(axis=0), values.min(axis=0)), dtype=float)
    if len(front) > MAX_MEMBERS.get(len(directions), 100):
        return Volume(data=data, reference=tuple(reference.tolist()), hypervolume=None, share=None)
    volume = hypervolume(front, directions, reference)
    box = float(np.prod(np.where(minimised, reference - best, best - reference).clip(0)))
    share = volume / box if box > 0 else None
    return Volume(data=data, reference=tuple(reference.tolist()), hypervolume=volume, share=share)


def ranking_sheet(ranking: Ranking, *, everything: bool) -> Sheet:
    """The frontier, or every point with its rank."""
    objectives = ranking.objectives
    rows = ranking.points if everything else ranking.front
    many_data = rows["data"].nunique() > 1
    head = [*(["data"] if many_data else []), *objectives.names]
    cells = [[_cell(value) for value in rows[column]] for column in head]
    for metric in objectives.metrics:
        head.append(f"{metric.label} (%)" if metric.unit == "%" else metric.label)
        cells.append([metric.text(value) for value in rows[metric.column]])
    if everything:
        head, cells = [*head, "rank"], [*cells, [f"{place}" for place in rows["rank"]]]
    if rows["probability"].notna().any():
        head, cells = [*head, "probability"], [*cells, [f"{chance:.0%}" for chance in rows["probability"]]]
    ways = ", ".join(f"{metric.label} {metric.direction}d" for metric in objectives.metrics)
    title = f"{'Ranks' if everything else 'Frontier'}: {ways}"
    note = "Probability: that the true mean is on the frontier, given the seed noise of the error."
    return Sheet(title, note, tuple(head), list(zip(*cells, strict=True)))


def ranking_sentences(ranking: Ranking) -> list[str]:
    """How many points are on the frontier, what they cover, and how the source was read."""
    count = f"{len(ranking.front)} of {counted(len(ranking.points), 'point')} on the frontier."
    return [
        count,
        *(_volume_sentence(ranking, volume) for volume in ranking.volumes),
        *ranking.objectives.notes,
    ]


def ranking_json(ranking: Ranking, *, everything: bool) -> dict[str, Any]:
    """The ranking as plain values."""
    objectives = ranking.objectives
    rows = ranking.points if everything else ranking.front
    columns = [
        "data",
        *objectives.names,
        *(metric.column for metric in objectives.metrics),
        "rank",
        "probability",
    ]
    return {
        "objectives": [
            {"name": metric.name, "column": metric.column, "direction": metric.direction}
            for metric in objectives.metrics
        ],
        "num_points": len(ranking.points),
        "num_on_frontier": len(ranking.front),
        "hypervolumes": [asdict(volume) for volume in ranking.volumes],
        "points": json.loads(rows[columns].to_json(orient="records")),
        "notes": list(objectives.notes),
    }


def _volume_sentence(ranking: Ranking, volume: Volume) -> str:
    metrics = ranking.objectives.metrics
    where = ", ".join(f"{m.name} {m.text(value)}" for m, value in zip(metrics, volume.reference, strict=True))
    of = f" of {volume.data}" if len(ranking.volumes) > 1 else ""
    if volume.hypervolume is None:
        return f"Hypervolume{of}: not computed, the frontier is too large for {len(metrics)} objectives."
    share = "" if volume.share is None else f", {volume.share:.1%} of the box up to the best value of each"
    return f"Hypervolume{of}: {volume.hypervolume:.4g} from the reference point {where}{share}."


def _cell(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
