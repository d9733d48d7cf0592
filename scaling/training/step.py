"""A training step: the gradients of a batch, accumulated over its parts, and the update of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import repeat

import torch
from torch import Tensor, nn

from scaling.data.mix import Mix
from scaling.models.drop import Drops
from scaling.training.batches import Batch
from scaling.training.criterion import Criterion, PixelCriterion
from scaling.training.device import autocast
from scaling.training.norms import Statistics, at_rest
from scaling.training.optimizer import build_optimizer
from scaling.training.processes import ALONE, Processes
from scaling.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Stepper:
    """A network with the optimizer and the loss that train it."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    criterion: Criterion
    images_per_norm: int
    drops: Drops
    bf16: bool
    frugal: bool = False
    """Whether the backward pass recomputes the activations within each block, which takes a third more time
    and a fraction of the memory, and gives the same numbers."""
    processes: Processes = ALONE
    statistics: Statistics | None = None
    """Statistics of batch norms, combined over the processes; None for a single process."""

    def step(self, batch: Batch, learning_rate: float) -> tuple[Tensor, Tensor]:
        """Train on one batch; return its mean loss and number of correct answers as tensors on the device.
        With masks, an image counts as its share of correct pixels.

        The batch is processed in parts of `images_per_norm`, each normalised on its own. The gradient is that
        of the mean loss over the whole batch, of which `batch` is the share of this process.
        """
        if self.statistics:
            self.statistics.begin()
        batch_size = len(batch.labels) * self.processes.size
        loss = torch.zeros((), device=batch.images.device)
        num_correct = self.criterion.none_correct(batch.images.device)
        for images, labels, numbers in self._parts(batch):
            if numbers is not None:
                self.drops.decide(numbers)
            with autocast(images.device, bf16=self.bf16):
                logits = self.model(images)
                part_loss = self.criterion(logits, labels) * (len(labels) / batch_size)
            with at_rest(self.model) if self.frugal else nullcontext():
                part_loss.backward()
            loss += part_loss.detach()
            num_correct += self.criterion.num_correct(logits.detach(), labels)
        if self.statistics:
            self._combine(self.statistics, loss, num_correct)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss, num_correct

    def _parts(self, batch: Batch) -> Iterator[Batch]:
        parts = [
            repeat(None) if values is None else torch.split(values, self.images_per_norm) for values in batch
        ]
        return map(Batch, *parts)

    def _combine(self, statistics: Statistics, *sums: Tensor) -> None:
        """Sum gradients, norm statistics and `sums` over the processes, in one message."""
        gradients = [value.grad for value in self.model.parameters() if value.grad is not None]
        contributions = statistics.contributions()
        self.processes.sum([*gradients, *contributions, *sums])
        statistics.end(contributions)


def build_stepper(
    model: nn.Module,
    recipe: Recipe,
    *,
    bf16: bool,
    processes: Processes = ALONE,
    frugal: bool = False,
    mix: Mix | None = None,
    dense: bool = False,
) -> Stepper:
    """The stepper of a network, with the optimizer and the loss of its recipe.

    `mix` describes batches with pseudo-labelled images, if there are any; `dense` is for a class per pixel.
    """
    has_gradients = all(value.requires_grad for value in model.parameters())
    model.set_grad_checkpointing(frugal and has_gradients)  # type: ignore[operator]
    num_norm_batches = recipe.norm_batches_each(processes.size) * (1 + (mix.ratio if mix else 0))
    is_smoothed = mix is not None and mix.soft is not None
    return Stepper(
        model=model,
        optimizer=build_optimizer(model, recipe),
        criterion=(PixelCriterion if dense else Criterion)(
            label_smoothing=0.0 if is_smoothed else recipe.label_smoothing
        ),
        images_per_norm=recipe.images_per_norm,
        drops=Drops(model),
        bf16=bf16,
        frugal=frugal,
        processes=processes,
        statistics=Statistics(model, processes, num_norm_batches) if processes.size > 1 else None,
    )
