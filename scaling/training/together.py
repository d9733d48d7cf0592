"""Working together: several processes train each point of a list, one of them under the lease."""

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
"""Any of these, sent to one of the processes, stops all of them."""


def work_together(todo: WorkList, meeting: Meeting) -> None:
    """As `work` does, in every one of the processes that meet; all of them are given the same list.

    A point that fails in one of them is noted like any other. Raises PeerLost, a SystemExit with code 75,
    where a process is gone: the point goes on from its checkpoint when they are all started again.
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
    """Around what the first process does: the others wait to be told of the next point, or of the end.

    None for one that is alone.
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
    """Train what the first process trains; it does all the writing, and may make the study only now."""
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
            "device=tpu has one process use all of a TPU: start one alone, without torchrun or srun."
        )
    is_on_gpus = runtime.device == "cuda"
    return Joined(meeting, use_gpu(meeting.local_rank) if is_on_gpus else torch.device(runtime.device))


def _train(path: Path, point_id: str, runtime: Runtime, stop: Stop, processes: Joined) -> None:
    """As an attempt does, without writing anything."""
    from scaling.training.checkpoint import Checkpoint
    from scaling.training.device import use_device
    from scaling.training.loop import train_point

    study = Study.open(path)
    train_point(
        study.point(point_id),
        runtime,
        use_device(runtime.device, num_threads=runtime.threads),
        checkpoint=Checkpoint(study.directory(point_id) / "checkpoint.pt"),
        on_epoch=lambda _: None,
        should_stop=lambda: processes.should_stop(stop),
        processes=processes,
        studies=runtime.studies(study.path),
    )
