"""An outcome: metrics, times, memory and weights of a point that was trained to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scaling.training.weights import Weights


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The outcome of a point that was trained to its end."""

    metrics: dict[str, float]
    """Metrics at the end of training: `top1` and `test_top1` in percent (with masks, `miou` and `test_miou`),
    and `loss` and `train_loss` (with smoothed labels) in nats; all but `train_loss` also at the further
    resolutions of evaluation, named like `top1@28`."""
    train_seconds: float
    """Time spent in training steps over all attempts, without steps that were lost and repeated."""
    evaluate_seconds: float
    """Time spent in evaluations over all attempts, without those that were lost and repeated."""
    trunk_seconds: float
    """Part of `train_seconds` that another point spent, on the steps that the two share."""
    memory_bytes: int | None
    """Peak memory of the last attempt; None where the system does not report it."""
    frugal: bool
    """Whether memory ran out, so that activations were recomputed in the backward pass from then on."""
    num_unreadable: int
    """Number of files of the data set that cannot be decoded."""
    weights: Weights = field(compare=False, repr=False)
    """The weights that were evaluated."""

    @property
    def provenance(self) -> dict[str, Any]:
        """How it came about, as stored in a result."""
        return {"frugal": self.frugal, "unreadable_images": self.num_unreadable}

    @property
    def measured(self) -> dict[str, float | None]:
        """Time and memory of training, as stored in a result."""
        return {
            "train_seconds": self.train_seconds,
            "evaluate_seconds": self.evaluate_seconds,
            "trunk_seconds": self.trunk_seconds,
            "memory_bytes": self.memory_bytes,
        }
