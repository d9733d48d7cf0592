"""Working together: several processes train each point of a list, and the first of them holds its lease."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from scaling.errors import Refused
from scaling.study.store import Study
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import stop_of, work
from scaling.training.worklist import WorkList

if TYPE_CHECKING:
    from scaling.training.joined import Joined
    from scaling.training.processes import Processes

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2)
"""Signals that stop all of the processes if sent to any of them."""


def work_together(todo: WorkList, meeting: Meeting) -> None:
    """Like `work`, in each of the processes that meet; all of them get the same list.

    A point that fails in any process is noted like any other. Raises PeerLost, a SystemExit with code 75, if
    a process is lost; the point resumes from its checkpoint when all processes are started again.
    """
    if meeting.size == 1:
        work(todo)
        return
    if meeting.rank > 0:
        follow(todo.study, todo.terms.runtime, stop_of(todo), meeting)
        return
    with leading(meeting, todo.terms.runtime) as processes:
        work(todo, processes)


@contextmanager
def leading(meeting: Meeting, runtime: Runtime) -> Iterator[Processes | None]:
    """Surround the work of the first process, while the others wait for the next point or the end.

    Yields None for a single process.
    """
    if meeting.size == 1:
        yield None
        return
    processes = _met(meeting, runtime)
    try:
        yield processes
    except (Exception, KeyboardInterrupt):
        processes.dismiss()
        raise
    processes.dismiss()


def follow(study: Path, runtime: Runtime, stop: Stop, meeting: Meeting) -> None:
    """Train the points that the first process trains. It does all the writing, and may only now make the
    study."""
    processes = _met(meeting, runtime)
    with stop.on_signals(*SIGNALS):
        for point_id in processes.follow():
            processes.train_along(partial(_train, study, point_id, runtime, stop, processes))


def _met(meeting: Meeting, runtime: Runtime) -> Joined:
    os.environ["OMP_NUM_THREADS"] = str(runtime.threads)  # read when torch is first imported
    import torch

    from scaling.training.device import use_gpu
    from scaling.training.joined import Joined

    if runtime.device == "tpu":
        raise Refused(
            "device=tpu uses all of a TPU from one process: start a single one, without torchrun or srun."
        )
    is_on_gpus = runtime.device == "cuda"
    return Joined(meeting, use_gpu(meeting.local_rank) if is_on_gpus else torch.device(runtime.device))


def _train(path: Path, point_id: str, runtime: Runtime, stop: Stop, processes: Joined) -> None:
    """Train the point like an attempt, but without writing anything."""
    from scaling.training.checkpoint import Checkpoint
    from scaling.training.loop import Hooks, train_point
    from scaling.training.placement import place
    from scaling.training.saving import Saving

    study = Study.open(path)
    checkpoint = Checkpoint(study.directory(point_id) / "checkpoint.pt")
    train_point(
        study.point(point_id),
        runtime,
        place(runtime, processes),
        Saving(checkpoint=checkpoint, every_s=runtime.checkpoint_every_s),
        Hooks(should_stop=lambda: processes.should_stop(stop)),
        studies=runtime.studies(study.path),
    )
