"""Networks after a second training, each at its best setting, by their starting points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

SCRATCH = "scratch"
NETWORK = ("model", "depth", "width")


@dataclass(frozen=True, kw_only=True)
class Transferred:
    """A network after its second training, at the setting that was best on validation images."""

    tune: str
    """`all`, `head` or `scratch`."""
    origin: str
    """Digest of how its first training was done (`study.starts.origin_of`); empty where there was none."""
    start_epochs: float
    """Epochs of its first training; NaN where they are not known, or there was none."""
    start_kind: tuple[str, float]
    """Setting and resolution of its first training, as far as they are known."""
    network: tuple[str, float, float]
    """Family, depth and width."""
    flops: float
    setting: str
    num_settings: int
    """Number of settings among which this one was chosen."""
    by_seed: Mapping[int, float]
    """Accuracy in percent by seed, on test images where they were evaluated."""
    start_by_seed: Mapping[int, float]
    """Accuracy of the first training on its own task, in percent; empty where it is not known."""

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.by_seed.values())))

    @property
    def start_mean(self) -> float:
        return float(np.mean(list(self.start_by_seed.values()))) if self.start_by_seed else float("nan")


def models_of(rows: pd.DataFrame, accuracy: str, metric: str) -> Iterator[Transferred]:
    """Each network once for each first training and way of the second."""
    for (tune, origin, family, *_), block in rows.groupby(["tune", "origin", *NETWORK]):
        by_setting = block.groupby("setting")[accuracy].mean()
        best = str(by_setting.idxmax())
        chosen = block[block["setting"] == best]
        start = f"start.{_start_accuracy(block)}"
        known = chosen[chosen[start].notna()] if start in chosen else chosen.iloc[:0]
        yield Transferred(
            tune=str(tune),
            origin=str(origin),
            start_epochs=_number(chosen, "start.epochs"),
            start_kind=(_word(chosen, "start.setting"), np.nan_to_num(_number(chosen, "start.resolution"))),
            network=(str(family), float(chosen["depth"].iloc[0]), float(chosen["width"].iloc[0])),
            flops=float(chosen["flops"].mean()),
            setting=best,
            num_settings=len(by_setting),
            by_seed=_by_seed(chosen, metric),
            start_by_seed=_by_seed(known, start) if len(known) else {},
        )


def _start_accuracy(rows: pd.DataFrame) -> str:
    """The accuracy by which the starting points were compared."""
    is_known = "start.miou" in rows and rows["start.miou"].notna().any()
    return "miou" if is_known else "top1"


def _by_seed(rows: pd.DataFrame, column: str) -> dict[int, float]:
    means = rows.groupby("seed")[column].mean()
    return {int(seed): float(value) for seed, value in zip(means.index, means, strict=True)}


def _number(rows: pd.DataFrame, column: str) -> float:
    """The mean of a column; NaN where there is no such column."""
    return float(rows[column].mean()) if column in rows else float("nan")


def _word(rows: pd.DataFrame, column: str) -> str:
    """The first value of a column; empty where there is none."""
    known = rows[column].dropna() if column in rows else rows.iloc[:0]
    return str(known.iloc[0]) if len(known) else ""
