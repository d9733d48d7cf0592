"""A training step of a network: everything that its arithmetic and memory depend on. No torch import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from scaling.models.layer import Grid
from scaling.models.network import Network
from scaling.study.form import NetworkForm, form_of
from scaling.study.precision import Precision


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """A step on square images, or on clips."""

    network: Network
    resolution: int
    frames: int = 1
    """Frames of a clip; 1 for images."""
    in_channels: int
    num_classes: int
    batch_size: int = 128
    """Images that are in the network at once and are normalised together."""
    precision: Precision = "fp32"
    num_moments: int = 1
    """Values that the optimizer keeps for each weight."""
    average: bool = True
    """Whether a running average of the weights is kept."""
    frozen: bool = False
    """Whether only the classifier is trained."""

    @cached_property
    def form(self) -> NetworkForm:
        """The network's cost and memory per position."""
        return form_of(self.network, self.in_channels, self.num_classes)

    @cached_property
    def positions(self) -> Mapping[Grid, int]:
        """Positions of each grid of the network, for one image."""
        return {grid: grid.positions(self.resolution, self.frames) for grid in self.form.grids}

    @property
    def elements(self) -> int:
        """Elements of one image or clip."""
        return self.in_channels * self.resolution**2 * self.frames
