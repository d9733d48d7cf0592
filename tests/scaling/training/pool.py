"""A pool: real processes that train the points of a study together, to be watched and killed."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from scaling.study.about import Task
from scaling.study.point import Point
from scaling.study.store import Study
from scaling.training.meeting import Meeting
from scaling.training.runtime import Runtime
from scaling.training.together import work_together
from scaling.training.worklist import Policy, Terms, WorkList

Row = dict[str, float]

SPAWNED = multiprocessing.get_context("spawn")
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["scaling.training.loop", "scaling.training.together"])

M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
"""Of malloc.h."""


class Pool:
    """Processes that train the points of a study together."""

    def __init__(self, path: Path, *points: Point, size: int, checkpoint_every_s: float = 0.01) -> None:
        self.study = Study.create(path, Task("mnist5k"))
        self.study.add(points)
        self.size = size
        runtime = Runtime(checkpoint_every_s=checkpoint_every_s)
        terms = Terms(launch="launch", runtime=runtime, policy=Policy(max_requeues=100))
        self.todo = WorkList(study=path, point_ids=tuple(point.id for point in points), terms=terms)
        self.processes: list[BaseProcess] = []

    def start(
        self,
        context: ForkServerContext | SpawnContext = FORKED,
        *,
        data_roots: tuple[Path, ...] = (),
        megabytes: tuple[int | None, ...] = (),
    ) -> None:
        """Start all processes, each with images, and with memory, of its own where they are given."""
        port = free_port()
        alike = (None,) * self.size
        for rank, (root, most) in enumerate(zip(data_roots or alike, megabytes or alike, strict=True)):
            terms = self.todo.terms
            runtime = replace(terms.runtime, data_root=None if root is None else str(root))
            todo = replace(self.todo, terms=replace(terms, runtime=runtime))
            meeting = Meeting(rank=rank, size=self.size, port=port, timeout_s=60)
            self.processes.append(context.Process(target=_work_with_at_most, args=(most, todo, meeting)))
            self.processes[-1].start()

    def ended(self) -> list[int | None]:
        """The exit codes of all processes, in the order of their ranks."""
        for process in self.processes:
            process.join(100)
        codes = [process.exitcode for process in self.processes]
        self.processes.clear()
        return codes

    def kill(self, rank: int, number: signal.Signals = signal.SIGKILL) -> None:
        pid = self.processes[rank].pid
        assert pid is not None
        os.kill(pid, number)

    def wait_for(self, happened: Callable[[Path], object], index: int = 0) -> None:
        """Until it is true of the files of the point."""
        directory = self.directory(index)
        until = time.monotonic() + 60
        while True:
            alive = any(process.is_alive() for process in self.processes)
            if happened(directory):
                return
            assert alive
            assert time.monotonic() < until
            time.sleep(0.005)

    def directory(self, index: int = 0) -> Path:
        return self.study.directory(self.todo.point_ids[index])

    def outcome(self, index: int = 0) -> tuple[list[Row], dict[str, float]]:
        """Rows without times, and metrics, of a completed point."""
        point_id = self.todo.point_ids[index]
        assert self.study.state(point_id).status == "completed", self.log(index)
        lines = (self.directory(index) / "metrics.jsonl").read_text().splitlines()
        rows = [
            {name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines
        ]
        return rows, dict(self.study.result(point_id).metrics)  # type: ignore[arg-type]

    def log(self, index: int = 0) -> str:
        return (self.directory(index) / "log.txt").read_text()


def free_port() -> int:
    """Of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _work_with_at_most(megabytes: int | None, todo: WorkList, meeting: Meeting) -> None:
    """In a process that may map so many more megabytes than when it starts."""
    if megabytes is not None:
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 2**20)  # what is freed is unmapped
        libc.mallopt(M_ARENA_MAX, 1)  # or threads that allocate at the same time map 64 MiB each
        most = psutil.Process().memory_info().vms + megabytes * 10**6
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    work_together(todo, meeting)
