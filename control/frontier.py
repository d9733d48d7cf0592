"""The frontier so far: the completed results that no other beats in both error and FLOPs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.frontier.frontier import frontier
from analysis.metric import FLOPS
from analysis.noise import group_seeds
from analysis.noise_estimate import seed_noise
from analysis.source.clean import table_of
from control.point import Seen


@dataclass(frozen=True, kw_only=True)
class Member:
    """A model on the frontier of its data set, averaged over its seeds."""

    data: str
    """Data set, with the start of its fingerprint where several sets of files have one name."""
    flops: float
    accuracy: float
    """Mean over the seeds, in percent."""
    depth: float
    width: float
    resolution: int
    epochs: int
    num_seeds: int


def frontier_so_far(points: Sequence[Seen], name: str) -> list[Member]:
    """The frontier of the completed points of each data set, in order of FLOPs; `name` is that of the
    study."""
    rows = [_row(point) for point in points if point.status == "completed" and point.accuracy is not None]
    if not rows:
        return []
    groups = group_seeds(table_of(rows, name=name).usable)
    line = frontier(groups, seed_noise(groups), None, FLOPS).line
    return [
        Member(
            data=row["data"],
            flops=row["flops"],
            accuracy=100 - row["error"],
            depth=row["depth"],
            width=row["width"],
            resolution=int(row["resolution"]),
            epochs=int(row["epochs"]),
            num_seeds=int(row["num_seeds"]),
        )
        for row in line.sort_values("data", kind="stable").to_dict("records")
    ]


def _row(point: Seen) -> dict[str, object]:
    about = {name: getattr(point, name) for name in ("model", "data", "setting", "status", "flops")}
    if point.fingerprint is not None:
        about["fingerprint"] = point.fingerprint
    return {"point": point.id, **about, point.metric: point.accuracy, **point.axes}
