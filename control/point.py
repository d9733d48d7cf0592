"""A point as its files describe it, read without building the `Point` itself, which would take too long."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from scaling.errors import Refused
from scaling.study.files import Corrupt, read_json
from scaling.study.point import AXES, KNOBS
from scaling.study.result import Failure, Status, read_noted, read_result
from scaling.study.store import Study


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A point and its noted status, which may be out of date."""

    id: str
    model: str
    data: str
    fingerprint: str | None = None
    """Fingerprint of a data set of the user's own files, of which several may have one name."""
    setting: str
    """Digest of everything but the axes."""
    metric: Literal["top1", "miou"]
    """Metric of `accuracy`."""
    axes: Mapping[str, float]
    flops: int
    train_flops: int
    predicted_hours: float | None
    status: Status = "pending"
    failure: Failure | None = None
    message: str | None = None
    attempt: int = 0
    epoch: int = 0
    """Completed epochs."""
    launch: str | None = None
    job: str | None = None
    """Id of the Slurm job that has the point."""
    accuracy: float | None = None
    """Accuracy of a completed point, in percent."""
    train_seconds: float | None = None
    """Seconds spent in training steps, of a completed point."""
    trunk_seconds: float | None = None
    """Part of `train_seconds` that another point spent on steps shared with this one."""
    ended: float | None = None
    """When the result was written, in seconds since 1970."""

    @property
    def epochs(self) -> int:
        return int(self.axes["epochs"])

    @property
    def own_seconds(self) -> float:
        """Seconds spent in training steps of its own, without those that another point took for it."""
        return (self.train_seconds or 0.0) - (self.trunk_seconds or 0.0)

    @property
    def share(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return 1.0 if self.status == "completed" else min(1.0, self.epoch / self.epochs)

    @property
    def words(self) -> str:
        """`depth=8 width=0.5 …`"""
        return " ".join(f"{name}={value:g}" for name, value in self.axes.items())


def see(study: Study, point_id: str) -> Seen:
    """Read a point from its files; Refused where its point.json cannot be read."""
    directory = f"{study.path}/points/{point_id}"  # building a Path takes as long as the reading
    try:
        value = read_json(f"{directory}/point.json") or {}
        data = value["data"]
        metric = "miou" if data.get("masks") else "top1"
        files = data.get("fingerprint") if data.get("side") is None else None
        facts = {**value["cost"], "predicted_hours": (value.get("predicted") or {}).get("hours")}
        seen = _seen(
            point_id,
            value | {"model": value["family"], "data": data["name"], "fingerprint": files, "metric": metric},
            facts,
            _noted(directory),
        )
        _check(seen)
        return seen
    except (Corrupt, KeyError, TypeError, AttributeError) as error:
        study.point(point_id)  # says what is wrong, unless that is in what a point computes itself
        raise Refused(
            f"{directory}/point.json is no point ({type(error).__name__}: {error}): remove it and type "
            "the line that made the study again."
        ) from error


def _check(seen: Seen) -> None:
    """Raise TypeError for a wrong type or a negative or infinite number, KeyError for a missing axis."""
    numbers = {name: seen.axes[name] for name in AXES} | {
        "flops": seen.flops,
        "train_flops": seen.train_flops,
        "predicted hours": seen.predicted_hours or 0,
    }
    for name, value in numbers.items():
        if type(value) not in (int, float) or not 0 <= value < math.inf:
            raise TypeError(f"{name} is {value!r}, not a number")
    for word in (seen.model, seen.data, seen.setting):
        if not isinstance(word, str):
            raise TypeError(f"{word!r} is not a name")


def from_row(study: Study, row: Mapping[str, Any]) -> Seen:
    """A completed point from its row in the index."""
    metric = "top1" if row.get("miou") is None else "miou"
    noted = {name: row.get(name) for name in ("status", "train_seconds")}
    noted |= {"accuracy": row.get(metric), "trunk_seconds": row.get("trunk_seconds")}  # old rows lack it
    noted |= {"epoch": row["epochs"], "ended": _ended(f"{study.path}/points/{row['point']}")}
    return _seen(row["point"], {**row, "metric": metric}, row, noted)


def _seen(
    point_id: str, about: Mapping[str, Any], facts: Mapping[str, Any], noted: Mapping[str, Any]
) -> Seen:
    return Seen(
        id=point_id,
        model=about["model"],
        data=about["data"],
        fingerprint=about.get("fingerprint"),
        setting=about["setting"],
        metric=about["metric"],
        axes={name: about[name] for name in KNOBS if about.get(name) is not None},
        flops=facts["flops"],
        train_flops=facts["train_flops"],
        predicted_hours=facts["predicted_hours"],
        **noted,
    )


_NOTED = ("status", "failure", "message", "attempt", "epoch", "launch", "job")


def _noted(directory: str) -> dict[str, Any]:
    """What status.json and result.json say; as in `Study.state`, result.json overrides status.json."""
    names = os.listdir(directory)
    noted: dict[str, Any] = {}
    if "status.json" in names:
        noted = noted_in(directory)
    if "result.json" not in names:
        return noted | _LOST if noted.get("status") == "completed" else noted
    try:
        result = read_result(f"{directory}/result.json") or {}
    except Corrupt as error:
        return {"message": f"{error}; it will be set aside and the point run again"}
    metrics, measured = result.get("metrics") or {}, result.get("measured") or {}
    return noted | {
        "status": "completed",
        "failure": None,
        "message": None,
        "accuracy": metrics.get("top1", metrics.get("miou")),
        "train_seconds": measured.get("train_seconds"),
        "trunk_seconds": measured.get("trunk_seconds"),
        "ended": _ended(directory),
    }


_LOST = {"status": "pending", "message": "its result.json is missing"}


def noted_in(directory: str) -> dict[str, Any]:
    """The fields of status.json that `Seen` has; empty where it cannot be read."""
    noted = read_noted(f"{directory}/status.json")
    return {name: noted[name] for name in _NOTED if name in noted}


def _ended(directory: str) -> float | None:
    """When the result was written, in seconds since 1970; None where it has been removed since."""
    try:
        return os.stat(f"{directory}/result.json").st_mtime
    except FileNotFoundError:
        return None
