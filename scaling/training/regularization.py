"""Regularisation: its strengths are those of the recipe, or a function of scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from scaling.errors import Refused
from scaling.training.recipe import Recipe

GOVERNED = ("label_smoothing", "stochastic_depth", "dropout", "rand_augment_layers", "rand_augment_magnitude")
"""Fields of the recipe that `by_scale` overrides."""

_DEEP = 200
"""Layers from which stochastic depth is on (Bello et al. 2021, Table 8: 0 up to ResNet-RS-152)."""


@dataclass(frozen=True, kw_only=True)
class Regularization:
    """The policy of a study; a point's recipe holds the strengths that result."""

    policy: Literal["given", "by_scale"] = "given"
    """`given`: every point has the strengths of its recipe. `by_scale`: they grow with the network, as for
    the models of ResNet-RS."""
    plain_epochs: int = 100
    """For `by_scale`: runs of up to this number of epochs use crops and flips only, as the paper's runs of 10
    and 100 epochs do; 0 regularises runs of all lengths alike."""

    def __post_init__(self) -> None:
        if self.plain_epochs < 0:
            raise Refused(f"regularization.plain_epochs={self.plain_epochs} must not be negative.")

    def applied(self, recipe: Recipe, *, layers: int, width: float, resolution: int, epochs: int) -> Recipe:
        """The recipe of a point with this number of layers, width, resolution in pixels and number of epochs.

        Reproduces the models of Bello et al. 2021, Table 8 exactly. Values for other models are ours, since
        the paper's dropout for other widths could not be read.
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
        """The recipe without the strengths that depend on scale, equal for points of all scales."""
        if self.policy == "given":
            return recipe
        return replace(recipe, **{name: getattr(Recipe, name) for name in GOVERNED})


def _dropout(width: float, resolution: int) -> float:
    """0.25 at width 1, or 0.40 from 320 pixels on (Table 8); half of that more or less per factor of 2 in
    width.

    The result is limited to 0 to 0.75; it is 0 at widths up to 0.25.
    """
    at_width_1 = 0.25 if resolution < 320 else 0.4
    return round(min(max(at_width_1 * (1 + math.log2(width) / 2), 0.0), 0.75), 4)


def _magnitude(resolution: int) -> float:
    """10 up to 160 pixels, 15 up to 320 (Table 8), 20 beyond (ours)."""
    return 10.0 if resolution <= 160 else 15.0 if resolution <= 320 else 20.0
