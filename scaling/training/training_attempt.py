"""A training attempt: brings its point to its end by training it. Imports torch, which no planner needs."""

from __future__ import annotations

import time

from scaling.study.stopping import told_to_stop
from scaling.training.attempt import Attempt
from scaling.training.checkpoint import Checkpoint
from scaling.training.loop import Hooks, train_point
from scaling.training.placement import place
from scaling.training.processes import ALONE, Processes
from scaling.training.provenance import provenance
from scaling.training.saving import Saving
from scaling.training.trunk import trunk_of
from scaling.training.weights import save_weights


def train(attempt: Attempt, processes: Processes | None) -> None:
    """Train the point to its end; `processes` are those that train it together, None for a single one."""
    started = time.time()
    study, terms, held = attempt.study, attempt.terms, attempt.held
    runtime, processes = terms.runtime, processes or ALONE
    hooks = Hooks(
        on_epoch=attempt.keep,
        should_stop=lambda: processes.should_stop(attempt.stop),
        is_dominated=lambda: told_to_stop(attempt.directory) is not None,
    )
    with processes.training(attempt.point_id):
        point = study.point(attempt.point_id)
        kept = terms.trunks.get(attempt.point_id, ())
        saving = Saving(
            checkpoint=Checkpoint(attempt.directory / "checkpoint.pt", held),
            every_s=runtime.checkpoint_every_s,
            trunk=trunk_of(study.path, point, kept, held),
        )
        placement = place(runtime, processes)
        studies = runtime.studies(study.path)
        outcome = train_point(point, runtime, placement, saving, hooks, studies=studies)
    if terms.keeps_weights(attempt.point_id):
        save_weights(study.weights(attempt.point_id), outcome.weights, held)
    where = {
        **provenance(study.path, terms.snapshot, placement.device),
        "threads": runtime.threads,
        "compiled": placement.compiled,
        "processes": processes.size,
    }
    attempt.commit(outcome.metrics, outcome.measured, where | outcome.provenance | {"started": started})
    saving.end()
