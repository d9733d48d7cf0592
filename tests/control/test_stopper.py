"""The stopper reads the files of a study and tells dominated points, and no others, to stop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from control.stopper import Stopper, keep_stopping
from scaling.study import lease
from scaling.study.about import Task
from scaling.study.files import write_json_once
from scaling.study.point import Point
from scaling.study.result import State
from scaling.study.stopping import Stopping, put_by, tell_to_stop, told_to_stop
from scaling.study.store import Study
from scaling.training.schedule import Schedule

EPOCHS = 12
STOPPING = Stopping(dominated=True, spared=0.0)
MakePoint = Callable[..., Point]


class Planted:
    """A study with planted curves, whose running points are held by this process."""

    def __init__(self, path: Path, make_point: MakePoint, leases: ExitStack) -> None:
        self.study = Study.create(path, Task("mnist5k"))
        self._make = make_point
        self._leases = leases

    def train(self, error: float, *, until: int = EPOCHS, **axes: object) -> str:
        """Train a point up to an epoch; return its id. Its error halves late, to `error` at the end."""
        point = self._make(epochs=EPOCHS, **axes)
        self.study.add([point])
        generator = np.random.default_rng(int(point.id[:8], 16))
        epochs = np.arange(1, until + 1)
        curve = (
            error
            * (1 + (1 + np.cos(np.pi * epochs / EPOCHS)) / 2)
            * np.exp(0.01 * generator.normal(size=until))
        )
        rows = [{"epoch": int(e), "top1": 100 - each} for e, each in zip(epochs, curve, strict=True)]
        directory = self.study.directory(point.id)
        (directory / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if until == EPOCHS:
            result = {"schema": 1, "metrics": {"top1": 100 - float(curve[-1])}, "measured": {}}
            assert write_json_once(directory / "result.json", result)
            return point.id
        held = lease.acquire(directory)
        assert held is not None
        self._leases.enter_context(held)
        self.study.note(point.id, State(status="running", attempt=1, epoch=until), held)
        return point.id


@pytest.fixture
def planted(tmp_path: Path, make_point: MakePoint) -> Iterator[Planted]:
    with ExitStack() as leases:
        yield Planted(tmp_path / "mine", make_point, leases)


MODELS = [(d, w, r) for w in (0.25, 0.5, 1.0) for d in (8, 14, 20) for r in (13, 14)]
"""Depth, width and resolution of models; later ones tend to be better."""


def finish(planted: Planted, **settings: object) -> None:
    """Finish two seeds of each model; the best has about 11 % error."""
    for place, (depth, width, resolution) in enumerate(MODELS):
        for seed in (0, 1):
            error = 30 - place + 3 * np.sin(5 * place)
            planted.train(error, depth=depth, width=width, resolution=resolution, seed=seed, **settings)


@pytest.fixture
def begun(planted: Planted) -> Planted:
    finish(planted)
    return planted


def test_who_cannot_matter_is_told_to_stop_once(begun: Planted) -> None:
    bad = begun.train(25, until=6, depth=26, width=1.0)
    good = begun.train(12, until=6, depth=32, width=1.0)
    stopper = Stopper(begun.study, STOPPING)
    (why,) = stopper.look().values()
    assert why.startswith("by 6 of 12 epochs it would end at ")
    assert told_to_stop(begun.study.directory(bad)) == why
    assert told_to_stop(begun.study.directory(good)) is None
    assert stopper.look() == {}
    assert not stopper.is_over


def test_who_was_run_again_is_left_alone(begun: Planted) -> None:
    bad = begun.train(25, until=6, depth=26, width=1.0)
    tell_to_stop(begun.study.directory(bad), "once")
    put_by(begun.study.directory(bad))
    assert Stopper(begun.study, STOPPING).look() == {}


def test_what_finishes_meanwhile_counts(planted: Planted, begun: Planted) -> None:
    """Nothing is stopped while the best of the cheaper models is missing; once it finishes, the point is."""
    stopper = Stopper(begun.study, STOPPING)
    dear = begun.train(9, until=9, depth=26, width=1.0)
    assert stopper.look() == {}
    for seed in (0, 1):
        planted.train(3, depth=20, width=0.5, resolution=12, seed=seed)
    assert [*stopper.look()] == [dear]


def test_a_carrier_of_others_is_not_stopped(planted: Planted) -> None:
    """Under warmup-stable-decay, a shorter run branches off from a longer one."""
    wsd = Schedule(kind="wsd", warmup_steps=10)
    finish(planted, schedule=wsd)
    alone = planted.train(25, until=6, depth=26, width=1.0, schedule=wsd)
    carrier = planted.train(25, until=6, depth=32, width=1.0, schedule=wsd)
    shorter = planted._make(epochs=6, depth=32, width=1.0, schedule=wsd)
    planted.study.add([shorter])
    assert [*Stopper(planted.study, STOPPING).look()] == [alone]
    assert told_to_stop(planted.study.directory(carrier)) is None


def test_repeats_that_are_still_to_come_are_waited_for(planted: Planted) -> None:
    """Only one seed of each model has finished: the second seeds will measure the noise."""
    for place, (depth, width, resolution) in enumerate(MODELS):
        model = {"depth": depth, "width": width, "resolution": resolution}
        planted.train(30 - place, **model)
        planted.study.add([planted._make(epochs=EPOCHS, seed=1, **model)])
    planted.train(25, until=6, depth=26, width=1.0)
    assert Stopper(planted.study, STOPPING).look() == {}


def test_it_ends_with_the_study(begun: Planted) -> None:
    told: list[str] = []
    assert [*keep_stopping(begun.study, STOPPING, told.append)] == []
    begun.train(25, until=6, depth=26, width=1.0)
    waits = keep_stopping(begun.study, STOPPING, told.append)
    assert next(waits) >= 1
    assert "is told to stop: by 6 of 12 epochs" in told[0]
