"""An attempt: one try at bringing a point to its end, under its lease, from the first write to the last."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaling.study.files import Unwritable, write_json_once, write_text, writing_below
from scaling.study.lease import Lease, Superseded
from scaling.study.result import State
from scaling.study.stopping import put_by, told_to_stop
from scaling.study.store import Study
from scaling.training import garbage
from scaling.training.failure import Dominated, PeerLost, Stopped, noted
from scaling.training.stop import Stop
from scaling.training.worklist import Terms

if TYPE_CHECKING:
    from scaling.training.placement import Placement
    from scaling.training.processes import Processes

log = logging.getLogger(__name__)

Row = dict[str, float]


class Attempt:
    """Call `run` once; what brings the point to its end, such as `train`, calls `keep` and `commit`."""

    def __init__(
        self,
        study: Study,
        point_id: str,
        held: Lease,
        terms: Terms,
        stop: Stop,
        bring_to_end: Callable[[Attempt], None],
        on_epoch: Callable[[list[Row]], None] | None,
    ) -> None:
        self._study = study
        self._id = point_id
        self._directory = study.directory(point_id)
        self._held = held
        self._terms = terms
        self._runtime = terms.runtime
        self._stop = stop
        self._bring_to_end = bring_to_end
        self._on_epoch = on_epoch
        self._state = State()

    def run(self, state: State) -> State:
        """Take the point from `state` to its end, or to a checkpoint; return the last noted state."""
        with _logging_to(self._directory / "log.txt"):
            try:
                self._note(state)
                log.info("attempt %d of %s under token %d", state.attempt, self._id, self._held.token)
                self._to_its_end()
            except Superseded as error:
                log.warning("%s", error)
        return self._state

    def _to_its_end(self) -> None:
        try:
            self._bring_to_end(self)
        except (Superseded, Unwritable):
            raise
        except Dominated:
            why = told_to_stop(self._directory)
            self._note(replace(self._state, status="failed", failure="dominated", message=why))
            put_by(self._directory)
        except Stopped as stopped:
            why = self._stop.failure
            self._note(replace(self._state, status="pending", failure=why, message=str(stopped)))
        except PeerLost as lost:
            self._note(replace(self._state, status="pending", failure="killed", message=str(lost)))
            raise
        except Exception as error:
            log.exception("failed")
            self._note(replace(self._state, status="failed", **noted(error)))
        else:  # this attempt committed the result, so it notes the last state, whoever holds the lease now
            self._state = replace(self._state, status="completed")
            self._study.note(self._id, self._state)

    def train(self, processes: Processes | None = None) -> None:
        """Train the point to its end; `processes` are those that train it together, None for a single one."""
        os.environ["OMP_NUM_THREADS"] = str(self._runtime.threads)  # read when torch is first imported
        with garbage.importing():
            from scaling.training.checkpoint import Checkpoint  # imports torch, which a planner never needs
            from scaling.training.loop import Hooks, train_point
            from scaling.training.placement import place
            from scaling.training.processes import ALONE
            from scaling.training.saving import Saving
            from scaling.training.trunk import trunk_of
            from scaling.training.weights import save_weights

        started = time.time()
        study, runtime, processes = self._study, self._runtime, processes or ALONE
        hooks = Hooks(
            on_epoch=self.keep,
            should_stop=lambda: processes.should_stop(self._stop),
            is_dominated=lambda: told_to_stop(self._directory) is not None,
        )
        with processes.training(self._id):
            point = study.point(self._id)
            kept = self._terms.trunks.get(self._id, ())
            saving = Saving(
                checkpoint=Checkpoint(self._directory / "checkpoint.pt", self._held),
                every_s=runtime.checkpoint_every_s,
                trunk=trunk_of(study.path, point, kept, self._held),
            )
            placement = place(runtime, processes)
            studies = runtime.studies(study.path)
            outcome = train_point(point, runtime, placement, saving, hooks, studies=studies)
        if self._terms.keeps_weights(self._id):
            save_weights(study.weights(self._id), outcome.weights, self._held)
        where = self._provenance(placement)
        self.commit(outcome.metrics, outcome.measured, where | outcome.provenance | {"started": started})
        saving.end()

    def _provenance(self, placement: Placement) -> dict[str, Any]:
        from scaling.training.provenance import provenance

        return {
            **provenance(self._study.path, self._terms.snapshot, placement.device),
            "threads": self._runtime.threads,
            "compiled": placement.compiled,
            "processes": placement.processes.size,
        }

    def keep(self, rows: list[Row]) -> None:
        """Write the rows of all epochs so far to `metrics.jsonl`."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with writing_below(self._study.path):
            write_text(self._directory / "metrics.jsonl", text, self._held)
        self._note(replace(self._state, epoch=int(rows[-1]["epoch"])))
        if self._on_epoch is not None:
            self._on_epoch(rows)

    def commit(
        self,
        metrics: Mapping[str, float],
        measured: Mapping[str, float | None],
        provenance: Mapping[str, Any],
    ) -> None:
        """Write the result; raises Superseded if the point already has one."""
        result = {
            "id": self._id,
            "metrics": dict(metrics),
            "measured": dict(measured),
            "provenance": {
                **provenance,
                "attempt": self._state.attempt,
                "token": self._held.token,
                "ended": time.time(),
            },
        }
        with writing_below(self._study.path):
            committed = write_json_once(self._directory / "result.json", result, self._held)
        if not committed:
            raise Superseded(f"{self._id} already has a result; this one is discarded")
        log.info("committed the result under token %d", self._held.token)

    def _note(self, state: State) -> None:
        self._state = state
        with writing_below(self._study.path):
            self._study.note(self._id, state, self._held)


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Also write this process's log to the log file of the point."""
    handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")  # for any file names
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
