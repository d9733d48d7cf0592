"""Dominated running points, by their curves, costs and noise, and only with all of these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.curves.curve import PointCurve
from analysis.curves.dominated import at_rung, dominated, is_spared
from analysis.noise import UNKNOWN, Noise, group_seeds, log_sizes
from analysis.table import COST_COLUMNS, of_files
from scaling.study.identity import digest_of_text
from scaling.study.point import Point
from scaling.study.stopping import Stopping

EPOCHS = 12
NOISE = Noise(kind="seeds", scale=0.2, power=0.0, df=20)
STOPPING = Stopping(dominated=True, spared=0.0)
MakePoint = Callable[..., Point]


def curve(point: Point, final: float, *, until: int = EPOCHS, seed: int = 0) -> PointCurve:
    """A curve whose error halves late, with noise of 1 %."""
    generator = np.random.default_rng([point.depth, int(100 * point.width), seed])
    epochs = np.arange(1, until + 1, dtype=float)
    error = (
        final * (1 + (1 + np.cos(np.pi * epochs / EPOCHS)) / 2) * np.exp(0.01 * generator.normal(size=until))
    )
    return PointCurve(
        point=point, status="completed" if until == EPOCHS else "running", epochs=epochs, error=error
    )


@pytest.fixture
def finished(make_point: MakePoint) -> list[PointCurve]:
    """Nine finished models; more expensive ones are better."""
    points = [make_point(depth=d, width=w, epochs=EPOCHS) for d in (8, 14, 20) for w in (0.25, 0.5, 1.0)]
    points.sort(key=lambda point: point.cost.flops)
    return [curve(point, 30 - 2 * place) for place, point in enumerate(points)]


def groups_of(finished: list[PointCurve]) -> pd.DataFrame:
    rows = [
        {
            **dict.fromkeys(COST_COLUMNS, np.nan),
            **{axis: value for axis, value in each.point.axes.items()},
            "data": each.point.data.name,
            "setting": each.point.setting,
            "flops": float(each.point.cost.flops),
            "train_flops": float(each.point.cost.train_flops),
            "error": float(each.error[-1]),
        }
        for each in finished
    ]
    return group_seeds(pd.DataFrame(rows))


def found(point: Point, final: float, until: int, finished: list[PointCurve], noise: Noise = NOISE) -> bool:
    running = curve(point, final, until=until)
    return point.id in dominated([running], finished, groups_of(finished), noise, STOPPING)


@pytest.fixture
def large(make_point: MakePoint) -> Point:
    """A point more expensive than all finished ones, the best of which has 14 % error."""
    return make_point(depth=26, width=1.0, epochs=EPOCHS)


def test_who_ends_far_below_a_cheaper_model_is_dominated(large: Point, finished: list[PointCurve]) -> None:
    assert found(large, 25.0, 6, finished)
    running = curve(large, 25.0, until=6)
    (doom,) = dominated([running], finished, groups_of(finished), NOISE, STOPPING).values()
    assert abs(doom.top1 - 75) < 3
    assert doom.sentence(running).startswith("by 6 of 12 epochs it would end at 7")
    assert ", and depth=20 width=1 resolution=14 epochs=12, which costs no more, has 8" in doom.sentence(
        running
    )


@pytest.mark.parametrize("final", [10.0, 14.0, 14.5])
def test_who_may_matter_is_not(large: Point, finished: list[PointCurve], final: float) -> None:
    assert not found(large, final, 9, finished)


def test_the_noise_of_a_point_is_that_of_its_size(large: Point, finished: list[PointCurve]) -> None:
    noise = replace(NOISE, middle=tuple(log_sizes(groups_of(finished)).max(axis=0)))
    assert found(large, 25.0, EPOCHS - 1, finished, noise)
    assert not found(large, 25.0, EPOCHS - 1, finished, replace(noise, growth=(30.0, 0.0)))


def test_the_cheapest_has_no_rival(make_point: MakePoint, finished: list[PointCurve]) -> None:
    assert not found(make_point(depth=8, width=0.125, epochs=EPOCHS), 60.0, 9, finished)


@pytest.mark.parametrize(("epochs", "is_dominated"), [(11, True), (5000, False)])
def test_a_smaller_model_that_trained_for_longer_is_no_rival(
    large: Point, finished: list[PointCurve], epochs: int, is_dominated: bool
) -> None:
    alike = [replace(each, error=each.error * 25 / each.error[-1]) for each in finished]
    small = replace(finished[0].point, epochs=epochs)
    better = PointCurve(
        point=small, status="completed", epochs=np.array([1.0, epochs]), error=np.array([20.0, 5.0])
    )
    assert found(large, 25.0, 9, [*alike, better]) == is_dominated


def test_a_point_is_no_rival_of_its_own_seeds(finished: list[PointCurve]) -> None:
    """Its model is on the frontier through another seed, so its only rivals are the other, worse models."""
    point = replace(finished[-1].point, seed=1)
    lucky = [*finished[:-1], replace(finished[-1], error=finished[-1].error / 2)]
    assert not found(point, 14.0, 9, lucky)
    assert found(replace(point, depth=26), 14.0, 9, lucky)


def test_rivals_are_of_the_same_files(large: Point, finished: list[PointCurve]) -> None:
    """A table names the files where a study has several sets of them, as if a directory has changed."""
    running = curve(large, 25.0, until=6)
    for files, num_dominated in ((large.data.fingerprint, 1), ("f" * 64, 0)):
        groups = groups_of(finished)
        groups["data"] = of_files(large.data.name, files)
        assert len(dominated([running], finished, groups, NOISE, STOPPING)) == num_dominated


def test_where_little_is_known_nothing_is(large: Point, finished: list[PointCurve]) -> None:
    assert not found(large, 25.0, 6, finished[-7:])
    assert not found(large, 25.0, 6, finished, UNKNOWN)
    assert not found(large, 25.0, 6, finished, replace(NOISE, df=3))
    assert not found(large, 25.0, 2, finished)  # before the first rung
    assert not found(large, 25.0, 6, finished, replace(NOISE, scale=10.0))


def test_seeds_of_one_model_are_one_reference(large: Point, finished: list[PointCurve]) -> None:
    few = [replace(each, point=replace(each.point, seed=seed)) for each in finished[-3:] for seed in range(4)]
    assert not found(large, 25.0, 6, few)


def test_what_came_after_a_rung_is_not_looked_at(large: Point) -> None:
    whole = curve(large, 20.0)
    for until, at in ((2, None), (3, 3), (5, 3), (6, 6), (8, 6), (9, 9), (11, 9)):
        known = at_rung(
            replace(whole, epochs=whole.epochs[:until], error=whole.error[:until]), STOPPING.rungs
        )
        assert (None if known is None else known.epochs[-1]) == at


def test_a_share_is_spared(large: Point, finished: list[PointCurve]) -> None:
    running = curve(large, 25.0, until=6)
    spared = replace(STOPPING, spared=1.0)
    assert not dominated([running], finished, groups_of(finished), NOISE, spared)
    ids = [digest_of_text(str(number))[:16] for number in range(2000)]
    assert 0.17 < np.mean([is_spared(each, 0.2) for each in ids]) < 0.23
