"""The training loop: a point and its images in, an outcome out, wherever it was interrupted before."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from scaling.data.images import Images, Split
from scaling.data.load import held_out, load
from scaling.data.of_files import tell_unreadable
from scaling.study.point import Point
from scaling.training import garbage
from scaling.training.checkpoint import Checkpoint
from scaling.training.device import peak_memory_bytes, reset_peak_memory
from scaling.training.evaluated import is_evaluated
from scaling.training.failure import Dominated, Stopped
from scaling.training.label import taught
from scaling.training.processes import ALONE, Processes
from scaling.training.run import Run
from scaling.training.runtime import Runtime
from scaling.training.trunk import Trunk
from scaling.training.weights import Weights, load_weights

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a finished point is worth."""

    metrics: dict[str, float]
    """`top1` and `test_top1` in percent, with masks `miou` and `test_miou`, `loss` and `train_loss` (smoothed
    labels) in nats, at the end; and the first three of them at each further resolution, such as `top1@28`."""
    train_seconds: float
    """Time spent in training steps, over all attempts, as far as they were saved."""
    evaluate_seconds: float
    """Time spent in evaluations, likewise."""
    trunk_seconds: float
    """Of `train_seconds`, what another point has spent on steps that the two share."""
    memory_bytes: int | None
    """Most memory in use during the last attempt; None where the system does not tell."""
    frugal: bool
    """Whether memory ran out, so that it ended with activations computed anew."""
    num_unreadable: int
    """Image files of the set that cannot be decoded."""
    weights: Weights = field(compare=False, repr=False)
    """Those that were evaluated."""


def train_point(
    point: Point,
    runtime: Runtime,
    device: torch.device,
    *,
    checkpoint: Checkpoint,
    on_epoch: Callable[[list[dict[str, float]]], None],
    should_stop: Callable[[], bool],
    is_dominated: Callable[[], bool] = lambda: False,
    processes: Processes = ALONE,
    studies: Sequence[Path] = (),
    trunk: Trunk | None = None,
) -> Outcome:
    """`train` as `runtime` says, on the images that lie where it says; raises DataError besides.

    What the point begins from, or its teacher, is looked for in `studies`. What its teacher has not labelled
    yet is labelled first, by each process for itself, into the first of them.
    """
    images = _images(point, runtime.data_root)
    if processes.is_first:
        tell_unreadable(images.unreadable)
    if point.pseudo is not None:
        images = taught(
            point,
            images,
            runtime,
            device,
            studies=studies,
            should_stop=should_stop if processes.size == 1 else lambda: False,
        )
    return train(
        point,
        images,
        device=device,
        checkpoint=checkpoint,
        checkpoint_every_s=runtime.checkpoint_every_s,
        compiled=runtime.compile,
        on_epoch=on_epoch,
        should_stop=should_stop,
        is_dominated=is_dominated,
        processes=processes,
        held_out=partial(held_out, point.data, runtime.data_root),
        start=load_weights(studies, point.start.point) if point.start else None,
        trunk=trunk,
    )


def _images(point: Point, root: str | None) -> Images:
    if point.frames is None:
        return load(point.data, root, point.resolution)
    from scaling.data.load_clips import load_clips  # what decodes videos takes time to import

    return load_clips(point.data, root, point.resolution, point.frames, point.views)


def train(
    point: Point,
    images: Images,
    *,
    device: torch.device,
    checkpoint: Checkpoint,
    checkpoint_every_s: float,
    on_epoch: Callable[[list[dict[str, float]]], None],
    should_stop: Callable[[], bool],
    is_dominated: Callable[[], bool] = lambda: False,
    processes: Processes = ALONE,
    compiled: bool = False,
    held_out: Callable[[int], tuple[Split, Split]] | None = None,
    start: Weights | None = None,
    trunk: Trunk | None = None,
) -> Outcome:
    """Train `point` on `images`, as `load` gives them, from its checkpoint, or from the start.

    After each epoch `on_epoch` gets the rows of all epochs so far: `epoch`, `step`, `train_flops`,
    `learning_rate` (of the last step), `train_loss`, `train_top1`, `seconds` (of training so far), and, where
    the averaged weights were evaluated, `loss` and `top1` on the validation images. That is every epoch up to
    20 epochs, and for longer runs about 20 times evenly spread and at the end. With masks there are
    `train_pixels`, the percentage of pixels that were right, and `miou` instead of accuracies.

    On a CPU the rows (seconds aside) and the weights are bit for bit those of a run without interruption.
    `should_stop` is asked before every step, and `is_dominated`, by the first process, after every evaluation
    but the last. Raises Stopped and Dominated (with a checkpoint saved) and Diverged. Where
    memory runs out, the point goes on from its checkpoint in a way that takes less and gives the same
    numbers; what is normalised together stays so, and where that is still too much, the error travels.

    A `compiled` network takes a minute to begin, and gives the same numbers but for rounding. `held_out`
    gives validation and test images at each resolution that the point is evaluated at besides; `start` is
    what it begins from, and `trunk` what it may share with points of another length.

    Several `processes` all call this, and only the first one touches the checkpoint. Their answers to
    `should_stop` must agree. They get the same rows (seconds aside) and outcome, or raise the same.
    """
    reset_peak_memory(device)

    def resumed(*, frugal: bool) -> Run:
        run = Run(point, images, device, processes, start=start, frugal=frugal, compiled=compiled)
        saved = processes.from_first(checkpoint.load)
        if saved is not None:
            run.restore(saved)
        elif (shared := processes.from_first(lambda: trunk.load() if trunk else None)) is not None:
            run.branch_off(shared)
        return run

    if held_out is not None:
        for side in point.evaluate_at:
            held_out(side)  # what cannot be had ends the point now, and not when it is trained
    run = resumed(frugal=False)
    saved_at = time.monotonic()
    while not run.finished:
        stopping = should_stop()
        if stopping or time.monotonic() - saved_at >= checkpoint_every_s:
            _save(run, checkpoint)
            saved_at = time.monotonic()
        if stopping:
            raise Stopped(run.step)
        if not _advanced(run):
            del run
            garbage.free()
            run = resumed(frugal=True)
            log.warning("memory ran out: going on from step %d, activations are computed anew", run.step)
        elif run.at_epoch_end:
            run.finish_epoch()
            on_epoch(list(run.rows))
        if trunk is not None and run.step in trunk.kept and run.processes.is_first:
            trunk.save(run.step, run.state())
        if _is_between(run) and processes.from_first(is_dominated):
            _save(run, checkpoint)
            raise Dominated(run.step)
    _save(run, checkpoint)  # nothing is lost between here and the caller's own record
    elsewhere = _elsewhere(run, held_out) if held_out is not None else {}
    return _outcome(run, elsewhere)


def _is_between(run: Run) -> bool:
    """Whether the last step was followed by an evaluation, and is not the last of all."""
    evaluated = run.at_epoch_end and is_evaluated(run.step // run.point.steps_per_epoch, run.point.epochs)
    return evaluated and not run.finished


def _advanced(run: Run) -> bool:
    """Whether a step was taken; False where memory ran out, in any process, and less can be done with."""
    try:
        run.advance()
    except Exception as error:
        if run.stepper.frugal or not run.processes.short_of_memory(error):
            raise
        return False
    return True


def _save(run: Run, checkpoint: Checkpoint) -> None:
    if run.processes.is_first:
        checkpoint.save(run.state())


def _elsewhere(run: Run, held_out: Callable[[int], tuple[Split, Split]]) -> dict[str, float]:
    """The metrics at other resolutions than that of training, whose images are held one after another."""
    metrics = {}
    metric = run.point.data.metric
    for side in run.point.evaluate_at:
        val, test = held_out(side)
        metrics[f"loss@{side}"], metrics[f"{metric}@{side}"] = run.evaluate(val)
        _, metrics[f"test_{metric}@{side}"] = run.evaluate(test)
    return metrics


def _outcome(run: Run, elsewhere: Mapping[str, float]) -> Outcome:
    last, metric = run.rows[-1], run.point.data.metric
    _, tested = run.evaluate(run.images.test)
    metrics = {name: last[name] for name in (metric, "loss", "train_loss")} | {f"test_{metric}": tested}
    return Outcome(
        metrics={**metrics, **elsewhere},
        train_seconds=run.train_seconds,
        evaluate_seconds=run.evaluate_seconds,
        trunk_seconds=run.trunk_seconds,
        memory_bytes=peak_memory_bytes(run.device),
        frugal=run.stepper.frugal,
        num_unreadable=len(run.images.unreadable),
        weights=run.weights,
    )
