"""Scores: the sums of an evaluation, over images or over their pixels, and the metrics that result."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from scaling.data.images import Images
from scaling.data.stored import IGNORED
from scaling.training.criterion import upsampled


class Labels:
    """Scores of images: the sum of the cross-entropy and the number of correct classifications."""

    def __init__(self, num_images: int, device: torch.device) -> None:
        self._num_images = num_images
        loss, num_correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        self.sums = [loss.to(device), num_correct.to(device)]
        """Tensors that several processes add up."""

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: logits (N, K), labels (N,)."""
        loss, num_correct = self.sums
        loss += functional.cross_entropy(logits, labels, reduction="sum")
        num_correct += (logits.argmax(1) == labels).sum()

    def result(self) -> tuple[float, float]:
        """Mean loss in nats and top-1 accuracy in percent."""
        loss, num_correct = self.sums
        return loss.item() / self._num_images, 100 * num_correct.item() / self._num_images


class Pixels:
    """Scores of pixels that have a class: the sum of the cross-entropy and the confusion matrix."""

    def __init__(self, num_classes: int, device: torch.device) -> None:
        self._num_classes = num_classes
        loss, confusions = (
            torch.zeros((), dtype=torch.float64),
            torch.zeros(num_classes**2 + 1, dtype=torch.int64),  # the last counts pixels without a class
        )
        self.sums = [loss.to(device), confusions.to(device)]
        """Tensors that several processes add up."""

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: logits (N, K, s, s), labels (N, S, S)."""
        loss, confusions = self.sums
        logits = upsampled(logits, labels)
        loss += functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")
        pairs = labels * self._num_classes + logits.argmax(1)
        pairs = torch.where(labels == IGNORED, self._num_classes**2, pairs).flatten()
        confusions.scatter_add_(0, pairs, torch.ones_like(pairs))  # masking or bincount would wait for a GPU

    def result(self) -> tuple[float, float]:
        """Mean loss in nats and mean intersection over union in percent, over the classes that occur.

        Both are counted over all images at once (Everingham et al. 2015, sec. 4.1.4).
        """
        loss, confusions = self.sums
        table = confusions[:-1].view(self._num_classes, -1).double()
        both, occurring = table.diagonal(), table.sum(1) > 0
        either = table.sum(0) + table.sum(1) - both
        shares = (both / either)[occurring]
        return loss.item() / max(int(confusions[:-1].sum()), 1), 100 * shares.mean().item()


def scores_of(images: Images, num_images: int) -> Labels | Pixels:
    """Empty scores for a split of `num_images` of the data set `images`, on the device of their mean."""
    device = images.mean.device
    return Pixels(images.mask_classes, device) if images.mask_classes else Labels(num_images, device)
