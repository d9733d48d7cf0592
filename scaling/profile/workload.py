"""A workload: everything that determines a measurement, except the device. No torch import."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from scaling.models.network import Network
from scaling.profile.operation import Work
from scaling.study.fields import changed_fields
from scaling.study.identity import digest
from scaling.study.memory import Memory, training_memory
from scaling.study.point import Point
from scaling.study.precision import Precision


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A kind of pass of a network on a batch of a given shape."""

    network: Network
    resolution: int
    frames: int | None = None
    """Frames of a clip; None for images."""
    in_channels: int
    num_classes: int
    batch_size: int
    norm_batch: int | None = None
    """Images per norm batch in a training step; None for the whole batch."""
    precision: Precision
    work: Work
    num_moments: int = 1
    """Numbers that the optimizer stores per weight."""
    average: bool = True
    """Whether a moving average of the weights is kept."""
    frozen: bool = False
    """Whether a training step trains only the classifier."""

    def memory(self, *, fused: bool = False) -> Memory:
        """The estimated memory of its training step; `fused` as in `training_memory`."""
        return training_memory(
            self.network,
            resolution=self.resolution,
            frames=self.frames or 1,
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            batch_size=self.norm_batch or self.batch_size,
            precision=self.precision,
            num_moments=self.num_moments,
            average=self.average,
            frozen=self.frozen,
            fused=fused,
        )

    def inference(self, batch_size: int) -> Workload:
        """Inference of the same network on batches of this size."""
        return replace(
            self,
            work="inference",
            batch_size=batch_size,
            norm_batch=None,
            num_moments=1,
            average=True,
            frozen=False,
        )

    def key(self, *, threads: int, torch: str) -> str:
        """16 hex digits of the workload, the threads and the version of torch that it is measured with."""
        return _key(self, threads, torch)


@lru_cache(maxsize=65536)
def _key(workload: Workload, threads: int, torch: str) -> str:
    return digest({**changed_fields(workload), "threads": threads, "torch": torch})


def training_step(point: Point) -> Workload:
    """The workload of each training step of a point."""
    recipe, num_images = point.recipe, point.images_per_step
    return Workload(
        network=point.network,
        resolution=point.resolution,
        frames=point.frames,
        in_channels=point.data.channels,
        num_classes=point.data.num_classes,
        batch_size=num_images,
        norm_batch=None if recipe.images_per_norm == num_images else recipe.images_per_norm,
        precision=point.precision,
        work="training",
        num_moments=recipe.num_moments,
        average=recipe.ema_decay > 0,
        frozen=point.frozen,
    )
