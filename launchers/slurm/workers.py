"""The workers of a job, one per slot. On GPUs, each uses one GPU of the job; the slots take them in turn."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from launchers.memory import planned_gb, rooms_for
from launchers.slots import number_as_driver
from scaling import gpus
from scaling.errors import Refused
from scaling.study.store import Study
from scaling.training.room import Room
from scaling.training.worker import work
from scaling.training.worklist import WorkList


class Workers:
    """The running workers by slot; `workers_of` makes and ends them."""

    def __init__(self, todo: WorkList, slots: int, rooms: dict[str, Room | None]) -> None:
        """`rooms` is the memory shared by the workers on each GPU, by its name; without GPUs it is empty."""
        self._todo = todo
        self._gpus: list[str | None] = [*rooms] or [None]
        self._rooms = rooms
        self._running: dict[int, BaseProcess] = {}
        for slot in range(slots):
            self.start(slot)

    def __len__(self) -> int:
        return len(self._running)

    def start(self, slot: int) -> None:
        """Start a worker in a slot."""
        gpu = self._gpus[slot % len(self._gpus)]
        todo = self._todo if gpu is None else replace(self._todo, room=self._rooms[gpu])
        worker = multiprocessing.get_context("spawn").Process(target=_work_on, args=(gpu, todo))
        worker.start()
        self._running[slot] = worker

    def take_dead(self) -> list[int]:
        """Forget the workers that have ended; return the slots of those that did not end as they should."""
        ended = {slot: worker for slot, worker in self._running.items() if not worker.is_alive()}
        self._running = {slot: worker for slot, worker in self._running.items() if slot not in ended}
        return [slot for slot, worker in ended.items() if worker.exitcode]

    def end(self, within_s: float) -> None:
        """Stop the workers, with time to save their checkpoints."""
        deadline = time.time() + within_s
        for worker in self._running.values():
            worker.terminate()
        for worker in self._running.values():
            worker.join(max(0.0, deadline - time.time()))
            worker.kill()


@contextmanager
def workers_of(todo: WorkList, slots: int, *, end_within_s: float) -> Iterator[Workers]:
    """The workers for a list; at the end, those that are left are stopped."""
    with TemporaryDirectory(prefix="scaling-study-") as folder:
        rooms = rooms_of_job(todo, slots, Path(folder)) if todo.terms.runtime.device == "cuda" else {}
        workers = Workers(todo, slots, rooms)
        try:
            yield workers
        finally:
            workers.end(end_within_s)


def rooms_of_job(todo: WorkList, slots: int, folder: Path) -> dict[str, Room | None]:
    """The GPUs of this job by their names, each with the memory that its workers share.

    That is None for one worker per GPU, or if the free memory is unknown, as for parts of GPUs (MIG).
    """
    number_as_driver()
    names = gpus.names()
    known = {name: gpu.index for name in names if (gpu := gpus.named(name))}
    if slots <= len(names) or not known:
        return dict.fromkeys(names)
    rooms = rooms_for(_needs_gb(todo), list(known.values()), folder=folder)
    return {name: rooms[known[name]] if name in known else None for name in names}


def _needs_gb(todo: WorkList) -> dict[str, float]:
    """The planned memory of each point, by its id; 0 for an unreadable one, whose attempt will say so."""
    study, needs = Study.open(todo.study), dict.fromkeys(todo.point_ids, 0.0)
    for point_id in todo.point_ids:
        with suppress(Refused):
            needs[point_id] = planned_gb(todo.terms.runtime, study.point(point_id))
    return needs


def _work_on(gpu: str | None, todo: WorkList) -> None:
    """The work of one worker. It sees no other GPU, since torch would use the first that it sees."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
        sys.stdout.write(f"A worker uses the GPU {gpu}.\n")
        sys.stdout.flush()
    work(todo)
