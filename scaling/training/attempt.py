"""An attempt: one try at bringing a point to its end, under its lease, from the first write to the last."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from scaling.study.files import Unwritable, write_json_once, write_text, writing_below
from scaling.study.lease import Lease, Superseded
from scaling.study.result import State
from scaling.study.stopping import put_by, told_to_stop
from scaling.study.store import Study
from scaling.training.failure import Dominated, PeerLost, Stopped, noted
from scaling.training.stop import Stop
from scaling.training.worklist import Terms

log = logging.getLogger(__name__)

Row = dict[str, float]


class Attempt:
    """Call `run` once; what brings the point to its end, such as training, calls `keep` and `commit`."""

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
        self.study = study
        self.point_id = point_id
        self.directory = study.directory(point_id)
        self.held = held
        self.terms = terms
        self.stop = stop
        self._bring_to_end = bring_to_end
        self._on_epoch = on_epoch
        self._state = State()

    def run(self, state: State) -> State:
        """Take the point from `state` to its end, or to a checkpoint; return the last noted state."""
        with _logging_to(self.directory / "log.txt"):
            try:
                self._note(state)
                log.info("attempt %d of %s under token %d", state.attempt, self.point_id, self.held.token)
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
            why = told_to_stop(self.directory)
            self._note(replace(self._state, status="failed", failure="dominated", message=why))
            put_by(self.directory)
        except Stopped as stopped:
            why = self.stop.failure
            self._note(replace(self._state, status="pending", failure=why, message=str(stopped)))
        except PeerLost as lost:
            self._note(replace(self._state, status="pending", failure="killed", message=str(lost)))
            raise
        except Exception as error:
            log.exception("failed")
            self._note(replace(self._state, status="failed", **noted(error)))
        else:  # this attempt committed the result, so it notes the last state, whoever holds the lease now
            self._state = replace(self._state, status="completed")
            self.study.note(self.point_id, self._state)

    def keep(self, rows: list[Row]) -> None:
        """Write the rows of all epochs so far to `metrics.jsonl`."""
        text = "".join(json.dumps(row) + "\n" for row in rows)
        with writing_below(self.study.path):
            write_text(self.directory / "metrics.jsonl", text, self.held)
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
            "id": self.point_id,
            "metrics": dict(metrics),
            "measured": dict(measured),
            "provenance": {
                **provenance,
                "attempt": self._state.attempt,
                "token": self.held.token,
                "ended": time.time(),
            },
        }
        with writing_below(self.study.path):
            committed = write_json_once(self.directory / "result.json", result, self.held)
        if not committed:
            raise Superseded(f"{self.point_id} already has a result; this one is discarded")
        log.info("committed the result under token %d", self.held.token)

    def _note(self, state: State) -> None:
        self._state = state
        with writing_below(self.study.path):
            self.study.note(self.point_id, state, self.held)


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
