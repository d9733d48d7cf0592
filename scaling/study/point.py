"""A point: one setting of the knobs and everything else that decides its outcome, with the id made of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from scaling.data.dataset import DataSet
from scaling.errors import Refused
from scaling.models.families import Family
from scaling.models.network import Network
from scaling.study.cost import Cost, cost_of
from scaling.training.recipe import Recipe
from scaling.training.schedule import Schedule

AXES = ("depth", "width", "resolution", "epochs", "seed")

SEMANTICS = 1
"""Raised when the same settings would train to another outcome: old results then keep their old ids."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """The axes of the grid and the settings shared along them; Refused where they cannot be trained."""

    depth: int
    width: float
    resolution: int
    epochs: int
    seed: int
    family: str
    model: Family
    data: DataSet
    recipe: Recipe
    schedule: Schedule
    precision: Literal["fp32", "bf16"]

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise Refused(f"epochs={self.epochs} trains nothing: use at least 1.")
        if self.seed < 0:
            raise Refused(f"seed={self.seed} must not be negative.")
        if self.resolution < self.network.stride:
            raise Refused(
                f"resolution={self.resolution} is too small for {self.family}, which shrinks an image "
                f"{self.network.stride} times: use at least {self.network.stride}."
            )
        if self.recipe.batch_size > self.data.num_train:
            raise Refused(
                f"recipe.batch_size={self.recipe.batch_size} is more than the {self.data.num_train} "
                f"training images of {self.data.name}."
            )

    @cached_property
    def network(self) -> Network:
        """The block list that depth and width stand for."""
        return self.model.network(self.depth, self.width)

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps an epoch; an incomplete last batch is dropped."""
        return self.data.num_train // self.recipe.batch_size

    @cached_property
    def cost(self) -> Cost:
        """What the point costs, known before it runs."""
        return cost_of(
            self.network,
            resolution=self.resolution,
            in_channels=self.data.channels,
            num_classes=self.data.num_classes,
            images_seen=self.epochs * self.steps_per_epoch * self.recipe.batch_size,
        )

    @cached_property
    def id(self) -> str:
        """16 hex digits over all that decides the outcome."""
        knobs = {"resolution": self.resolution, "epochs": self.epochs, "seed": self.seed}
        return digest({"network": asdict(self.network), **knobs, **self._shared})

    @cached_property
    def setting(self) -> str:
        """8 hex digits over what the axes leave out: points of different settings are not compared."""
        return digest({"family": self.family, "model": asdict(self.model), **self._shared})[:8]

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return {
            "semantics": SEMANTICS,
            "data": asdict(self.data),
            "recipe": asdict(self.recipe) | {"norm_batch": self.recipe.images_per_norm},
            "schedule": asdict(self.schedule),
            "precision": self.precision,
        }

    @property
    def axes(self) -> dict[str, int | float]:
        """The axis values by name, in the order of AXES."""
        return {axis: getattr(self, axis) for axis in AXES}

    def __str__(self) -> str:
        return " ".join(f"{axis}={value:g}" for axis, value in self.axes.items())

    def to_json(self) -> dict[str, Any]:
        """The whole point as plain values, from which `point_from_json` makes it again."""
        return {"id": self.id, "setting": self.setting, **asdict(self)}


def digest(value: dict[str, Any]) -> str:
    """16 hex digits of SHA-256 over canonical JSON; TypeError or ValueError for what has no stable form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
