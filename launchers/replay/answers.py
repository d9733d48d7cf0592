"""Answers: the results that a replay table gives for points, with noise if it has one row for all seeds."""

from __future__ import annotations

import platform
import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Any

from launchers.replay.table import Ending, ReplayTable
from scaling.errors import Refused
from scaling.study.checkout import installed_version
from scaling.study.plan import Plan, Planned
from scaling.study.point import Point
from scaling.study.snapshot import code_digest
from scaling.training.attempt import Attempt, Row
from scaling.training.failure import Recorded

_BITS = 52
"""Bits of a uniform random number: few enough that adding 1/2 is exact, so the result is never 0 or 1."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """A table and its noise. Equal fields give equal answers, at any time and in any order."""

    table: ReplayTable
    noise_sd: float | None
    """Standard deviation in points, the same for all rows; None for the value that the table has for each."""
    noise_seed: int

    def __post_init__(self) -> None:
        if self.table.has_seeds and self.noise_sd:
            raise Refused(
                f"hydra.launcher.noise_sd={self.noise_sd:g}: {self.table.source} has a row for each seed, so "
                "it includes the noise; leave it out."
            )

    def __str__(self) -> str:
        """Description for the history of a study."""
        return self._text

    @cached_property
    def _text(self) -> str:
        if self.table.has_seeds:
            return f"{self.table.version}, seed by seed"
        sds = {self.sd(ending) for ending in self.table.endings.values()}
        if not any(sds):
            return f"{self.table.version}, without noise"
        of = f"{sds.pop():g} points" if len(sds) == 1 else "its own size"
        return f"{self.table.version}, with noise of {of} (seed {self.noise_seed})"

    def sd(self, ending: Ending) -> float:
        """Standard deviation, in points, of the noise added to a row; 0 if the table has a row per seed."""
        if self.table.has_seeds:
            return 0.0
        return ending.noise_sd if self.noise_sd is None else self.noise_sd

    def of(self, point: Point) -> Ending:
        """How the point ends, with independent noise on each evaluation, clipped to 0 to 100 percent."""
        ending = self.table.endings[self.table.setting(point)]
        noise = random.Random(f"{self.noise_seed} {point.id}")
        last_first = sorted(ending.top1, reverse=True)  # so earlier evaluations do not affect the final one
        drawn = {epoch: ending.top1[epoch] + self.sd(ending) * _normal(noise) for epoch in last_first}
        within = {epoch: min(100.0, max(0.0, drawn[epoch])) for epoch in ending.top1}
        return replace(ending, top1=within)

    def answer(self, point: Point, attempt: Attempt) -> None:
        """End the point as a worker would, without training. Raises Recorded if it failed in the table."""
        started = time.time()
        ending = self.of(point)
        if ending.top1:
            attempt.keep([_row(point, ending, epoch) for epoch in ending.top1])
        if ending.failure is not None:
            said = f": {ending.message}" if ending.message else ""
            raise Recorded(ending.failure, f"replayed from {self.table.source}{said}")
        attempt.commit(
            {"top1": ending.top1[point.epochs]},
            {} if ending.train_seconds is None else {"train_seconds": ending.train_seconds},
            {**self._provenance, "noise_sd": self.sd(ending), "started": started},
        )

    @cached_property
    def _provenance(self) -> dict[str, Any]:
        """Provenance that is common to all results."""
        return {
            "replayed": str(self),
            "table_sha256": self.table.digest,
            "noise_seed": self.noise_seed,
            "host": platform.node(),
            "python": platform.python_version(),
            "scaling-study": installed_version(),
            "code": code_digest(),
        }

    def answerable(self, plan: Plan) -> Plan:
        """The plan without the points that are known to be missing from the published figures.

        Raises Refused if the table lacks any other point to run, or cannot distinguish two of them.
        """
        asked = [entry for entry in plan.entries if entry.is_to_train]
        self._check_told_apart(asked)
        lacking = [
            entry.point
            for entry in asked
            if (setting := self.table.setting(entry.point)) not in self.table.endings
            and setting not in self.table.unread
        ]
        if lacking:
            wanted = self.table.setting(lacking[0])
            nearest = " and ".join(map(str, self.table.nearest(wanted)))
            raise Refused(
                f"{self.table.source} lacks {len(lacking)} of the {len(asked)} points to run, such as "
                f"{wanted}: the nearest that it has are {nearest}."
            )
        return replace(plan, entries=[self._dropped(entry) for entry in plan.entries])

    def _dropped(self, entry: Planned) -> Planned:
        if not entry.is_to_train or self.table.setting(entry.point) in self.table.endings:
            return entry
        return replace(
            entry, action="drop", why=f"absence from the figures: {self.table.source} has no number for it"
        )

    def _check_told_apart(self, asked: list[Planned]) -> None:
        for entry in asked:
            if entry.point.data.metric != "top1":
                raise Refused(
                    f"hydra/launcher=replay answers top1, and {entry.point.data.name} is measured by "
                    f"{entry.point.data.metric}: train it."
                )
        counts = Counter((self.table.setting(entry.point), entry.point.seed) for entry in asked)
        for (setting, _), count in counts.most_common(1):
            if count > 1:
                raise Refused(
                    f"{count} points are {setting} and differ in settings that no replay table has: vary "
                    "depth, width, resolution, epochs and seed alone."
                )


def _row(point: Point, ending: Ending, epoch: int) -> Row:
    """A row like those in the metrics.jsonl of a trained point, with the values that the table has."""
    share = epoch / point.epochs
    row: Row = {
        "epoch": epoch,
        "step": epoch * point.steps_per_epoch,
        "train_flops": share * point.cost.train_flops,
        "top1": ending.top1[epoch],
    }
    if ending.train_seconds is not None:
        row["seconds"] = share * ending.train_seconds
    return row


def _normal(noise: random.Random) -> float:
    """A standard normal number from raw random bits, which are the same in all versions of Python."""
    uniform = (noise.getrandbits(_BITS) + 0.5) / 2**_BITS
    return NormalDist().inv_cdf(uniform)
