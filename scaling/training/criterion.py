"""The criterion of a task: its loss, and its count of correct answers."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from scaling.data.stored import IGNORED


class Criterion(nn.CrossEntropyLoss):
    """Mean cross-entropy in nats of logits (N, K) and labels: classes (N,) or probabilities (N, K)."""

    def none_correct(self, device: torch.device) -> Tensor:
        """A zero to which `num_correct` of each batch is added."""
        return torch.zeros((), dtype=torch.int64, device=device)

    def num_correct(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Number of images whose predicted class is their label, or the likeliest class of a soft label."""
        answers = labels if labels.ndim == 1 else labels.argmax(1)
        return (logits.argmax(1) == answers).sum()


class PixelCriterion(Criterion):
    """Mean cross-entropy in nats of logits (N, K, s, s), upsampled, and labels (N, S, S).

    Pixels without a class are left out. The loss is the mean over images of each image's mean over pixels, so
    that the loss of a batch is the mean of those of its parts.
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
        """Share of correctly classified pixels of each image, summed over the images."""
        correct = (upsampled(logits, labels).argmax(1) == labels).flatten(1).sum(1)
        return (correct / num_labelled(labels)).sum()


def upsampled(logits: Tensor, labels: Tensor) -> Tensor:
    """Logits (N, K, s, s), upsampled bilinearly to the size of `labels` (N, S, S), in float32."""
    size = labels.shape[-2:]
    return functional.interpolate(logits.float(), size=size, mode="bilinear", align_corners=False)


def num_labelled(labels: Tensor) -> Tensor:
    """(N,): number of pixels of each image that have a class, at least 1."""
    return (labels != IGNORED).flatten(1).sum(1).clamp(min=1)
