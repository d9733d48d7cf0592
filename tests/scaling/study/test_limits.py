"""Limits: whichever they are, what is kept stays within all of them, and typing the line again changes
nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scaling.errors import Refused
from scaling.models.resnet3d_rs import ResNet3DRS
from scaling.study.limits import Limits, Share, over
from scaling.study.losses import losses
from scaling.study.point import Point
from scaling.training.recipe import Recipe

Make = Callable[..., Point]


@pytest.fixture
def grid(make_point: Make) -> list[Point]:
    """Two recipes of depth x width x resolution x epochs x seed: 2 x 2 x 2 x 2 x 2 x 2."""
    return [
        make_point(
            depth=depth, width=width, resolution=side, epochs=epochs, seed=seed, recipe=Recipe(flip=flip)
        )
        for flip in (True, False)
        for depth in (8, 14)
        for width in (0.25, 0.5)
        for side in (14, 28)
        for epochs in (1, 10)
        for seed in (0, 1)
    ]


def _shares(points: list[Point], settled: Collection[str] = ()) -> list[Share]:
    return [
        Share(
            point=point,
            hours=point.cost.train_flops / 1e12 * (1 + point.seed),
            memory_gb=point.cost.memory_gb,
            is_settled=point.id in settled,
        )
        for point in points
    ]


some_limits = st.fixed_dictionaries(
    {},
    optional={
        "device_hours": st.floats(0.01, 1.2),
        "train_flops": st.floats(0.01, 1.2),
        "memory_gb": st.floats(0.1, 1.2),
        "points": st.integers(1, 70),
    },
)
"""Each a share of what all points take together, of the largest one's memory, or a count."""


def _limits(points: list[Point], chosen: dict[str, float]) -> Limits:
    shares = _shares(points)
    whole = {
        "device_hours": sum(share.hours or 0.0 for share in shares),
        "train_flops": float(sum(point.cost.train_flops for point in points)),
        "memory_gb": max(share.memory_gb for share in shares),
        "points": 1,
    }
    return Limits(**{name: share * whole[name] for name, share in chosen.items()})  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chosen=some_limits, order=st.randoms(use_true_random=False))
def test_all_limits_hold_at_once_and_again_when_some_points_are_done(
    grid: list[Point], chosen: dict[str, float], order: Random
) -> None:
    limits = _limits(grid, chosen)
    reasons = over(limits, _shares(grid))
    assert reasons == over(limits, _shares(grid)), "the same line is the same plan"
    kept = [share for share in _shares(grid) if share.point.id not in reasons]
    assert sum(share.hours or 0.0 for share in kept) <= (limits.device_hours or 1e99)
    assert sum(share.point.cost.train_flops for share in kept) <= (limits.train_flops or 1e99)
    assert len(kept) <= (limits.points or 1e99)
    assert all(share.memory_gb <= (limits.memory_gb or 1e99) for share in kept)
    assert all(reason.startswith("limit.") for reason in reasons.values())
    assert {reason.partition("=")[0].removeprefix("limit.") for reason in reasons.values()} <= set(chosen)

    done = {share.point.id for share in kept if order.random() < 0.5}
    for settled in (done, {share.point.id for share in kept}):
        assert over(limits, _shares(grid, settled)).keys() == reasons.keys()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(chosen=some_limits)
def test_no_point_that_still_fits_is_dropped(grid: list[Point], chosen: dict[str, float]) -> None:
    limits = _limits(grid, chosen)
    reasons = over(limits, _shares(grid))
    kept = {point.id for point in grid} - reasons.keys()
    for name in reasons:
        assert name in over(limits, _shares(grid, kept)), "with all that is kept, it is too much"


def test_each_setting_keeps_its_cheapest_and_then_its_axes(grid: list[Point]) -> None:
    """1 + 4 points of each recipe move at most one axis, repeats aside."""
    reasons = over(Limits(points=10), _shares(grid))
    kept = [point for point in grid if point.id not in reasons]
    for flip in (True, False):
        ours = [point for point in kept if point.recipe.flip is flip]
        assert len(ours) == 5
        for axis in ("depth", "width", "resolution", "epochs"):
            assert len({getattr(point, axis) for point in ours}) == 2, axis


def test_what_is_settled_is_never_dropped_and_uses_the_limit_up(grid: list[Point]) -> None:
    settled = {point.id for point in grid[-6:]}
    reasons = over(Limits(points=6, memory_gb=1e-9), _shares(grid, settled))
    assert reasons.keys() == {point.id for point in grid} - settled


def test_the_settings_that_lose_their_pairs_are_counted(grid: list[Point]) -> None:
    kept = [point for point in grid if point.recipe.flip or point.epochs == 1 or point.depth == 8]
    assert losses(grid, kept) == [
        "At 10 epochs in 1 of 2 settings no pair of a deeper and a wider model is left: depth and width are "
        "not compared there."
    ]
    without = [point for point in grid if point.recipe.flip]
    assert losses(grid, without) == [
        "At 1 and 10 epochs in 1 of 2 settings no pair of a deeper and a wider model is left: depth and "
        "width are not compared there.",
        "At 1 and 10 epochs in 1 of 2 settings no model at two resolutions is left: resolutions are not "
        "compared there.",
    ]


def test_frames_are_an_axis_of_clips(make_point: Make) -> None:
    data = replace(make_point().data, clips=True)
    clip = {"model": ResNet3DRS(), "family": "resnet3d_rs", "data": data, "resolution": 32}
    points = [
        make_point(**clip, depth=depth, width=width, frames=frames)
        for depth in (26, 50)
        for width in (0.25, 0.5)
        for frames in (8, 16)
    ]
    reasons = over(Limits(points=4), _shares(points))
    kept = [point for point in points if point.id not in reasons]
    assert {point.frames for point in kept} == {8, 16}
    assert losses(points, kept) == []
    short = [point for point in points if point.frames == 8]
    assert "frames is left with one value, 8: nothing can be learned about it." in losses(points, short)
    apart = [point for point in points if (point.frames == 8) == (point.depth == 26)]
    assert any("no pair of a deeper and a wider model" in each for each in losses(points, apart)), (
        "models of clips of two lengths are no pair"
    )


@pytest.mark.parametrize("name", ["device_hours", "train_flops", "memory_gb", "points"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_a_limit_that_is_none_is_refused(name: str, value: float) -> None:
    with pytest.raises(Refused) as refusal:
        Limits(**{name: value})  # type: ignore[arg-type]
    assert str(refusal.value) == f"limit.{name}={value:g} should be positive, or null for none."
