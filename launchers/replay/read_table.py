"""Reading the replay table that a command line names: a CSV file, or the published figures."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path

from launchers.replay.read_csv import read_csv
from launchers.replay.table import PUBLISHED, Ending, ReplayTable, Setting
from scaling.errors import Refused
from scaling.published.figures import RERUN_SD, runs, unread

FIGURES = f"{PUBLISHED}resnet_rs_2021"


def read_table(source: str) -> ReplayTable:
    """The table that `hydra.launcher.table` names. Raises Refused if there is none or it is not valid."""
    if not source.startswith(PUBLISHED):
        return read_csv(Path(source).expanduser())
    if source != FIGURES:
        raise Refused(f"hydra.launcher.table={source} cannot be replayed: give {FIGURES}, or a CSV file.")
    endings = {
        Setting(depth=run.depth, width=run.width, resolution=run.resolution, epochs=run.epochs): Ending(
            top1={run.epochs: run.top1.value}, noise_sd=RERUN_SD
        )
        for run in runs()
    }
    numbers = repr([(asdict(setting), asdict(ending)) for setting, ending in endings.items()])
    return ReplayTable(
        source=source,
        digest=hashlib.sha256(numbers.encode()).hexdigest()[:16],
        endings=endings,
        unread=frozenset(
            Setting(depth=depth, width=width, resolution=resolution, epochs=epochs)
            for depth, width, resolution, epochs in unread()
        ),
    )
