"""Working together: several processes train each point of a list, one of them under the lease."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

from scaling.study.store import Study
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import stop_of, work
from scaling.training.worklist import WorkList

if TYPE_CHECKING:
    from scaling.training.processes import Joined


def work_together(todo: WorkList, meeting: Meeting) -> None:
    """As `work` does, in every one of the processes that meet; all of them are given the same list.

    A point that fails in one of them is noted like any other. Raises PeerLost, a SystemExit with code 75,
    where a process is gone: the point goes on from its checkpoint when they are all started again.
    """
    if meeting.size == 1:
        work(todo)
        return
    os.environ["OMP_NUM_THREADS"] = str(todo.terms.runtime.threads)  # read when torch is first imported
    from scaling.training.device import use_gpu
    from scaling.training.processes import Joined

    if todo.terms.runtime.device == "cuda":
        use_gpu(meeting.local_rank)
    processes = Joined(meeting)
    if processes.is_first:
        _lead(todo, processes)
    else:
        _follow(todo, processes)


def _lead(todo: WorkList, processes: Joined) -> None:
    """Walk the list; the others wait to be told of the next point, or of the end."""
    try:
        work(todo, processes)
    except Exception:
        processes.dismiss()
        raise
    processes.dismiss()


def _follow(todo: WorkList, processes: Joined) -> None:
    """Train what the first process trains; it does all the writing."""
    stop = stop_of(todo)
    study = Study.open(todo.study)
    with stop.on_signals(signal.SIGTERM, signal.SIGUSR2):
        for point_id in processes.follow():
            with processes.following():
                _train(study, point_id, todo.terms.runtime, stop, processes)


def _train(study: Study, point_id: str, runtime: Runtime, stop: Stop, processes: Joined) -> None:
    """As an attempt does, without writing anything."""
    from scaling.data.load import held_out, load
    from scaling.training.checkpoint import Checkpoint
    from scaling.training.device import use_device
    from scaling.training.loop import train

    point = study.point(point_id)
    device = use_device(runtime.device, num_threads=runtime.threads)
    train(
        point,
        load(point.data, runtime.data_root, point.resolution),
        device=device,
        checkpoint=Checkpoint(study.directory(point_id) / "checkpoint.pt"),
        checkpoint_every_s=runtime.checkpoint_every_s,
        on_epoch=lambda _: None,
        should_stop=lambda: processes.should_stop(stop),
        processes=processes,
        held_out=partial(held_out, point.data, runtime.data_root),
    )
