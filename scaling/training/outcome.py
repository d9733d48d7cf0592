"""An outcome: what came of a point that was trained to its end."""

from __future__ import annotations

from dataclasses import dataclass, field

from scaling.training.weights import Weights


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a point that was trained to its end."""

    metrics: dict[str, float]
    """At the end of training: `top1` and `test_top1` in percent (with masks `miou` and `test_miou`), `loss`
    and `train_loss` (of smoothed labels) in nats; and the first three at other resolutions, as `top1@28`."""
    train_seconds: float
    """Time spent in training steps, over all attempts, not counting steps that were lost and taken again."""
    evaluate_seconds: float
    """Time spent in evaluations, likewise."""
    trunk_seconds: float
    """The part of `train_seconds` that another point has spent, on steps that the two share."""
    memory_bytes: int | None
    """Peak memory of the last attempt; None where the system does not tell."""
    frugal: bool
    """Whether memory ran out, so that it was finished with activations recomputed in the backward pass."""
    num_unreadable: int
    """Files of the data set that cannot be decoded."""
    weights: Weights = field(compare=False, repr=False)
    """The weights that were evaluated."""

    @property
    def measured(self) -> dict[str, float | None]:
        """What training took, as a result keeps it."""
        return {
            "train_seconds": self.train_seconds,
            "evaluate_seconds": self.evaluate_seconds,
            "trunk_seconds": self.trunk_seconds,
            "memory_bytes": self.memory_bytes,
        }
