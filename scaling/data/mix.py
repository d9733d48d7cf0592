"""A mix: how a student's batches combine labelled images with those that its teacher has labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Mix:
    """A training split in which pseudo-labelled images follow the labelled ones."""

    ratio: int
    """Pseudo-labelled images per labelled image."""
    num_labelled: int
    """Number of labelled images."""
    chosen: Tensor
    """(M,) int64: indices in the split of the pseudo-labelled images to use; balancing repeats some."""
    soft: tuple[Tensor, Tensor] | None = None
    """The likeliest classes of each pseudo-labelled image, (n, k) int32, and their probabilities, float16;
    None for hard labels, which are those of the split."""
    num_classes: int
    smoothing: float
    """Label smoothing of the labelled images, applied here if the other labels are soft."""

    def targets(self, labels: Tensor, chosen: Tensor) -> Tensor:
        """Targets of the `chosen` images of the split: labels (B,), or probabilities (B, K) with soft labels.

        With soft labels, those of the labelled images are smoothed here as a criterion would do it, and the
        teacher's probabilities are not smoothed. The probability that it assigned to classes that were not
        stored is spread evenly over these.
        """
        if self.soft is None:
            return labels[chosen]
        uniform = self.smoothing / self.num_classes
        hard = torch.full((len(chosen), self.num_classes), uniform, device=labels.device)
        hard.scatter_(1, labels[chosen][:, None], 1 - self.smoothing + uniform)
        # Negative for labelled images, whose soft targets are computed and discarded: selecting the others
        # would make the host wait for a GPU.
        rows = chosen - self.num_labelled
        classes, probabilities = (part[rows.clamp(min=0)] for part in self.soft)
        probabilities = probabilities.float()
        rest = (1 - probabilities.sum(1, keepdim=True)).clamp(min=0)
        spread = rest / max(1, self.num_classes - classes.shape[1])
        soft = spread.expand(-1, self.num_classes).scatter(1, classes.long(), probabilities)
        return torch.where(rows[:, None] < 0, hard, soft)

    def to(self, device: torch.device) -> Mix:
        soft = None if self.soft is None else (self.soft[0].to(device), self.soft[1].to(device))
        return replace(self, chosen=self.chosen.to(device), soft=soft)
