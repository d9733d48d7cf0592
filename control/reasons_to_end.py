"""Reasons for an adaptive launch to end, read from the files of its study."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from scaling.errors import Refused
from scaling.study.launch import all_alike
from scaling.study.store import Study
from scaling.training.worklist import Policy

ALIKE = Policy.same_failure_limit
"""Number of first points that must fail by one error for the launch to end."""


def stop_files(study: Study) -> set[Path]:
    """Stop files of the study's launches."""
    return {*(study.path / "jobs").glob("*/stop")}


def heed_stops(study: Study, before: set[Path]) -> None:
    """End if there is a stop file that was not there `before`: KeyboardInterrupt after `control cancel`, and
    Refused, with the reason in the file, after a job that saw the first points fail alike."""
    for file in stop_files(study) - before:
        if why := file.read_text():
            raise Refused(why)
        raise KeyboardInterrupt


def check_failures(study: Study, launched: Sequence[str]) -> None:
    """Refused where the first points to end have all failed by one error, since the others would fail too."""
    states = [study.state(each) for each in launched[: 2 * ALIKE]]
    ended = [state for state in states if state.status in ("completed", "failed")]
    broken = all(state.failure in ("code_error", "data_error") for state in ended)
    if len(ended) >= ALIKE and broken and len({state.signature for state in ended}) == 1:
        raise Refused(all_alike(study.path, len(ended), ended[0]))
