"""Starts on a command line: grids whose points start from those of another study."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from scaling.errors import Refused
from scaling.study.axis import axis
from scaling.study.grid import Expansion, Grid
from scaling.study.starts import SCRATCH, StartConfig, check_own, chosen, config_of, taken_over
from scaling.training.start import Tune

TUNE = "start.tune"


def start_study(settings: Mapping[str, Any], before: Path | None) -> Path | None:
    """The study that points with these settings start from; None for random weights."""
    config = config_of(settings["start"])
    if config.study is not None:
        return Path(config.study).expanduser()
    if before is None and config != StartConfig():
        raise Refused("start.point, start.where and start.tune need start.study, such as results/NAME.")
    return before


def with_starts(
    grids: Sequence[Grid],
    study: Path | None,
    planned: Mapping[Path, Expansion],
    named: Collection[str],
) -> list[Grid]:
    """The grids, each repeated for every start, with the network of the start; unchanged without a study."""
    if study is None:
        return [_from_scratch(grid, named) for grid in grids]
    own = planned.get(study)
    found = []
    for grid in grids:
        check_own([*named, *([grid.match.solve] if grid.match else [])])
        config = config_of(grid.settings["start"])
        for start in chosen(config, study, own.points if own else None):
            settings = taken_over(grid.settings, start, study, config.tune, seed="seed" not in named)
            found.append(replace(grid, settings=settings))
    return [each for grid in found for each in _by_tune(grid)]


def _from_scratch(grid: Grid, named: Collection[str]) -> Grid:
    if TUNE in named:
        raise Refused(f"{TUNE} needs start.study, such as results/NAME, whose points others start from.")
    return replace(grid, settings={**grid.settings, "start": None})


def _by_tune(grid: Grid) -> list[Grid]:
    """The grid split by `tune`, since training from scratch has no start."""
    values = [each.values for each in grid.axes if each.names == (TUNE,)]
    tunes = [value for (value,) in values[0]] if values else [grid.settings["start"]["tune"]]
    for tune in tunes:
        if tune not in (*get_args(Tune), SCRATCH):
            raise Refused(f"{TUNE}={tune} should be all, head, or scratch, which has no start.")
    others = [each for each in grid.axes if each.names != (TUNE,)]
    tuned = [tune for tune in tunes if tune != SCRATCH]
    found = [replace(grid, axes=[*others, axis(TUNE, tuned)])] if tuned else []
    if SCRATCH in tunes:
        found.append(replace(grid, axes=others, settings={**grid.settings, "start": None}))
    return found
