"""A forecast: the best evidence first, the arithmetic of hours, and the model against published speeds."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from scaling.models.resnet import ResNetRS
from scaling.profile.device import Device
from scaling.profile.devices import DEVICES
from scaling.profile.forecast import (
    EVALUATED_SHARE,
    FEWEST_TO_CALIBRATE,
    Calibration,
    Forecast,
    Hours,
    Source,
    modelled_seconds,
)
from scaling.profile.profiles import Profile
from scaling.profile.roofline import predict
from scaling.profile.timing import Measured, Timing
from scaling.profile.workload import workload_of
from scaling.study.point import Point
from scaling.study.training_step import TrainingStep
from scaling.training.evaluation_epochs import is_evaluated, num_evaluated
from scaling.training.recipe import Recipe

Make = Callable[..., Point]

CPU, A100 = DEVICES["cpu"], DEVICES["a100"]


def _steps(point: Point) -> float:
    """Training steps, and what the evaluations add to them, counted one by one."""
    evaluated = sum(is_evaluated(epoch, point.epochs) for epoch in range(1, point.epochs + 1))
    images = evaluated * point.data.num_val + point.data.num_test
    return point.epochs * point.steps_per_epoch + EVALUATED_SHARE * images / point.recipe.batch_size


def _seconds(hours: Hours | None, point: Point) -> float:
    """Of one step, back from the hours."""
    assert hours is not None
    return 3600 * hours.hours / _steps(point)


def _measured(seconds: float) -> Measured:
    timing = Timing(latency_ms=1e3 * seconds, low_ms=1e3 * seconds, high_ms=1e3 * seconds, num_repeats=6)
    return Measured(timing=timing, images_per_second=1.0, peak_memory_gb=None)


@pytest.fixture
def points(make_point: Make) -> list[Point]:
    """Five different training steps."""
    return [make_point(depth=depth) for depth in (8, 14, 20, 26, 32)]


@pytest.fixture
def profile(points: Sequence[Point]) -> Profile:
    """Of the first three steps: twice, three times and nine times what the model says."""
    profile = Profile("a CPU", 1)
    for point, factor in zip(points, (2, 3, 9), strict=False):
        step = workload_of(point)
        profile.put(step, _measured(factor * modelled_seconds(step, CPU)))
    return profile


def _trained(point: Point, step_seconds: float) -> tuple[Point, float]:
    return point, step_seconds * point.epochs * point.steps_per_epoch


def test_each_source_goes_before_the_next(points: list[Point], profile: Profile) -> None:
    trained = [_trained(points[0], 7.0), _trained(points[3], 5.0)]
    forecast = Forecast(CPU, points, profile=profile, trained=trained)
    sources: list[Source | None] = [hours and hours.source for hours in map(forecast.of, points)]
    assert sources == ["results", "measured", "measured", "results", "calibrated"]
    assert _seconds(forecast.of(points[0]), points[0]) == pytest.approx(7.0), "though it was measured too"
    modelled = modelled_seconds(workload_of(points[1]), CPU)
    assert _seconds(forecast.of(points[1]), points[1]) == pytest.approx(3 * modelled)
    assert _seconds(forecast.of(points[3]), points[3]) == pytest.approx(5.0)


def test_without_evidence_the_specifications_are_believed(points: list[Point]) -> None:
    for profile in (None, Profile("an empty one", 1)):
        forecast = Forecast(CPU, points, profile=profile)
        assert forecast.calibration is None
        for point in points:
            hours = forecast.of(point)
            assert hours is not None
            assert hours.source == "specifications"
            assert _seconds(hours, point) == pytest.approx(modelled_seconds(workload_of(point), CPU))


def test_without_a_specification_only_what_was_measured_is_known(
    points: list[Point], profile: Profile
) -> None:
    forecast = Forecast(None, points, profile=profile)
    assert forecast.calibration is None
    assert [hours and hours.source for hours in map(forecast.of, points)] == ["measured"] * 3 + [None] * 2
    assert Forecast(None, points).of(points[0]) is None


def test_three_measured_steps_scale_the_model(points: list[Point], profile: Profile) -> None:
    forecast = Forecast(CPU, points, profile=profile)
    assert forecast.calibration == Calibration(
        pytest.approx(3), pytest.approx(2), pytest.approx(9), FEWEST_TO_CALIBRATE
    )
    for point in points[3:]:
        hours = forecast.of(point)
        assert hours is not None
        assert hours.source == "calibrated"
        assert _seconds(hours, point) == pytest.approx(3 * modelled_seconds(workload_of(point), CPU))


def test_two_measured_steps_do_not(points: list[Point], profile: Profile) -> None:
    forecast = Forecast(CPU, points[1:], profile=profile)
    assert forecast.calibration is None
    assert [hours and hours.source for hours in map(forecast.of, points[1:])] == [
        *["measured"] * 2,
        *["specifications"] * 2,
    ]


def test_points_of_one_step_are_one_piece_of_evidence(make_point: Make) -> None:
    """Seeds and epochs change nothing in a step: their seconds are pooled, and calibrate once."""
    twins = [make_point(seed=seed, epochs=epochs) for seed in (0, 1, 2) for epochs in (1, 30)]
    trained = [_trained(point, seconds) for point, seconds in zip(twins, (1, 2, 3, 4, 50, 60), strict=True)]
    forecast = Forecast(CPU, twins, trained=trained)
    assert forecast.calibration is None
    unseen = make_point(seed=9, epochs=400)
    hours = forecast.of(unseen)
    assert hours is not None
    assert hours.source == "results"
    assert _seconds(hours, unseen) == pytest.approx(3.5)


@pytest.mark.parametrize("changes", [{"resolution": 15}, {"precision": "bf16"}, {"depth": 14}])
def test_what_changes_a_step_is_no_evidence_of_it(make_point: Make, changes: dict[str, object]) -> None:
    point, other = make_point(), make_point(**changes)
    hours = Forecast(A100, [point, other], trained=[_trained(point, 1.0)]).of(other)
    assert hours is not None
    assert hours.source == "specifications"


def test_a_precision_that_the_device_lacks_has_no_hours_until_it_was_measured(
    make_point: Make, points: list[Point], profile: Profile
) -> None:
    bf16 = make_point(depth=38, precision="bf16")
    assert "bf16" not in CPU.matrix_flops
    assert Forecast(CPU, [bf16]).of(bf16) is None
    calibrated = Forecast(CPU, [*points, bf16], profile=profile)
    assert calibrated.of(bf16) is None
    profile.put(workload_of(bf16), _measured(0.5))
    known = Forecast(CPU, [*points, bf16], profile=profile)
    assert known.of(bf16) == Hours(pytest.approx(0.5 * _steps(bf16) / 3600), "measured")
    assert known.calibration == calibrated.calibration, "the model says nothing of it"


def test_evaluations_are_counted_right() -> None:
    for epochs in range(1, 401):
        evaluated = [epoch for epoch in range(1, epochs + 1) if is_evaluated(epoch, epochs)]
        assert num_evaluated(epochs) == len(evaluated) <= 20
        assert evaluated[-1] == epochs


def test_evaluations_take_a_third_of_a_step_an_image(make_point: Make) -> None:
    """10 epochs of 27 steps of 128 images, 10 times 750 images held out, once 750 of the test."""
    point = make_point(epochs=10)
    seconds = modelled_seconds(workload_of(point), CPU)
    hours = Forecast(CPU).of(point)
    assert hours is not None
    assert hours.hours == pytest.approx(seconds * (10 * 27 + (10 * 750 + 750) / 3 / 128) / 3600)


def test_evaluations_at_other_resolutions_take_time_by_their_pixels(make_point: Make) -> None:
    """Of 14 pixels once more, and of 28 four times that."""
    plain, more = make_point(epochs=10), make_point(epochs=10, evaluate_at=(14, 28))
    once, both = Forecast(CPU).of(plain), Forecast(CPU).of(more)
    assert once is not None
    assert both is not None
    seconds = modelled_seconds(workload_of(plain), CPU)
    assert both.hours - once.hours == pytest.approx(seconds * 5 * 1500 / 3 / 128 / 3600)


def test_parts_of_a_batch_are_as_many_smaller_steps(make_point: Make) -> None:
    whole, parts, small = (
        workload_of(make_point(recipe=Recipe(batch_size=size, norm_batch=norm)))
        for size, norm in ((64, None), (64, 16), (16, None))
    )
    for device in (CPU, A100):
        assert modelled_seconds(parts, device) == pytest.approx(4 * modelled_seconds(small, device))
        assert modelled_seconds(parts, device) > modelled_seconds(whole, device)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_step_scales_with_its_batch(make_point: Make, precision: str) -> None:
    """The calls of layers do not, the rest does: from 1024 to 2048 images nearly twice as long."""
    small, large = (
        workload_of(make_point(recipe=Recipe(batch_size=size), precision=precision, resolution=28))
        for size in (1024, 2048)
    )
    for device in [each for each in DEVICES.values() if precision in each.matrix_flops]:
        ratio = modelled_seconds(large, device) / modelled_seconds(small, device)
        assert 1.8 < ratio <= 2.001, device.title


def test_every_layer_costs_its_call(make_point: Make) -> None:
    step = workload_of(make_point())
    slower = replace(CPU, call_seconds=CPU.call_seconds + 1.0)
    assert modelled_seconds(step, slower) - modelled_seconds(step, CPU) == pytest.approx(8.0)


RTX_3090 = Device(
    title="NVIDIA RTX 3090",
    matrix_flops={"bf16": 71.2e12},
    vector_flops=35.6e12,
    bandwidth=936e9,
    memory_bytes=24e9,
    tile=8,
    sources=("NVIDIA Ampere GA102 whitepaper (2021): dense FP16 with FP32 accumulation, FP32, GDDR6X",),
)

TIMM_2021 = [
    # depth, resolution, images/s of training, share of the roofline
    (50, 160, 1686, 0.762),
    (101, 192, 714, 0.757),
    (152, 256, 282, 0.758),
    (200, 256, 202, 0.742),
    (270, 256, 144, 0.698),
    (350, 288, 84, 0.648),
    (420, 320, 56, 0.632),
]
"""ResNet-RS as timm published it (huggingface/pytorch-image-models, results, 2021): RTX 3090, AMP,
channels-last."""


def test_the_share_of_the_roofline_is_that_of_published_training() -> None:
    shares = []
    for depth, resolution, images_per_second, _ in TIMM_2021:
        step = TrainingStep(
            network=ResNetRS().network(depth, 1),
            resolution=resolution,
            in_channels=3,
            num_classes=1000,
            batch_size=256,
            precision="bf16",
        )
        shares.append(images_per_second * predict(step, RTX_3090, "training").seconds_per_image)
    assert shares == pytest.approx([share for *_, share in TIMM_2021], abs=5e-4)
    assert RTX_3090.training_share == round(statistics.median(shares), 2)
