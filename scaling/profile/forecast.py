"""A forecast: how long points take on a device, from the best evidence available. No torch import."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from scaling.data.pseudo import PseudoLabels
from scaling.profile.device import Device
from scaling.profile.profiles import Profile
from scaling.profile.roofline import predict
from scaling.profile.workload import Workload, workload_of
from scaling.study.point import Point
from scaling.training.evaluation_epochs import num_evaluated

Source = Literal["results", "measured", "calibrated", "specifications"]
"""Sources of the time of a step, from best to worst: points of the study with the same step; the same step
measured by `profile` or a probe; the model below, scaled to measurements of other steps; the unscaled
model."""

EVALUATED_SHARE = 1 / 3
"""Time to evaluate an image as a share of the time to train on it: one pass of three (see `train_flops`)."""

FEWEST_TO_CALIBRATE = 3
"""Least number of different measured steps to which the model is scaled."""


class Hours(NamedTuple):
    """Hours of one point on one device, for its training steps and evaluations."""

    hours: float
    source: Source


@dataclass(frozen=True)
class Calibration:
    """The factor from modelled to measured seconds: median, minimum and maximum over the measured steps."""

    factor: float
    low: float
    high: float
    num_steps: int


class Forecast:
    """Predicts the hours of points; its model is `modelled_seconds`, from the device's specifications."""

    def __init__(
        self,
        device: Device | None,
        points: Iterable[Point] = (),
        *,
        profile: Profile | None = None,
        trained: Iterable[tuple[Point, float]] = (),
    ) -> None:
        """`trained` holds points that this kind of device has trained, with the seconds of all their steps.

        Measurements of the steps of `points` are looked up in `profile` once, and the model is scaled to
        them.
        """
        self._device = device
        self._known: dict[Workload, tuple[float, Source]] = {}
        if profile and not profile.is_empty:
            for workload in dict.fromkeys(map(workload_of, points)):
                if measured := profile.of(workload):
                    self._known[workload] = measured.timing.latency_ms / 1e3, "measured"
        for workload, seconds in _step_seconds(trained).items():
            self._known[workload] = seconds, "results"
        self.calibration = self._calibrate()

    def of(self, point: Point) -> Hours | None:
        """Hours from the best source; None if the step was not measured and the device is not specified."""
        told = self._step_seconds(workload_of(point))
        return told and _hours(point, *told)

    def of_labelling(self, point: Point, pseudo: PseudoLabels) -> Hours | None:
        """Hours in which a teacher labels the images for a point: one pass per image, a third of a training
        step; None as for `of`."""
        teacher, own = pseudo.teacher, workload_of(point.baseline)
        step = replace(own.step, network=teacher.network, resolution=teacher.resolution)
        told = self._step_seconds(replace(own, step=step))
        if told is None:
            return None
        num_steps = EVALUATED_SHARE * pseudo.unlabelled.num_images / own.batch_size
        return Hours(num_steps * told[0] / 3600, told[1])

    def _step_seconds(self, workload: Workload) -> tuple[float, Source] | None:
        """Seconds of a training step from the best source; None if there is none."""
        if workload in self._known:
            return self._known[workload]
        if self._device is None or workload.step.precision not in self._device.matrix_flops:
            return None
        modelled = modelled_seconds(workload, self._device)
        if self.calibration is None:
            return modelled, "specifications"
        return self.calibration.factor * modelled, "calibrated"

    def _calibrate(self) -> Calibration | None:
        """The model's calibration on the measured steps; None if there are too few."""
        device = self._device
        if device is None:
            return None
        ratios = [
            seconds / modelled_seconds(workload, device)
            for workload, (seconds, _) in self._known.items()
            if workload.step.precision in device.matrix_flops
        ]
        if len(ratios) < FEWEST_TO_CALIBRATE:
            return None
        return Calibration(statistics.median(ratios), min(ratios), max(ratios), len(ratios))


@lru_cache(maxsize=65536)
def modelled_seconds(workload: Workload, device: Device) -> float:
    """Seconds of a training step: the roofline over the share that training attains, plus calls of layers."""
    step = workload.step
    seconds = predict(step, device, "training").seconds / device.training_share
    return (seconds + device.call_seconds * step.network.num_layers) * workload.num_norm_batches


def _hours(point: Point, step_seconds: float, source: Source) -> Hours:
    return Hours(step_seconds * _equivalent_steps(point) / 3600, source)


def _equivalent_steps(point: Point) -> float:
    """Number of training steps, plus the number that would take as long as the evaluations.

    The time for images of other resolutions, and for views of videos, is proportional to their pixels.
    """
    num_val, num_test = point.data.num_val, point.data.num_test
    views = point.views.number * (point.views.side(point.resolution) / point.resolution) ** 2
    elsewhere = sum((side / point.resolution) ** 2 for side in point.evaluate_at)
    num_images = views * (num_evaluated(point.epochs) * num_val + num_test)
    num_images += elsewhere * (num_val + num_test)
    return point.epochs * point.steps_per_epoch + EVALUATED_SHARE * num_images / point.images_per_step


def _step_seconds(trained: Iterable[tuple[Point, float]]) -> dict[Workload, float]:
    """Seconds of each training step: the median over the points with that step."""
    seconds: defaultdict[Workload, list[float]] = defaultdict(list)
    for point, train_seconds in trained:
        seconds[workload_of(point)].append(train_seconds / (point.epochs * point.steps_per_epoch))
    return {workload: statistics.median(each) for workload, each in seconds.items()}
