"""Where the results of a study are from: trained or replayed, and never both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scaling.errors import Refused
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.store import Study

TABLE = "table.csv, without noise"


def test_a_plan_says_nothing_and_the_first_launch_decides(study: Study) -> None:
    study.remember("a plan", 1, None)
    study.check_origin(None)
    study.check_origin(TABLE)
    assert study.replayed is None
    study.remember("a replay", 1, "0" * 16, TABLE)
    assert study.replayed == TABLE
    study.remember("the replay again", 1, "0" * 16, TABLE)
    for other, sentence in ((None, "nothing can be trained in it"), ("other.csv", "not from other")):
        with pytest.raises(Refused, match=sentence):
            study.remember("another", 1, "0" * 16, other)
        with pytest.raises(Refused, match=sentence):
            study.check_origin(other)
    assert study.replayed == TABLE


def test_a_study_that_was_launched_takes_no_replay(study: Study) -> None:
    """Its jobs may begin later, on Slurm."""
    study.remember("a launch", 1, "0" * 16)
    study.remember("another launch", 1, "0" * 16)
    with pytest.raises(Refused, match="has trained points"):
        study.remember("a replay", 1, "0" * 16, TABLE)
    assert study.replayed is None


def test_points_without_a_launch_count_as_trained(study: Study, make_point: Callable[..., Point]) -> None:
    point = make_point()
    study.add([point])
    study.check_origin(TABLE)
    study.note(point.id, State(status="failed", failure="diverged"))
    with pytest.raises(Refused, match="has trained points"):
        study.check_origin(TABLE)
