"""A worker: takes points from a list, one after another, each under a lease, until none is left."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scaling.study import lease
from scaling.study.files import Unwritable, write_json_once, write_text, writing_below
from scaling.study.lease import Lease, Process, Superseded
from scaling.study.result import State
from scaling.study.snapshot import code_digest
from scaling.study.store import Study
from scaling.training.failure import Stopped, classify
from scaling.training.runtime import Runtime
from scaling.training.stop import Stop

log = logging.getLogger(__name__)

Row = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class WorkList:
    """What a launcher hands to a worker process."""

    study: Path
    point_ids: tuple[str, ...]
    runtime: Runtime
    launch: str
    """Names the launch: a point that failed in it is not started in it again."""
    snapshot: str | None
    """Hash of the code that the launch runs; None where nobody took a snapshot."""
    launcher: Process | None
    """When this process is gone, the worker stops too; None for one that outlives its launcher."""
    stop_file: Path | None


def work(todo: WorkList) -> None:
    """Run every point of the list that nobody else runs. A point that fails is noted and harms no other."""
    stop = Stop(file=todo.stop_file, launcher=todo.launcher)
    study = Study.open(todo.study)
    with stop.on_signals(signal.SIGTERM, signal.SIGUSR2):
        for point_id in todo.point_ids:
            if stop.requested():
                return
            run_point(
                study,
                point_id,
                todo.runtime,
                launch=todo.launch,
                snapshot=todo.snapshot,
                should_stop=stop.requested,
            )


def run_point(
    study: Study,
    point_id: str,
    runtime: Runtime,
    *,
    launch: str,
    snapshot: str | None,
    should_stop: Callable[[], bool],
    on_epoch: Callable[[list[Row]], None] | None = None,
) -> None:
    """Bring one point to its end, unless it is there already or somebody else is at it.

    Raises Unwritable where the study takes no files; every other error is noted as the point's failure.
    """
    with writing_below(study.path):
        if _has_ended(study, point_id, launch):
            return
        held = lease.acquire(study.directory(point_id))
        if held is None:
            return
        with held:
            study.clear_unreadable(point_id)
            if _has_ended(study, point_id, launch):  # while we waited for the lease
                return
            before = study.noted(point_id)
            begun = State(
                status="running",
                attempt=before.attempt + 1,
                epoch=before.epoch,
                launch=launch,
                code=code_digest(),
            )
            _Attempt(study, point_id, held, runtime, snapshot, on_epoch).run(begun, should_stop)


def _has_ended(study: Study, point_id: str, launch: str) -> bool:
    if study.state(point_id).status == "completed":
        return True
    noted = study.noted(point_id)
    return noted.status == "failed" and noted.launch == launch


class _Attempt:
    """One try at a point, from the first write to the last."""

    def __init__(
        self,
        study: Study,
        point_id: str,
        held: Lease,
        runtime: Runtime,
        snapshot: str | None,
        on_epoch: Callable[[list[Row]], None] | None,
    ) -> None:
        self._study = study
        self._id = point_id
        self._directory = study.directory(point_id)
        self._held = held
        self._runtime = runtime
        self._snapshot = snapshot
        self._on_epoch = on_epoch
        self._state = State()

    def run(self, state: State, should_stop: Callable[[], bool]) -> None:
        with _logging_to(self._directory / "log.txt"):
            try:
                self._note(state)
                log.info("attempt %d of %s under token %d", state.attempt, self._id, self._held.token)
                self._to_its_end(should_stop)
            except Superseded as error:
                log.warning("%s", error)

    def _to_its_end(self, should_stop: Callable[[], bool]) -> None:
        try:
            self._train(should_stop)
        except (Superseded, Unwritable):
            raise
        except Stopped as stopped:
            self._note(replace(self._state, status="pending", message=str(stopped)))
        except Exception as error:
            log.exception("failed")
            self._note(replace(self._state, status="failed", **_failure(error)))
        else:  # the result is ours, so the last word is too, whoever holds the lease by now
            self._study.note(self._id, replace(self._state, status="completed"))

    def _train(self, should_stop: Callable[[], bool]) -> None:
        os.environ["OMP_NUM_THREADS"] = str(self._runtime.threads)  # read when torch is first imported
        from scaling.data.load import load  # torch is imported by the first point, not by the planner
        from scaling.training.checkpoint import Checkpoint
        from scaling.training.device import use_device
        from scaling.training.loop import train
        from scaling.training.provenance import provenance

        started = time.time()
        point = self._study.point(self._id)
        device = use_device(self._runtime.device, num_threads=self._runtime.threads)
        checkpoint = Checkpoint(self._directory / "checkpoint.pt", self._held)
        outcome = train(
            point,
            load(point.data, self._runtime.data_root),
            device=device,
            checkpoint=checkpoint,
            checkpoint_every_s=self._runtime.checkpoint_every_s,
            on_epoch=self._keep,
            should_stop=should_stop,
        )
        self._commit(
            {
                "id": self._id,
                "metrics": dict(outcome.metrics),
                "measured": {
                    "train_seconds": outcome.train_seconds,
                    "evaluate_seconds": outcome.evaluate_seconds,
                    "memory_bytes": outcome.memory_bytes,
                },
                "provenance": {
                    **provenance(self._study.path, self._snapshot, device),
                    "threads": self._runtime.threads,
                    "attempt": self._state.attempt,
                    "token": self._held.token,
                    "started": started,
                    "ended": time.time(),
                },
            }
        )
        checkpoint.remove()

    def _keep(self, rows: list[Row]) -> None:
        """Write the rows of all epochs so far."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with writing_below(self._study.path):
            write_text(self._directory / "metrics.jsonl", text, self._held)
        self._note(replace(self._state, epoch=len(rows)))
        if self._on_epoch is not None:
            self._on_epoch(rows)

    def _commit(self, result: dict[str, Any]) -> None:
        with writing_below(self._study.path):
            committed = write_json_once(self._directory / "result.json", result, self._held)
        if not committed:
            raise Superseded(f"{self._id} has a result already; this one is dropped")
        log.info("committed the result under token %d", self._held.token)

    def _note(self, state: State) -> None:
        self._state = state
        with writing_below(self._study.path):
            self._study.note(self._id, state, self._held)


def _failure(error: Exception) -> dict[str, Any]:
    """The fields of a failed state: class, one line, and a digest of where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = [type(error).__name__, *(f"{frame.filename}:{frame.name}:{frame.lineno}" for frame in frames)]
    lines = str(error).strip().splitlines()
    return {
        "failure": classify(error),
        "message": f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__,
        "signature": hashlib.sha256("\n".join(where).encode()).hexdigest()[:16],
    }


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send this process's log to the point's own file too."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        handler.close()
