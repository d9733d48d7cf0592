"""A run: the training of a point, one step at a time; its complete state can be saved after any step."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from scaling.data.images import Images, Split
from scaling.data.videos import ViewedVideos
from scaling.study.point import Point
from scaling.training.batches import Batches
from scaling.training.clip_batches import ClipBatches
from scaling.training.compiled import compile_network, uncompiled
from scaling.training.device import hand_over, holds_images, layout, synchronize, use_precision
from scaling.training.ema import Ema
from scaling.training.evaluate import evaluate
from scaling.training.evaluation_epochs import is_evaluated
from scaling.training.failure import Diverged
from scaling.training.initial import initial_network
from scaling.training.placement import Placement
from scaling.training.step import build_stepper
from scaling.training.weights import Weights, weights_of

_EXPLODED = 10
"""A run has diverged when the mean loss of an epoch exceeds this multiple of a random guess's, ln(classes):
no run that still learns is that far above a guess, and one that is does not recover."""

_EXPLODED_AT_ONCE = 100
"""Multiple of a random guess's loss above which a single step counts as diverged; its loss may jump."""

_STEPS_BETWEEN_CHECKS = 50
"""Steps between checks of the loss on a GPU, where each check makes the host wait."""


class Run:
    """The network, optimizer, averaged weights, progress and rows of a point on `device`.

    Of several processes that train a point together, each holds a run, identical in all after every step.
    """

    def __init__(
        self,
        point: Point,
        images: Images,
        placement: Placement,
        *,
        start: Weights | None = None,
        frugal: bool = False,
    ) -> None:
        """`start` holds the initial weights, and a `frugal` run computes activations anew to save memory."""
        self.point = point
        self.device, self.processes = placement.device, placement.processes
        use_precision(point.precision, self.device)
        self.images = images.to(self.device, splits=holds_images(self.device))
        self.bf16 = point.precision == "bf16"
        network, memory_format = initial_network(point, start), layout(clips=point.data.clips)
        self.model: nn.Module = network.to(self.device, memory_format=memory_format)  # type: ignore[call-overload]
        self.stepper = build_stepper(
            self.model,
            point.recipe,
            bf16=self.bf16,
            processes=self.processes,
            frugal=frugal,
            mix=images.mix,
            dense=point.network.dense,
        )
        share = self.processes.share(point.images_per_step)
        batches = ClipBatches if point.data.clips else Batches
        self._batches = batches(point, self.images, share, self.stepper.drops.num_numbers)
        self.ema = Ema(self.model, point.recipe.ema_decay) if point.recipe.ema_decay else None
        self._is_compiled = placement.compiled
        if self._is_compiled:
            compile_network(self.model, point.network, point.recipe, point.resolution, self.bf16, frugal)
        self.step = 0
        self.train_seconds = 0.0
        self.evaluate_seconds = 0.0
        self.trunk_seconds = 0.0
        self.rows: list[dict[str, float]] = []
        """One row per epoch: `epoch`, `step`, `train_flops`, `learning_rate` (of the last step),
        `train_loss`, `train_top1`, `seconds` (of training so far), and, if the averaged weights were
        evaluated (`is_evaluated`), `loss` and `top1` on the validation images. With masks, rows have
        `train_pixels`, the percentage of correctly classified pixels, and `miou` in place of accuracies."""
        self._epoch_loss = torch.zeros((), dtype=torch.float64).to(self.device)
        self._epoch_correct = self.stepper.criterion.none_correct(self.device)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs for a bit-identical continuation. No random state is needed, since
        the random numbers of a step are a function of its number."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.stepper.optimizer.state_dict(),
            "ema": self.ema.state_dict() if self.ema else None,
            "step": self.step,
            "train_seconds": self.train_seconds,
            "evaluate_seconds": self.evaluate_seconds,
            "trunk_seconds": self.trunk_seconds,
            "rows": self.rows,
            "epoch_loss": self._epoch_loss,
            "epoch_correct": self._epoch_correct,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Set the run to what `state` returned."""
        self.model.load_state_dict(state["model"])
        self.stepper.optimizer.load_state_dict(state["optimizer"])
        if self.ema:
            self.ema.load_state_dict(state["ema"])
        self.step = state["step"]
        self.train_seconds = state["train_seconds"]
        self.evaluate_seconds = state.get("evaluate_seconds", 0.0)  # absent from the first version's files
        self.trunk_seconds = state.get("trunk_seconds", 0.0)
        self.rows = state["rows"]
        self._epoch_loss = state["epoch_loss"].to(self.device)
        self._epoch_correct = state["epoch_correct"].to(self.device)

    def branch_off(self, state: dict[str, Any]) -> None:
        """Continue from a state that another point of the same trunk has saved."""
        self.restore(state)
        self.trunk_seconds = self.train_seconds

    @property
    def weights(self) -> Weights:
        """The weights that are evaluated: the averaged ones, or the network's own if there is no average."""
        return weights_of(self._evaluated)

    @property
    def _evaluated(self) -> nn.Module:
        return self.ema.module if self.ema else self.model

    @property
    def finished(self) -> bool:
        """Whether every step has been taken."""
        return self.step == self.point.num_steps

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step was the last of its epoch."""
        return self.step % self.point.steps_per_epoch == 0

    @property
    def at_evaluation(self) -> bool:
        """Whether the last step was the last of an epoch that ends with an evaluation."""
        return self.at_epoch_end and is_evaluated(self._epoch, self.point.epochs)

    @property
    def _epoch(self) -> int:
        """Number of completed epochs."""
        return self.step // self.point.steps_per_epoch

    def advance(self) -> None:
        """Take one step; raises Diverged."""
        with self._timed():
            batch = self._batches.at(self.step)
            loss, num_correct = self.stepper.step(batch, self._learning_rate(self.step))
            if self.ema:
                self.ema.update_parameters(self.model)
            self._epoch_loss += loss
            self._epoch_correct += num_correct
            self.step += 1
            hand_over(self.device)
            if self.device.type == "cpu" or self.step % _STEPS_BETWEEN_CHECKS == 0:
                self._check(loss.item(), _EXPLODED_AT_ONCE)

    def finish_epoch(self) -> None:
        """Add the row of the epoch that has just ended, with an evaluation if one is due; raises Diverged."""
        point = self.point
        with self._timed():
            synchronize(self.device)
        train_loss = self._epoch_loss.item() / point.steps_per_epoch
        self._check(train_loss, _EXPLODED)
        num_images = point.steps_per_epoch * point.images_per_step
        right = "train_pixels" if point.data.masks else "train_top1"
        row = {
            "epoch": self._epoch,
            "step": self.step,
            "train_flops": point.cost.train_flops // point.num_steps * self.step,
            "learning_rate": self._learning_rate(self.step - 1),
            "train_loss": train_loss,
            right: 100 * self._epoch_correct.item() / num_images,
            "seconds": self.train_seconds,
        }
        self._reset_sums()
        if self.at_evaluation:
            row["loss"], row[point.data.metric] = self.evaluate(self.images.val)
            self._check(row["loss"])
        self.rows.append(row)

    def evaluate(self, split: Split | ViewedVideos) -> tuple[float, float]:
        """Loss in nats and metric in percent on a split, of the averaged weights if there is an average.

        Images of any resolution are normalised with the statistics of the training images, as in training.
        """
        started = time.perf_counter()
        shrunk = self.point.resolution / split.side  # larger images get smaller batches
        part = max(1, int(self.point.recipe.images_per_norm * min(1, shrunk**2)))
        with uncompiled(compiled=self._is_compiled):
            found = evaluate(
                self._evaluated, self.images, split, batch_size=part, bf16=self.bf16, processes=self.processes
            )
        self.evaluate_seconds += time.perf_counter() - started
        return found

    def _learning_rate(self, step: int) -> float:
        return self.point.recipe.peak_learning_rate * self.point.schedule.factor(step, self.point.num_steps)

    def _check(self, loss: float, times_a_guess: float = math.inf) -> None:
        if not math.isfinite(loss) or loss > times_a_guess * math.log(self.point.data.num_classes):
            raise Diverged(self.step, loss)

    def _reset_sums(self) -> None:
        self._epoch_loss.zero_()
        self._epoch_correct.zero_()
        hand_over(self.device)  # otherwise XLA would compile the next step as another program

    @contextmanager
    def _timed(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.train_seconds += time.perf_counter() - started
