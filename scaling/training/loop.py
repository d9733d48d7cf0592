"""The training loop: trains a point, from the start or from its checkpoint, to its outcome."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
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
from scaling.training.outcome import Outcome
from scaling.training.processes import ALONE, Processes
from scaling.training.run import Run
from scaling.training.runtime import Runtime
from scaling.training.trunk import Trunk
from scaling.training.weights import Weights, load_weights

log = logging.getLogger(__name__)


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
    """Load the images of the point and `train` it with the settings of `runtime`.

    The point's initial weights and those of its teacher are looked up in `studies`. Images that the teacher
    has not labelled yet are labelled first, by every process on its own, and their labels are stored in the
    first study. Raises DataError, and what `train` raises.
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
    from scaling.data.load_clips import load_clips  # the video decoder is slow to import

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
    """Train `point` on `images`, as returned by `load`, from its checkpoint or, without one, from the start.

    After each epoch, `on_epoch` receives the rows of all epochs so far (`Run.rows`).

    On a CPU, rows (except `seconds`) and weights are bit-identical to those of an uninterrupted run.
    `should_stop` is called before every step, and `is_dominated`, in the first process only, after every
    evaluation except the last. Raises Stopped or Dominated, after saving a checkpoint, and Diverged. If
    memory runs out, the point resumes from its checkpoint and recomputes activations in the backward pass,
    which takes less memory and gives the same numbers: batch norm still sees the same batch. If memory runs
    out again, the error of the allocator is raised.

    A `compiled` network takes a minute to start, and gives the same numbers up to rounding. `held_out`
    returns the validation and test images for each further resolution of evaluation. `start` holds the
    initial weights, and `trunk` the steps that the point may share with points of another length.

    With several `processes`, all of them call this function, and only the first reads and writes the
    checkpoint. Their answers to `should_stop` must agree. All get the same rows (except `seconds`) and
    outcome, or raise the same error.
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
            held_out(side)  # if images are missing, the point should fail now, not after training
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
    _save(run, checkpoint)  # so that nothing is lost before the caller has written the result
    elsewhere = _elsewhere(run, held_out) if held_out is not None else {}
    return _outcome(run, elsewhere)


def _is_between(run: Run) -> bool:
    """Whether the last step was followed by an evaluation and is not the last of the run."""
    evaluated = run.at_epoch_end and is_evaluated(run.step // run.point.steps_per_epoch, run.point.epochs)
    return evaluated and not run.finished


def _advanced(run: Run) -> bool:
    """Take a step; return False if memory ran out, in any process, and the run is not frugal yet."""
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
