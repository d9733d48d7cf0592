"""A workload: everything that determines a measurement, except the device. No torch import."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from scaling.profile.operation import Work
from scaling.study.fields import changed_fields
from scaling.study.identity import digest
from scaling.study.point import Point
from scaling.study.training_step import TrainingStep


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A kind of pass of a network over a batch."""

    step: TrainingStep
    """The training step on one norm batch; inference is the forward pass alone."""
    num_norm_batches: int = 1
    """Norm batches of a whole step, over which gradients are accumulated."""
    work: Work

    @property
    def batch_size(self) -> int:
        """Images of the whole batch."""
        return self.num_norm_batches * self.step.batch_size

    @property
    def frames(self) -> int | None:
        """Frames of a clip; None for images."""
        return self.step.frames if self.step.network.takes_clips else None

    def inference(self, batch_size: int) -> Workload:
        """Inference of the same network on batches of this size."""
        step = replace(self.step, batch_size=batch_size, num_moments=1, average=True, frozen=False)
        return Workload(step=step, work="inference")

    def key(self, *, threads: int, torch: str) -> str:
        """16 hex digits of the workload, the threads and the version of torch that it is measured with."""
        return _key(self, threads, torch)


@lru_cache(maxsize=65536)
def _key(workload: Workload, threads: int, torch: str) -> str:
    """The names are those of the first stored profiles, so that they are still found."""
    step = workload.step
    named = changed_fields(step) | {
        "batch_size": workload.batch_size,
        "precision": step.precision,
        "work": workload.work,
        "threads": threads,
        "torch": torch,
    }
    if workload.num_norm_batches > 1:
        named["norm_batch"] = step.batch_size
    if workload.frames is not None:
        named["frames"] = workload.frames
    return digest(named)


def workload_of(point: Point) -> Workload:
    """The workload of each training step of a point."""
    step = point.training_step
    return Workload(step=step, num_norm_batches=point.images_per_step // step.batch_size, work="training")
