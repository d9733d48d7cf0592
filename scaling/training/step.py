"""A training step: optimizer, gradients of a batch in parts, update."""

from __future__ import annotations

from dataclasses import dataclass

import timm.optim
import torch
from torch import Tensor, nn

from scaling.training.norms import Statistics
from scaling.training.processes import ALONE, Processes
from scaling.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Stepper:
    """A network with what updates it."""

    model: nn.Module
    optimizer: torch.optim.SGD
    criterion: nn.CrossEntropyLoss
    images_per_norm: int
    bf16: bool
    processes: Processes = ALONE
    statistics: Statistics | None = None
    """What the processes combine of their batch norms; None for one alone."""

    def step(self, images: Tensor, labels: Tensor, learning_rate: float) -> tuple[Tensor, Tensor]:
        """Train on one batch; its mean loss and its number of correct answers, as tensors on the device.

        Of several processes each is given its share of the batch. It goes through the network in parts of
        `images_per_norm`, each normalised by itself; the gradient is that of the mean loss over the whole
        batch.
        """
        if self.statistics:
            self.statistics.begin()
        batch = len(labels) * self.processes.size
        loss = torch.zeros((), device=images.device)
        num_correct = torch.zeros((), dtype=torch.int64, device=images.device)
        for part, answers in zip(
            torch.split(images, self.images_per_norm), torch.split(labels, self.images_per_norm), strict=True
        ):
            with torch.autocast(images.device.type, torch.bfloat16, enabled=self.bf16):
                logits = self.model(part)
                part_loss = self.criterion(logits, answers) * (len(answers) / batch)
            part_loss.backward()
            loss += part_loss.detach()
            num_correct += (logits.detach().argmax(1) == answers).sum()
        if self.statistics:
            self._combine(self.statistics, loss, num_correct)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss, num_correct

    def _combine(self, statistics: Statistics, *sums: Tensor) -> None:
        """Make gradients, statistics and `sums` those of the whole batch, in one message."""
        gradients = [value.grad for value in self.model.parameters() if value.grad is not None]
        contributions = statistics.contributions()
        self.processes.sum([*gradients, *contributions, *sums])
        statistics.end(contributions)


def build_stepper(model: nn.Module, recipe: Recipe, *, bf16: bool, processes: Processes = ALONE) -> Stepper:
    """SGD with Nesterov momentum and label smoothing; weights decay, norms and biases do not."""
    optimizer = torch.optim.SGD(
        timm.optim.param_groups_weight_decay(model, recipe.weight_decay),
        lr=recipe.peak_learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        foreach=True,
    )
    num_norm_batches = recipe.norm_batches_each(processes.size)
    return Stepper(
        model=model,
        optimizer=optimizer,
        criterion=nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing),
        images_per_norm=recipe.images_per_norm,
        bf16=bf16,
        processes=processes,
        statistics=Statistics(model, processes, num_norm_batches) if processes.size > 1 else None,
    )
