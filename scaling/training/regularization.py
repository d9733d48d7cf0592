"""Regularisation: as the recipe gives it, or as a function of scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from scaling.errors import Refused
from scaling.training.recipe import Recipe

GOVERNED = ("label_smoothing", "stochastic_depth", "dropout", "rand_augment_layers", "rand_augment_magnitude")
"""Settings of the recipe that `by_scale` overrides."""

_DEEP = 200
"""Layers from which stochastic depth is on (Bello et al. 2021, Table 8: 0 up to ResNet-RS-152)."""


@dataclass(frozen=True, kw_only=True)
class Regularization:
    """The policy of a study. What it comes to for a point is in the point's recipe."""

    policy: Literal["given", "by_scale"] = "given"
    """`given`: every point has the strengths of its recipe. `by_scale`: they grow with the network, as for
    the models of ResNet-RS."""
    plain_epochs: int = 100
    """With `by_scale`, runs of at most so many epochs have crops and flips only, as the paper's runs of 10
    and 100 epochs do; with 0 all runs are regularised alike."""

    def __post_init__(self) -> None:
        if self.plain_epochs < 0:
            raise Refused(f"regularization.plain_epochs={self.plain_epochs} must not be negative.")

    def applied(self, recipe: Recipe, *, layers: int, width: float, resolution: int, epochs: int) -> Recipe:
        """The recipe of a point of so many layers, width, pixels and epochs.

        The models of Bello et al. 2021, Table 8 come out exactly. What lies beyond them is ours: their
        dropout for other widths is printed where it could not be read.
        """
        if self.policy == "given":
            return recipe
        if epochs <= self.plain_epochs:
            return replace(
                recipe, label_smoothing=0.0, stochastic_depth=0.0, dropout=0.0, rand_augment_layers=0
            )
        return replace(
            recipe,
            label_smoothing=0.1,
            rand_augment_layers=2,
            stochastic_depth=0.1 if layers >= _DEEP else 0.0,
            dropout=_dropout(width, resolution),
            rand_augment_magnitude=_magnitude(resolution),
        )

    def without_governed(self, recipe: Recipe) -> Recipe:
        """The recipe without what the policy decides: the part that points of all scales share."""
        if self.policy == "given":
            return recipe
        return replace(recipe, **{name: getattr(Recipe, name) for name in GOVERNED})


def _dropout(width: float, resolution: int) -> float:
    """.25 at width 1 and .40 from 320 pixels on (Table 8); half of either more or less with each factor of 2.

    It stays at most .75, and gets to 0 at a quarter of the width.
    """
    at_width_1 = 0.25 if resolution < 320 else 0.4
    return round(min(max(at_width_1 * (1 + math.log2(width) / 2), 0.0), 0.75), 4)


def _magnitude(resolution: int) -> float:
    """10 up to 160 pixels, 15 up to 320 (Table 8), 20 beyond (ours)."""
    return 10.0 if resolution <= 160 else 15.0 if resolution <= 320 else 20.0
