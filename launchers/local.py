"""The local pool: a warm worker a slot, each a submitit job that takes one point after another."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import psutil
from submitit.local.local import LocalExecutor, LocalJob

from launchers.attended import attend
from launchers.interpreter import interpreter
from launchers.memory import room_for
from launchers.oom import OomKills
from launchers.request import Launching
from launchers.settle import settle
from launchers.site import check_here, device_gb
from launchers.slots import num_at_full_speed, num_slots, visible_gpus
from launchers.watch import Tally, Watch
from scaling.errors import Refused
from scaling.study import lease
from scaling.study.files import writing_below
from scaling.study.launch import Launch, launch_name
from scaling.study.lease import Process
from scaling.study.needs import Needs
from scaling.study.precision import Precision
from scaling.study.store import Study
from scaling.study.trunk import last_state, trunk_directory
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop
from scaling.training.worker import work
from scaling.training.worklist import Policy, WorkList

POLL_S = 0.25
MAX_LOAD = 0.1
"""Share of its time that a launcher spends on looking, at most: with many points it looks less often."""
STOP_WITHIN_S = 20.0
"""Time the workers have to save their checkpoints once they are told to stop."""
_FOREVER_MIN = 60 * 24 * 365
"""submitit wants a time limit; a local job has none."""


@dataclass(frozen=True, kw_only=True)
class LocalPool:
    """Trains the points of a plan on this machine."""

    is_slurm: ClassVar[bool] = False
    answers: ClassVar[None] = None

    slots: int | str = "auto"
    """Points at a time; `auto` is one a GPU, or one for every `device.threads` cores."""
    max_requeues: int = Policy.max_requeues
    """How often a point is started again after its worker was killed."""
    same_failure_limit: int = Policy.same_failure_limit
    """The launch stops when the first so many points to end have failed with one traceback."""

    def __post_init__(self) -> None:
        if self.slots != "auto" and (isinstance(self.slots, str) or self.slots < 1):
            raise Refused(f"hydra.launcher.slots={self.slots} should be auto or a number of at least 1.")
        assert self.policy  # refuses what it cannot be

    @property
    def policy(self) -> Policy:
        return Policy(max_requeues=self.max_requeues, same_failure_limit=self.same_failure_limit)

    def num_slots(self, runtime: Runtime) -> int:
        """Points that train at a time, each at full speed."""
        return num_at_full_speed(self.slots, device=runtime.device, threads=runtime.threads)

    def device_gb(self, runtime: Runtime) -> float | None:
        """Memory that a point may take, in 1e9 bytes."""
        return device_gb(runtime, self.num_slots(runtime))

    def check(self, runtime: Runtime, precisions: Collection[Precision]) -> None:
        """Refused where this machine lacks the device or its arithmetic."""
        check_here(runtime, precisions)

    def launch(self, launching: Launching) -> Counter[str]:
        """Train what the plan says; returns when nothing is left to do, and raises what `run` does."""
        each = launching
        return attend(each, lambda show: self.run(each, show))

    def run(self, launching: Launching, show: Callable[[Tally], None]) -> Tally:
        """Train what the plan says; returns when nothing is left to do.

        Raises KeyboardInterrupt on SIGINT, SIGTERM and SIGHUP, once the workers have saved their checkpoints
        and ended; Refused where going on makes no sense.
        """
        stop = Stop()
        with stop.on_signals(signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            launch = _Launch(self, launching)
            try:
                return launch.until_done(show, stop.requested)
            finally:
                launch.end()


class _Launch:
    """One call of LocalPool.run: its jobs by slot, and what is known of its points."""

    def __init__(self, pool: LocalPool, launching: Launching) -> None:
        study, plan, runtime = launching.study, launching.plan, launching.runtime
        self._study = study
        self._python = interpreter(launching.snapshot)
        self._me = Process.current()
        self._launch = Launch(study.path.absolute(), launch_name())
        self._folder = self._launch.folder
        self._terms = launching.terms(self._launch.name, pool.policy)
        self._watch = Watch(study, plan.to_run, self._launch.name)
        self._needs = Needs(plan.to_run, runtime.studies(study.path))
        self._branches = {each.point.id: each for each in plan.entries if each.branch is not None}
        self._num_slots = num_slots(pool.slots, device=runtime.device, threads=runtime.threads)
        self._gpus: list[int | None] = [*visible_gpus()] if runtime.device == "cuda" else [None]
        self._jobs: dict[int, LocalJob[None]] = {}
        self._num_attempts_seen = -1
        with writing_below(study.path):
            self._folder.mkdir(parents=True, exist_ok=True)
        memory_gb = {entry.point.id: entry.memory_gb for entry in plan.entries if entry.is_to_train}
        self._rooms = {gpu: room_for(memory_gb, gpu=gpu, folder=self._folder) for gpu in self._gpus}
        self._oom_kills = OomKills()

    def until_done(self, show: Callable[[Tally], None], interrupted: Callable[[], bool]) -> Tally:
        while True:
            began = time.monotonic()
            show(self._watch.look())
            if interrupted():
                raise KeyboardInterrupt
            self._heed_stop_file()
            self._reap()
            self._fill_slots()
            if not self._jobs and not self._is_awaiting():
                self._give_up_waiting()
                return self._watch.look()
            time.sleep(max(POLL_S, (time.monotonic() - began) / MAX_LOAD))

    def end(self) -> None:
        """Leave no process: ask the workers to stop, wait, and kill what is left."""
        with suppress(OSError):
            self._launch.stop("")
        deadline = time.monotonic() + STOP_WITHIN_S
        with suppress(KeyboardInterrupt):  # a second Ctrl-C: do not wait
            while self._jobs and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.05)
        for job in self._jobs.values():
            _kill_tree(int(job.job_id))

    def _reap(self) -> None:
        """Forget jobs that have ended, and note what the kernel has killed for want of memory."""
        num_before = len(self._jobs)
        self._jobs = {slot: job for slot, job in self._jobs.items() if not job.done()}
        if len(self._jobs) < num_before and self._oom_kills.rose():
            self._note_out_of_memory()

    def _note_out_of_memory(self) -> None:
        """Of points that have lost their worker: started again, they would only lose another."""
        for point_id, state in self._watch.free().items():
            if state.status == "running" and state.launch == self._launch.name:
                with writing_below(self._study.path):
                    settle(self._study, point_id, "out_of_memory", "the kernel killed it for want of memory")

    def _fill_slots(self) -> None:
        """Give every idle slot a worker as long as there are points that nobody works on."""
        idle = [slot for slot in range(self._num_slots) if slot not in self._jobs]
        if not idle:
            return
        waiting = [point_id for point_id in self._watch.free() if not self._awaited(point_id)]
        if waiting and not self._jobs:
            self._check_workers_start()
        for slot, _ in zip(idle, waiting, strict=False):
            self._jobs[slot] = self._submit(slot, waiting)

    def _awaited(self, point_id: str) -> list[str]:
        """Points that have to come first: those that it needs, and who still trains its trunk."""
        awaited = self._needs.unmet(point_id)
        entry = self._branches.get(point_id)
        if entry is None or entry.branch is None or entry.branch.carrier not in self._watch.open_ids():
            return awaited
        there = last_state(trunk_directory(self._study.path, entry.point), entry.branch.step)
        return awaited if there == entry.branch.step else [*awaited, entry.branch.carrier]

    def _is_awaiting(self) -> bool:
        """Whether a point that others of this launch wait for is trained by somebody else."""
        open_ids = self._watch.open_ids()
        needs = {need for point_id in open_ids for need in self._awaited(point_id)}
        studies = [Study(path) for path in self._terms.runtime.studies(self._study.path)]
        return any(lease.live_holder(each.directory(need)) is not None for each in studies for need in needs)

    def _give_up_waiting(self) -> None:
        """Note why points cannot start whose needs are not met."""
        for point_id in self._watch.open_ids():
            if self._needs.unmet(point_id):
                why = self._needs.why(point_id)
                name = self._launch.name
                settle(self._study, point_id, "data_error", why, for_good=True, was="pending", launch=name)

    def _check_workers_start(self) -> None:
        """Refuse to start workers for ever that end before they take a point."""
        num_attempts = self._watch.num_attempts()
        if num_attempts == self._num_attempts_seen:
            logs = sorted(self._folder.glob("*_log.out"), key=lambda file: file.stat().st_mtime)
            lines = logs[-1].read_text().strip().splitlines() if logs else []
            raise Refused(
                f"The workers end before they take a point; the log {logs[-1] if logs else self._folder} "
                f"ends with: {lines[-1] if lines else 'nothing'}"
            )
        self._num_attempts_seen = num_attempts

    def _heed_stop_file(self) -> None:
        """End as a worker, or another process, has asked for."""
        why = self._launch.stopped()
        if why:
            raise Refused(why)
        if why is not None:
            raise KeyboardInterrupt

    def _submit(self, slot: int, point_ids: list[str]) -> LocalJob[None]:
        gpu = self._gpus[slot % len(self._gpus)]
        todo = WorkList(
            study=self._study.path.absolute(),
            point_ids=tuple(point_ids),
            terms=self._terms,
            room=self._rooms[gpu],
            launcher=self._me,
        )
        with writing_below(self._study.path), _interrupts_ignored():
            _check_disk(self._folder)
            executor = LocalExecutor(self._folder, python=self._python)
            executor.update_parameters(
                timeout_min=_FOREVER_MIN,
                stderr_to_stdout=True,
                gpus_per_node=0 if gpu is None else 1,
                visible_gpus=() if gpu is None else (gpu,),
            )
            job = executor.submit(work, todo)
        assert isinstance(job, LocalJob)
        return job


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C: it is the launcher who tells them to stop, and waits."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_disk(folder: Path) -> None:
    """OSError where the disk has no room for a small checkpoint."""
    probe = folder / f".disk-{time.monotonic_ns()}"
    try:
        probe.write_bytes(bytes(1 << 20))
    finally:
        with suppress(OSError):
            probe.unlink()


def _kill_tree(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(timeout=5)
