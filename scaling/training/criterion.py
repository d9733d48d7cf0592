"""The criterion of a task: its loss, and what counts as correct."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from scaling.data.stored import IGNORED


class Criterion(nn.CrossEntropyLoss):
    """Mean cross-entropy in nats of logits (N, K) and labels (N,)."""

    def none_correct(self, device: torch.device) -> Tensor:
        """What `num_correct` is added to."""
        return torch.zeros((), dtype=torch.int64, device=device)

    def num_correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """How many of the images are classified as they are labelled, or most probably."""
        answers = labels if labels.ndim == 1 else labels.argmax(1)
        return (logits.argmax(1) == answers).sum()


class PixelCriterion(Criterion):
    """The same of logits (N, K, s, s), upsampled, and labels (N, S, S), without pixels that have no class.

    An image counts as much as any other, however many of its pixels have a class, so that the loss of a batch
    is that of its parts.
    """

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        losses = functional.cross_entropy(
            upsampled(logits, labels),
            labels,
            ignore_index=IGNORED,
            reduction="none",
            label_smoothing=self.label_smoothing,
        )
        return (losses.flatten(1).sum(1) / num_labelled(labels)).mean()

    def none_correct(self, device: torch.device) -> Tensor:
        return torch.zeros((), dtype=torch.float32, device=device)

    def num_correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The share of correct pixels, summed over the images."""
        correct = (upsampled(logits, labels).argmax(1) == labels).flatten(1).sum(1)
        return (correct / num_labelled(labels)).sum()


def upsampled(logits: Tensor, labels: Tensor) -> Tensor:
    """Logits (N, K, s, s) at the size of `labels` (N, S, S), bilinear, in single precision."""
    size = labels.shape[-2:]
    return functional.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)


def num_labelled(labels: Tensor) -> Tensor:
    """(N,): the pixels of each image that have a class, at least 1."""
    return (labels != IGNORED).flatten(1).sum(1).clamp(min=1)
