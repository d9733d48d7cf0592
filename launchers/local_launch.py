"""A launch of the local pool: one worker per slot, each a submitit job that takes one point after another."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from submitit.local.local import LocalExecutor, LocalJob

from launchers.interpreter import interpreter
from launchers.memory import rooms_for
from launchers.oom import OomKills
from launchers.request import Launching
from launchers.settle import settle, settle_killed_for_memory
from launchers.slots import num_slots
from launchers.watch import Tally, Watch
from scaling import gpus
from scaling.errors import Refused
from scaling.study import lease
from scaling.study.files import writing_below
from scaling.study.launch import Launch, launch_name
from scaling.study.lease import Process
from scaling.study.needs import Needs
from scaling.study.store import Study
from scaling.study.trunk import last_state, trunk_directory
from scaling.training.stop import held_back
from scaling.training.worker import work
from scaling.training.worklist import Policy, WorkList

POLL_S = 0.25
"""Least time between two looks at the points."""
MAX_LOAD = 0.1
"""Largest share of its time that the launcher spends on looking; with many points it looks less often."""
STOP_WITHIN_S = 20.0
"""Time that workers have to save their checkpoints once they are told to stop."""
_FOREVER_MIN = 60 * 24 * 365
"""Time limit passed to submitit, which requires one although a local job has none."""


class LocalLaunch:
    """One launch: its jobs by slot, and the known state of its points."""

    def __init__(self, launching: Launching, slots: int | str, policy: Policy) -> None:
        study, plan, runtime = launching.study, launching.plan, launching.runtime
        self._study = study
        self._python = interpreter(launching.snapshot)
        self._me = Process.current()
        self._launch = Launch(study.path.absolute(), launch_name())
        self._folder = self._launch.folder
        self._terms = launching.terms(self._launch.name, policy)
        self._watch = Watch(study, plan.to_run, self._launch.name)
        self._needs = Needs(plan.to_run, runtime.studies(study.path))
        self._branches = {each.point.id: each for each in plan.entries if each.branch is not None}
        self._num_slots = num_slots(slots, device=runtime.device, threads=runtime.threads)
        visible = [gpu.index for gpu in gpus.visible()] if runtime.device == "cuda" else []
        self._gpus: list[int | None] = [*visible] or [None]
        self._jobs: dict[int, LocalJob[None]] = {}
        self._num_attempts_seen = -1
        with writing_below(study.path):
            self._folder.mkdir(parents=True, exist_ok=True)
        memory_gb = {entry.point.id: entry.memory_gb for entry in plan.entries if entry.is_to_train}
        self._rooms = rooms_for(memory_gb, visible, folder=self._folder)
        self._oom_kills = OomKills()

    def until_done(self, show: Callable[[Tally], None], interrupted: Callable[[], bool]) -> Tally:
        """Keep the slots busy until nothing is left to do; raises as `LocalPool.run` does."""
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
        """Leave no process behind: ask the workers to stop, wait, then kill those that remain."""
        with suppress(OSError):
            self._launch.stop("")
        deadline = time.monotonic() + STOP_WITHIN_S
        with suppress(KeyboardInterrupt):  # on a second Ctrl-C, do not wait
            while self._jobs and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.05)
        for job in self._jobs.values():
            _kill_tree(int(job.job_id))

    def _reap(self) -> None:
        """Forget jobs that have ended, and note points that the kernel killed because memory ran out."""
        num_before = len(self._jobs)
        self._jobs = {slot: job for slot, job in self._jobs.items() if not job.done()}
        if len(self._jobs) < num_before and self._oom_kills.rose():
            self._note_out_of_memory()

    def _note_out_of_memory(self) -> None:
        """Fail the points that have lost their worker: restarted, they would only run out of memory again."""
        for point_id, state in self._watch.free().items():
            if state.status == "running" and state.launch == self._launch.name:
                with writing_below(self._study.path):
                    settle_killed_for_memory(self._study, point_id)

    def _fill_slots(self) -> None:
        """Start a worker in each idle slot while there are points that nobody works on."""
        idle = [slot for slot in range(self._num_slots) if slot not in self._jobs]
        if not idle:
            return
        waiting = [point_id for point_id in self._watch.free() if not self._awaited(point_id)]
        if waiting and not self._jobs:
            self._check_workers_start()
        for slot, _ in zip(idle, waiting, strict=False):
            self._jobs[slot] = self._submit(slot, waiting)

    def _awaited(self, point_id: str) -> list[str]:
        """Points that must be trained first: those it needs, and the one that is still training its trunk."""
        awaited = self._needs.unmet(point_id)
        entry = self._branches.get(point_id)
        if entry is None or entry.branch is None or entry.branch.carrier not in self._watch.open_ids():
            return awaited
        there = last_state(trunk_directory(self._study.path, entry.point), entry.branch.step)
        return awaited if there == entry.branch.step else [*awaited, entry.branch.carrier]

    def _is_awaiting(self) -> bool:
        """Whether another launch is training a point that points of this launch wait for."""
        open_ids = self._watch.open_ids()
        needs = {need for point_id in open_ids for need in self._awaited(point_id)}
        studies = [Study(path) for path in self._terms.runtime.studies(self._study.path)]
        return any(lease.live_holder(each.directory(need)) is not None for each in studies for need in needs)

    def _give_up_waiting(self) -> None:
        """Note, for each point with unmet needs, why it cannot start."""
        for point_id in self._watch.open_ids():
            if self._needs.unmet(point_id):
                why = self._needs.why(point_id)
                name = self._launch.name
                settle(self._study, point_id, "data_error", why, for_good=True, was="pending", launch=name)

    def _check_workers_start(self) -> None:
        """Raise Refused if workers end before they take a point, instead of restarting them for ever."""
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
        """If the launch was told to stop, raise Refused with the reason, or KeyboardInterrupt without one."""
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
        # workers never get Ctrl-C: the launcher tells them to stop, and waits
        with writing_below(self._study.path), held_back(signal.SIGINT):
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


def _check_disk(folder: Path) -> None:
    """Raise OSError if the disk has no room for a small checkpoint."""
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
