"""The training loop: trains a point, from the start or from its checkpoint, to its outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scaling.data.image_files import tell_unreadable
from scaling.data.images import Images, Split
from scaling.data.load import held_out, load
from scaling.study.point import Point
from scaling.training import garbage
from scaling.training.device import peak_memory_bytes, reset_peak_memory
from scaling.training.failure import Dominated, Stopped
from scaling.training.labeller import taught
from scaling.training.outcome import Outcome
from scaling.training.placement import Placement
from scaling.training.run import Run
from scaling.training.runtime import Runtime
from scaling.training.saving import Saving
from scaling.training.weights import Weights, load_weights

log = logging.getLogger(__name__)

HeldOut = Callable[[int], tuple[Split, Split]]
"""Makes the validation and test images for a resolution of evaluation."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the training of a point calls; with several processes, in each of them."""

    on_epoch: Callable[[list[dict[str, float]]], None] = lambda _: None
    """Receives, after each epoch, the rows of all epochs so far (`Run.rows`)."""
    should_stop: Callable[[], bool] = lambda: False
    """Asked before every step whether to stop there; the answers of several processes must agree."""
    is_dominated: Callable[[], bool] = lambda: False
    """Asked in the first process, after every evaluation but the last, whether to give the point up."""


def train_point(
    point: Point,
    runtime: Runtime,
    placement: Placement,
    saving: Saving,
    hooks: Hooks,
    *,
    studies: Sequence[Path] = (),
) -> Outcome:
    """Load the images of the point, from where `runtime` says, and `train` it.

    The point's initial weights and those of its teacher are looked up in `studies`. Images that the teacher
    has not labelled yet are labelled first, by every process on its own, and their labels are stored in the
    first study. Raises DataError, and what `train` raises.
    """
    images = _images(point, runtime.data_root)
    if placement.processes.is_first:
        tell_unreadable(images.unreadable)
    if point.pseudo is not None:
        should_stop = hooks.should_stop if placement.processes.size == 1 else lambda: False
        images = taught(point, images, runtime, placement.device, studies=studies, should_stop=should_stop)
    return train(
        point,
        images,
        placement,
        saving,
        hooks,
        held_out=partial(held_out, point.data, runtime.data_root),
        start=load_weights(studies, point.start.point) if point.start else None,
    )


def _images(point: Point, root: str | None) -> Images:
    if point.frames is None:
        return load(point.data, root, point.resolution)
    from scaling.data.load_clips import load_clips  # the video decoder is slow to import

    return load_clips(point.data, root, point.resolution, point.frames, point.views)


def train(
    point: Point,
    images: Images,
    placement: Placement,
    saving: Saving,
    hooks: Hooks,
    *,
    held_out: HeldOut | None = None,
    start: Weights | None = None,
) -> Outcome:
    """Train `point` on `images`, as returned by `load`, from its checkpoint or, without one, from the start.

    `start` holds the initial weights, and `held_out` returns the validation and test images for each further
    resolution of evaluation.

    On a CPU, rows (except `seconds`) and weights are bit-identical to those of an uninterrupted run. Raises
    Stopped or Dominated, after saving a checkpoint, and Diverged. If memory runs out, the point resumes from
    its checkpoint and recomputes activations in the backward pass, which takes less memory and gives the same
    numbers: batch norm still sees the same batch. If memory runs out again, the error of the allocator is
    raised.

    Several processes all call this function; all get the same rows (except `seconds`) and outcome, or raise
    the same error.
    """
    reset_peak_memory(placement.device)
    if held_out is not None:
        for side in point.evaluate_at:
            held_out(side)  # if images are missing, the point should fail now, not after training
    begin = partial(Run, point, images, placement, start=start)
    run = saving.resumed(begin())
    saved_at = time.monotonic()
    while not run.finished:
        stopping = hooks.should_stop()
        if stopping or time.monotonic() - saved_at >= saving.every_s:
            saving.save(run)
            saved_at = time.monotonic()
        if stopping:
            raise Stopped(run.step)
        if not _advanced(run):
            del run
            garbage.free()
            run = saving.resumed(begin(frugal=True))
            log.warning("memory ran out: going on from step %d, activations are computed anew", run.step)
        elif run.at_epoch_end:
            run.finish_epoch()
            hooks.on_epoch(list(run.rows))
        saving.share(run)
        if run.at_evaluation and not run.finished and run.processes.from_first(hooks.is_dominated):
            saving.save(run)
            raise Dominated(run.step)
    saving.save(run)  # so that nothing is lost before the caller has written the result
    return _outcome(run, _elsewhere(run, held_out) if held_out is not None else {})


def _advanced(run: Run) -> bool:
    """Take a step; return False if memory ran out, in any process, and the run is not frugal yet."""
    try:
        run.advance()
    except Exception as error:
        if run.stepper.frugal or not run.processes.short_of_memory(error):
            raise
        return False
    return True


def _elsewhere(run: Run, held_out: HeldOut) -> dict[str, float]:
    """The metrics at the further resolutions of evaluation, one after another to save memory."""
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
