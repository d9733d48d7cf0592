"""A mix: what the batches of a student take of the images that its teacher has labelled."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Mix:
    """A training split in which pseudo-labelled images follow the labelled ones."""

    ratio: int
    """Pseudo-labelled images beside each labelled one."""
    num_labelled: int
    chosen: Tensor
    """(M,) int64: places in the split of those that are learned from; some more than once, to balance."""
    soft: tuple[Tensor, Tensor] | None = None
    """The likeliest classes of each pseudo-labelled image (n, k), int32, and their probabilities, float16;
    None where its label in the split is all."""
    num_classes: int
    smoothing: float
    """Label smoothing of the labelled images, where the others are soft."""

    def targets(self, labels: Tensor, chosen: Tensor) -> Tensor:
        """Targets of `chosen` images of the split: labels (B,), or probabilities (B, K) where some are soft.

        Labelled ones are smoothed here, as they are of a criterion; a teacher's probabilities are soft as
        they are. What it left out is spread evenly over the other classes.
        """
        if self.soft is None:
            return labels[chosen]
        uniform = self.smoothing / self.num_classes
        hard = torch.full((len(chosen), self.num_classes), uniform, device=labels.device)
        hard.scatter_(1, labels[chosen][:, None], 1 - self.smoothing + uniform)
        # Negative of labelled images, for which it is made too: to choose the others, a GPU would wait.
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
